"""What sensors send: messages of the shapes of three data sets, made up.

To the sources of the dataflows. A message is SenML text. Fields, units and valid ranges are those
of RIoTBench's data sets SYS (city sensors), FIT (a wearable) and TAXI (trips); the values are
arithmetic, the same on every device, and as many of them are out of range as there.

*Source*: Shukla, Chaturvedi, Simmhan, RIoTBench, 2017; task properties and samples in
github.com/dream-lab/riot-bench.
"""

import json

SENSORS = 10
KNOWN = 9  # of them; the last one is a stranger


class Shape:
    """A data set. who: the field that names the sensor. meta: [(field, unit)], only passed on.

    observed: [(field, unit, least, most)], valid between the two. wrong: of 1,000 values, those
    that are not.
    """

    def __init__(self, who, meta, observed, wrong, begin_ms):
        self.who, self.meta, self.observed = who, meta, observed
        self.wrong, self.begin_ms = wrong, begin_ms
        self.fields = [one[0] for one in observed]

    def values(self, number):
        """The observed values of a message, in the order of `fields`."""
        values = []
        for place, (_, _, least, most) in enumerate(self.observed):
            nth = number * len(self.observed) + place
            share = (nth * 7919 + 104729) % 10007 / 10007
            is_wrong = (nth + 1) * self.wrong // 1000 > nth * self.wrong // 1000
            value = most + 1 + share if is_wrong else least + (most - least) * share
            values.append(round(value, 4))
        return values

    def message(self, number):
        """The SenML text of a message."""
        entries = [{"u": "string", "n": self.who, "sv": sensor(number)}]
        for field, unit in self.meta:
            entries.append({"u": unit, "n": field, "sv": "%s %d" % (unit, number % 97)})
        for (field, unit, _, _), value in zip(self.observed, self.values(number)):
            entries.append({"v": str(value), "u": unit, "n": field})
        return json.dumps({"e": entries, "bt": self.begin_ms + 1000 * number})


def sensor(number):
    """Who has sent the message of this number."""
    return "sensor-%02d" % (number % SENSORS)


def axes(name, unit, *ranges):
    """The three observed fields of one part."""
    return [
        ("%s_%s" % (name, axis), unit, least, most) for axis, (least, most) in zip("xyz", ranges)
    ]


def turns(place):
    """What else a wearable says of a place: its turning, and the magnet field."""
    parts = (("gyro", "deg/s"), ("magnetometer", "tesla"))
    return [("%s_%s_%s" % (part, place, axis), unit) for part, unit in parts for axis in "xyz"]


SYS = Shape(
    "source",
    [("longitude", "lon"), ("latitude", "lat")],
    [
        ("temperature", "far", 0.7, 35.1),
        ("humidity", "per", 20.3, 69.1),
        ("light", "per", 0, 5153),
        ("dust", "per", 83.36, 3322.67),
        ("airquality_raw", "per", 12, 49),
    ],
    84,
    1422748800000,
)
HEART = [("ecg_lead_1", "mV", -4.9314, 6.1371), ("ecg_lead_2", "mV", -6.786, 6.6604)]
FIT = Shape(
    "subjectId",
    turns("ankle") + turns("arm"),
    axes("acc_chest", "m/s2", (-13.931, 4.123), (-4.6376, 5.2361), (-8.1881, 7.8786))
    + HEART
    + axes("acc_ankle", "m/s2", (-5.0006, 8.1472), (-14.303, 1.5909), (-8.6234, 8.6958))
    + axes("acc_arm", "m/s2", (-9.824, 5.5778), (-10.059, 8.506), (-6.6739, 9.5725)),
    0,
    1417890600000,
)
TAXI = Shape(
    "taxi_identifier",
    [
        ("hack_license", "string"),
        ("pickup_datetime", "time"),
        ("pickup_longitude", "lon"),
        ("pickup_latitude", "lat"),
        ("dropoff_longitude", "lon"),
        ("dropoff_latitude", "lat"),
        ("payment_type", "string"),
    ],
    [
        ("trip_time_in_secs", "second", 140, 3155),
        ("trip_distance", "meter", 1.37, 29.86),
        ("fare_amount", "dollar", 6, 201),
        ("surcharge", "percentage", 0, 1),
        ("mta_tax", "percentage", 0, 0.5),
        ("tip_amount", "dollar", 0.65, 38.55),
        ("tolls_amount", "dollar", 2.5, 18),
        ("total_amount", "dollar", 9, 260),
    ],
    378,
    1358117580000,
)
SHAPES = {"sys": SYS, "fit": FIT, "taxi": TAXI}
