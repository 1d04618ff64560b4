"""A histogram of ages in microseconds: few numbers, whole run, each within 3 %.

Buckets grow with the value, 16 to an octave, and only those in use take memory, so a board can
afford one per wire. *Source*: the layout of HdrHistogram, reduced to what percentiles need.
"""


class Latency:
    """Counts of readings by age. `sum of counts == number of add() calls`."""

    def __init__(self):
        self.counts = {}

    def add(self, age_us):
        """Count one reading; a negative age (clocks differ) counts as 0."""
        mantissa, octave = max(0, age_us), 0
        while mantissa >= 2048:  # six octaves at once: most ages are milliseconds
            mantissa >>= 6
            octave += 96
        while mantissa >= 32:
            mantissa >>= 1
            octave += 16
        bucket = octave + mantissa
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    def percentile_us(self, percent):
        """The age that this percentage of the readings does not exceed, or None without any."""
        rank = sum(self.counts.values()) * percent / 100
        for bucket in sorted(self.counts):
            rank -= self.counts[bucket]
            if rank <= 0:
                return _middle_us(bucket)
        return None


def _middle_us(bucket):
    if bucket < 32:
        return bucket
    octave = bucket // 16 - 1
    return ((bucket - octave * 16) << octave) + (1 << octave) // 2
