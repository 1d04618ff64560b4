"""ETL: messages are made, taken apart, cleaned field by field, put together again and sent on.

To whoever reads clean messages. A message is [number, SenML text]. An observation is [number,
sensor, meta, field, value], its value None where it was out of range. Runs on boards, too.
"""

import json

from shapes import KNOWN, SHAPES, sensor

from mp_actors import Filter, Sensor, Sink

BLOOM_BITS = 1024
BLOOM_HASHES = 3
OPEN_MAX = 32  # messages that wait for fields


class Source(Sensor):
    """Sends one message after another, [number, SenML text]."""

    simulated = True  # made up already

    def __init__(self, shape, period_ms=100):
        self.shape, self.period_ms = SHAPES[shape], period_ms
        self.number = 0

    def sample(self):
        self.number += 1
        return [self.number - 1, self.shape.message(self.number - 1)]


class Parse(Filter):
    """One message becomes an observation for each observed field: 1:N."""

    def __init__(self, shape):
        self.shape = SHAPES[shape]

    def apply(self, value):
        number, text = value
        found = {entry["n"]: entry for entry in json.loads(text)["e"]}
        who = found[self.shape.who]["sv"]
        meta = [found[field]["sv"] for field, _ in self.shape.meta]
        for field in self.shape.fields:
            self.emit([number, who, meta, field, float(found[field]["v"])])


class InRange(Filter):
    """A value out of its field's range is taken out of its observation: 1:1."""

    def __init__(self, shape):
        self.limits = {field: limits for field, _, *limits in SHAPES[shape].observed}

    def apply(self, value):
        number, who, meta, field, observed = value
        least, most = self.limits[field]
        if not least <= observed <= most:
            observed = None
        return [number, who, meta, field, observed]


class Bloom(Filter):
    """Passes what known sensors have observed, 9 of 10, and a stranger rarely: 1:0.9.

    Known ones are remembered as bits, so that thousands of them cost no more memory.
    """

    def __init__(self):
        self.bits = bytearray(BLOOM_BITS // 8)
        for number in range(KNOWN):
            for bit in self._bits_of(sensor(number)):
                self.bits[bit >> 3] |= 1 << (bit & 7)

    def apply(self, value):
        if all(self.bits[bit >> 3] & 1 << (bit & 7) for bit in self._bits_of(value[1])):
            return value
        return None

    def _bits_of(self, who):
        for nth in range(BLOOM_HASHES):
            yield hashed(who, nth) % BLOOM_BITS


def hashed(text, seed):
    """A number below 2**20, in the way of FNV-1a; what comes up fits a board's small integers."""
    number = 0x9DC5 + seed
    for byte in text.encode():
        number = (number ^ byte) * 0x193 & 0xFFFFF
    return number ^ number >> 9


class Interpolate(Filter):
    """A value that is missing becomes the mean of the last ones of its sensor and field: 1:1.

    window: how many of them; 0: it stays missing.
    """

    def __init__(self, window=5):
        self.window = window
        self.last = {}

    def apply(self, value):
        number, who, meta, field, observed = value
        if not self.window:
            return value
        last = self.last.setdefault(who + field, [])
        if observed is None:
            observed = sum(last) / len(last) if last else 0.0
        else:
            last.append(observed)
            del last[: -self.window]
        return [number, who, meta, field, observed]


class Rejoin(Filter):
    """Observations of one message become one row again, when all are there: N:1."""

    def __init__(self, shape):
        self.fields = SHAPES[shape].fields
        self.open = {}
        self.numbers = []

    def apply(self, value):
        number, who, meta, field, observed = value
        if number not in self.open:
            self.open[number] = {}
            self.numbers.append(number)
            if len(self.numbers) > OPEN_MAX:
                del self.open[self.numbers.pop(0)]
        row = self.open[number]
        row[field] = observed
        if len(row) < len(self.fields):
            return None
        del self.open[number]
        self.numbers.remove(number)
        return [number, who, meta, [row[one] for one in self.fields]]


class Annotate(Filter):
    """Adds what is known of the sensor: 1:1."""

    def apply(self, value):
        number, who, meta, row = value
        return [number, who, meta, row, {"owner": "owner-%d" % (hashed(who, 9) % 4)}]


class ToSenml(Filter):
    """A row becomes SenML text again: 1:1."""

    def __init__(self, shape):
        self.shape = SHAPES[shape]

    def apply(self, value):
        number, who, meta, row, notes = value
        entries = [{"n": self.shape.who, "sv": who}]
        entries += [{"n": field, "sv": one} for (field, _), one in zip(self.shape.meta, meta)]
        entries += [{"n": field, "v": one} for field, one in zip(self.shape.fields, row)]
        entries += [{"n": name, "sv": notes[name]} for name in sorted(notes)]
        return json.dumps({"e": entries, "bt": self.shape.begin_ms + 1000 * number})


class Publish(Filter):
    """Sends on under a topic, as the original does by MQTT: 1:1."""

    def __init__(self, topic):
        self.topic = topic

    def apply(self, value):
        return [self.topic, value]


class Arrived(Sink):
    """Counts what comes out at the end, and says it when asked `count`."""

    def __init__(self):
        self.count = 0

    def write(self, _value):
        self.count += 1

    def on_count(self):
        return self.count
