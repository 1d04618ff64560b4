"""STATS: three statistics of the same observations, each by sensor and field.

From `cleaning` to a plot or an archive. Windows and noise are RIoTBench's. Runs on boards, too.
"""

from cleaning import hashed

from mp_actors import Filter

PROCESS_NOISE, SENSOR_NOISE, FIRST_ERROR = 0.125, 0.32, 30.0
BUCKETS_BITS = 5
LOGLOG = 0.79402  # Durand and Flajolet, Loglog Counting of Large Cardinalities, 2003
COUNTED_MAX = 10


class Kalman(Filter):
    """Follows a noisy value, by one dimension of Kalman's filter: 1:1."""

    def __init__(self):
        self.known = {}

    def apply(self, value):
        number, who, meta, field, observed = value
        estimate, error = self.known.get(who + field, (0.0, FIRST_ERROR))
        error += PROCESS_NOISE
        gain = error / (error + SENSOR_NOISE)
        estimate += gain * (observed - estimate)
        self.known[who + field] = estimate, (1 - gain) * error
        return [number, who, meta, field, estimate]


class Regression(Filter):
    """Predicts the next values by a line through the last ones: none of the first `window`, then
    1:1.
    """

    def __init__(self, window=10, ahead=10):
        self.window, self.ahead = window, ahead
        self.last = {}

    def apply(self, value):
        number, who, meta, field, observed = value
        last = self.last.setdefault(who + field, [])
        last.append(observed)
        if len(last) <= self.window:
            return None
        last.pop(0)
        middle, mean = (self.window - 1) / 2, sum(last) / self.window
        slope = sum((x - middle) * y for x, y in enumerate(last))
        slope /= sum((x - middle) ** 2 for x in range(self.window))
        ahead = [mean + slope * (self.window + x - middle) for x in range(self.ahead)]
        return [number, who, meta, field, ahead]


class Moment(Filter):
    """How uneven values are distributed: their second moment, estimated from a few of them: 1:1.

    *Source*: Alon, Matias, Szegedy, The Space Complexity of Approximating the Frequency Moments,
    1996. When all places are taken, the oldest value makes room.
    """

    def __init__(self):
        self.seen = {}
        self.counts = {}
        self.orders = {}

    def apply(self, value):
        number, who, meta, field, observed = value
        key = who + field
        self.seen[key] = seen = self.seen.get(key, 0) + 1
        counts = self.counts.setdefault(key, {})
        order = self.orders.setdefault(key, [])
        if observed not in counts:
            order.append(observed)
            if len(order) > COUNTED_MAX:
                del counts[order.pop(0)]
        counts[observed] = counts.get(observed, 0) + 1
        moment = sum(seen * (2 * count - 1) for count in counts.values()) / len(counts)
        return [number, who, meta, field, moment]


class Distinct(Filter):
    """About how many sensors there are, by LogLog; looks at one field of each message: N:1."""

    def __init__(self, field):
        self.field = field
        self.most = [0] * (1 << BUCKETS_BITS)

    def apply(self, value):
        number, who, meta, field, _ = value
        if field != self.field:
            return None
        found = hashed(who, 0)
        bucket, rest = found & len(self.most) - 1, found >> BUCKETS_BITS
        zeros = 0
        while rest and not rest & 1:
            rest >>= 1
            zeros += 1
        self.most[bucket] = max(self.most[bucket], zeros)
        buckets = len(self.most)
        about = LOGLOG * buckets * 2 ** (sum(self.most) / buckets)
        return [number, who, meta, "distinct", about]
