"""The world around a virtual board: plausible signals as functions of seed, place and time.

Sensors of `machine` and `esp32` measure it. Whole numbers only, so that both interpreters and any
width of float give the same values; no clock and no random source except in `World`, which tells
one board its own seed and time, and asks `world.py` beside the site file first, if there is one.

What a person may say there, each a number, "FILE.csv:COLUMN" to replay (see `replay`), or a
function of (board, time_s), or of (board, time_s, pin) where there is a pin:

    temperature  °C          acceleration  g, (x, y, z)     voltage   V at a pin
    humidity     % RH        rotation      °/s, (x, y, z)   touched   whether a pad is
    co2          ppm         field         mT               pressed   whether a button is
    distance     cm, or None for nothing in reach           turned    detents of an encoder
    damaged      whether what a part sends now arrives damaged

and what is wired where: `parts = {pin: name}`, `on_i2c = {address: name}`, `on_uart = name`, and
`networks = {ssid: password}`. A name of None: nothing is there; `on_i2c = "stuck"`: a bus that is
held low.
"""

import json
import time

try:
    from micropython import const  # such a name, with its underscore, costs a board nothing
except ImportError:

    def const(value):
        """A host keeps the name."""
        return value


_MASK = const(0x3FFFFFFF)  # Products of two such numbers stay small ints on 64 bits.

SUPPLY_UV = 3300000

# A drip line waters a small tray under a lamp about once an hour; the probe is capacitive, so
# wet soil gives the low voltage. Half of the way to dry takes three quarters of an hour.
_WATERING_PERIOD_MS = const(3600000)
_WATERING_SPREAD_MS = const(1200000)
SOAK_MS = 8000
_DRYING_HALF_MS = const(2700000)
_WET_UV = const(1100000)
_WET_SPREAD_UV = const(150000)
DRY_UV = 2400000

# Somebody turns the knob now and then: it rests for 20 s at the least, then turns for a second.
_KNOB_PERIOD_MS = const(20000)
_KNOB_TURN_MS = const(1000)

_DAY_MS = const(86400000)
_ROOM_CENTI = const(2200)  # centi-degrees Celsius, as all of the following
_DAILY_CENTI = const(300)
_SELF_HEATING_CENTI = const(1400)
_SELF_HEATING_HALF_MS = const(60000)
_SENSOR_OFFSET_CENTI = const(600)  # It is not calibrated: each chip is off by its own amount.

_HALL_UV_PER_UT = const(30)  # a DRV5055A2 at 3.3 V

POTENTIOMETER_PINS = (34, 35)
SOIL_PINS = (32, 33, 36, 37, 38, 39)

# What has a place of its own unless `world.py` says otherwise; 0 is the button of most boards.
PARTS = {
    0: "button",
    13: "dht22",
    15: "dht22",
    25: "encoder a",
    26: "encoder b",
    27: "mhz19b",
    39: "hall",
}

_TEMPERATURE_PLACE = const(256)  # Places below it are pin numbers.


def analog_uv(seed, pin, time_s):
    """The microvolts at an ADC pin: soil probes, two potentiometers, else nothing connected."""
    time_ms = int(time_s * 1000)
    if pin in POTENTIOMETER_PINS:
        level = _knob_uv(seed, pin, time_ms)
    elif pin in SOIL_PINS:
        level = _soil_uv(seed, pin, time_ms) + wander(seed, pin + 64, time_ms, 30000, 4000)
    else:
        level = 60000 + wander(seed, pin + 64, time_ms, 400, 40000)
    level += spread(seed, pin + 128, time_ms, 2000)
    return min(max(level, 0), SUPPLY_UV)


def chip_centi(seed, time_s, uptime_s):
    """What the sensor inside the chip sees, in centi-degrees Celsius."""
    return room_centi(seed, int(time_s * 1000)) + heat_centi(seed, uptime_s)


def room_centi(seed, time_ms):
    """The room's day and a slow wander."""
    slow = wander(seed, _TEMPERATURE_PLACE + 1, time_ms, 120000, 40)
    return _ROOM_CENTI + slow + _DAILY_CENTI * day(time_ms) // 1000


def heat_centi(seed, uptime_s):
    """By how much the chip's sensor is off: its own error, and the chip that warms itself up."""
    uptime_ms = int(uptime_s * 1000)
    own = _SELF_HEATING_CENTI * uptime_ms // (uptime_ms + _SELF_HEATING_HALF_MS)
    return spread(seed, _TEMPERATURE_PLACE, 0, _SENSOR_OFFSET_CENTI) + own


