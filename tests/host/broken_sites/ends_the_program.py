"""A site file that ends the program."""

import sys

from actors import Pipeline, Topology

site = Topology("end")
flow = Pipeline("flow")
sys.exit(3)  # expect: the site file ends the program | leave sys.exit()
