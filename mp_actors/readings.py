"""The readings of a batch: bytes -> values, checked. Loaded where wires of other devices end."""

from array import array

from mp_actors.batch import HEAD_BYTES, SPAN_MAX_US, head, item_head
from mp_actors.errors import RemoteWireError

_TIMES = (6, 70)  # a tag, and that of an array of u32; another array may hold floats


class Readings:
    """A decoded body: `wire epoch sequence times_us values origins`, the last three in step."""

    def __init__(self, codec, body, items_max):
        self.wire, self.epoch, self.sequence, t0_us = head(body)
        if t0_us >> 63:
            raise RemoteWireError("wire %d: its first moment is beyond 63 bits" % self.wire)
        # The four integers are read already: what follows them is decoded as an array of its own.
        rest = bytes((body[0] - 4,)) + body[HEAD_BYTES:]
        # As deep as `encode` allows the values, and the array around them.
        row = codec.decode(rest, codec.DEPTH_MAX + 1, items_max - 4)
        times, values = row[0], row[1]
        self.origins = row[2] if len(row) == 3 else None
        if not isinstance(values, (list, array)):
            raise RemoteWireError("wire %d: values are no list and no typed array" % self.wire)
        count = len(values)
        if type(times) is int and 0 <= times <= SPAN_MAX_US:
            times = [index * times for index in range(count)]
        elif item_head(body, HEAD_BYTES)[:2] != _TIMES or len(times) != count:
            raise RemoteWireError("wire %d: times do not match %d values" % (self.wire, count))
        if self.origins is not None and (
            not isinstance(self.origins, array) or len(self.origins) != count
        ):
            raise RemoteWireError("wire %d: origins do not match %d values" % (self.wire, count))
        self.times_us = [t0_us + offset_us for offset_us in times]
        self.values = values
