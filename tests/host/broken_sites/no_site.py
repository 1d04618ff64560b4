"""The topology and the pipeline have other names."""

from actors import Pipeline, Topology

plant = Topology("plant")  # expect: defines no site | a Topology called 'plant' | call it 'site'
stream = Pipeline("stream")  # expect: defines no flow | a Pipeline called 'stream' | call it 'flow'
