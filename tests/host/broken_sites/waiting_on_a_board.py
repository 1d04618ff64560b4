"""Handlers that wait where nothing does, or where the runtime cannot wait for them."""

from waiting_parts import Clerk, Fetch, Opens, Store, Streams

from actors import Pipeline, Topology

site = Topology("waiting")
field = site.domain("field")
probe = field.device("probe", board="virtual")
desk = field.device("desk")
flow = Pipeline("flow")
fetch = flow.add(Fetch, at=probe)  # expect: cannot wait on field/probe | waiting_parts.py:9
good = flow.add(Fetch, at=desk, name="good")
store = flow.add(Store, at=desk)
clerk = flow.add(Clerk, at=desk)
opens = flow.add(Opens, at=desk)  # expect: Opens.started cannot wait | waiting_parts.py:27
streams = flow.add(Streams, at=desk)  # expect: which yields | self.emit
fetch >> store
good >> clerk
streams >> opens
