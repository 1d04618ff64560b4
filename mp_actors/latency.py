"""A histogram of ages in microseconds: few numbers, whole run, each within 3 %.

Buckets grow with the value, 16 to an octave, and only those in use take memory, so a board can
afford one per wire. Where ages are so different that it would be too many, all are made twice as
wide, again and again if need be. *Source*: the layout of HdrHistogram, reduced to what percentiles
need.
"""

import sys

# A million readings under overload took 120 of them; a board's heap would be used up bit by bit.
BUCKETS_MAX = 512 if sys.implementation.name == "cpython" else 48


class Latency:
    """Counts of readings by age. `sum of counts == number of add() calls`.

    `shift`: 1 << shift of the narrowest buckets are one.
    """

    def __init__(self, buckets_max=BUCKETS_MAX):
        self.counts = {}
        self.buckets_max = buckets_max
        self.shift = 0

    def add(self, age_us):
        """Count one reading; a negative age (clocks differ) counts as 0."""
        mantissa, octave = max(0, age_us), 0
        while mantissa >= 2048:  # six octaves at once: most ages are milliseconds
            mantissa >>= 6
            octave += 96
        while mantissa >= 32:
            mantissa >>= 1
            octave += 16
        bucket = (octave + mantissa) >> self.shift
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        if len(self.counts) > self.buckets_max:
            self._widen()

    def percentile_us(self, percent):
        """The age that this percentage of the readings does not exceed, or None without any."""
        # Rounded up without a division: a board's floats lose count at 2**24 readings.
        rank = -(-sum(self.counts.values()) * percent // 100)
        for bucket in sorted(self.counts):
            rank -= self.counts[bucket]
            if rank <= 0:
                first = bucket << self.shift
                last = first + (1 << self.shift) - 1
                return (_middle_us(first) + _middle_us(last)) // 2
        return None

    def _widen(self):
        before, self.counts = self.counts, {}
        self.shift += 1
        for bucket in before:
            self.counts[bucket >> 1] = self.counts.get(bucket >> 1, 0) + before[bucket]


def _middle_us(bucket):
    if bucket < 32:
        return bucket
    octave = bucket // 16 - 1
    return ((bucket - octave * 16) << octave) + (1 << octave) // 2