class World:
    """One board's own part of the world: its seed, its time, and how long it has been on.

    `own`: the person's `world.py`, or None.
    """

    def __init__(self, path):
        with open(path) as file:
            told = json.load(file)
        self.seed = told["seed"]
        self.unique_id = told["unique_id"]
        self.board = told.get("board", "")
        self.beside = told.get("beside", "")  # the folder of the site
        self.own = __import__("world") if told.get("own") else None
        self._started_s = told["started_s"]
        self._switched_on_s = self.now_s()

    def now_s(self):
        """Seconds since this world began; never negative, even if the clock was set back."""
        return max(time.time() - self._started_s, 0)

    def analog_uv(self, pin):
        if hasattr(self.own, "voltage"):
            return min(max(self.sense("voltage", pin), 0), SUPPLY_UV)
        if self.part(pin) == "hall":
            level = SUPPLY_UV // 2 + _HALL_UV_PER_UT * self.sense("field")
            return min(max(level, 0), SUPPLY_UV)
        return analog_uv(self.seed, pin, self.now_s())

    def chip_centi(self):
        now_s = self.now_s()
        uptime_s = max(now_s - self._switched_on_s, 0)
        if hasattr(self.own, "temperature"):
            return self.sense("temperature") + heat_centi(self.seed, uptime_s)
        return chip_centi(self.seed, now_s, uptime_s)

    def sense(self, name, pin=None):
        """What there is to measure now, in the whole units of `surroundings`."""
        from peripherals import surroundings

        return surroundings.sense(self, name, pin)

    def part(self, pin, otherwise=None):
        """What is wired to this pin; `otherwise` if nobody has said."""
        told = getattr(self.own, "parts", None)
        return PARTS.get(pin, otherwise) if told is None else told.get(pin, otherwise)


def _soil_uv(seed, pin, time_ms):
    count = time_ms // _WATERING_PERIOD_MS
    if time_ms < _watering_ms(seed, pin, count):
        count -= 1
    watered_ms = _watering_ms(seed, pin, count)
    since_ms = time_ms - watered_ms
    level = _dried_uv(seed, pin, count, since_ms)
    if since_ms < SOAK_MS:
        before_ms = watered_ms - _watering_ms(seed, pin, count - 1)
        before = _dried_uv(seed, pin, count - 1, before_ms)
        level = before + (level - before) * since_ms // SOAK_MS
    return level


def _watering_ms(seed, pin, count):
    return count * _WATERING_PERIOD_MS + mixed(seed, pin, count) % _WATERING_SPREAD_MS


def _dried_uv(seed, pin, count, since_ms):
    """Fast at first, then ever slower towards dry."""
    wet = _WET_UV + spread(seed, pin + 192, count, _WET_SPREAD_UV)
    return wet + (DRY_UV - wet) * since_ms // (since_ms + _DRYING_HALF_MS)


def _knob_uv(seed, pin, time_ms):
    count, within_ms = divmod(time_ms, _KNOB_PERIOD_MS)
    level = mixed(seed, pin, count) % SUPPLY_UV
    if within_ms < _KNOB_TURN_MS:
        before = mixed(seed, pin, count - 1) % SUPPLY_UV
        level = before + (level - before) * within_ms // _KNOB_TURN_MS
    return level


def day(time_ms):
    """-1000 to 1000 over a day, two parabolas in place of a sine, which is float work."""
    half_ms = _DAY_MS // 2
    within_ms = time_ms % _DAY_MS
    arch_ms = within_ms % half_ms
    height = 4000 * arch_ms // half_ms * (half_ms - arch_ms) // half_ms
    return height if within_ms < half_ms else -height


def wander(seed, place, time_ms, step_ms, reach):
    """A smooth random walk within -reach to reach: straight lines between points of noise."""
    count, within_ms = divmod(time_ms, step_ms)
    start = spread(seed, place, count, reach)
    return start + (spread(seed, place, count + 1, reach) - start) * within_ms // step_ms


def spread(seed, place, count, reach):
    """Noise: one of the whole numbers from -reach to reach."""
    return mixed(seed, place, count) % (2 * reach + 1) - reach


def mixed(seed, place, count):
    """30 well-mixed bits; MicroPython's `random` need not agree with CPython's."""
    value = 0
    for word in (seed, place, count):
        value = (value ^ word) & _MASK
        value = ((value ^ (value >> 15)) * 0x2C1B3C6D + 0x1B873593) & _MASK
        value = ((value ^ (value >> 12)) * 0x297A2D39 + 0x0F35C1A7) & _MASK
        value ^= value >> 15
    return value
