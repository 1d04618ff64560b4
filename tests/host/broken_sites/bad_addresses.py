"""Addresses that are none, or that two devices have."""

from actors import Pipeline, Topology

site = Topology("addresses")
office = site.domain("office")
office.device("a", address="127.0.0.1")  # expect: office/a: bad address | expected: host:port
office.device("b", address="127.0.0.1:70000")  # expect: office/b: bad address | 1 to 65535
office.device("c", address=":7400")  # expect: office/c: bad address | no host
office.device("d", address="::1:7400")  # expect: office/d: bad address | brackets
office.device("e", address=7400)  # expect: office/e: bad address | int: 7400
office.device("f", address="127.0.0.1:7500")
office.device("g", address="localhost:7500")  # expect: office/g and office/f have the same address
office.device("h", address="127.0.0.1:7409")
office.device("i")  # expect: office/i and office/h have the same address 127.0.0.1:7409
flow = Pipeline("flow")
