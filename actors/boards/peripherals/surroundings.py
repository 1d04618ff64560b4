"""What the parts around a board measure, from the seed or from the person's `world.py`.

The rest of `world`, loaded by the first model that needs it. Whole numbers here as there:
hundredths of °C, % RH and °/s, thousandths of g, millimetres, ppm, microtesla, quarter steps.
"""

from peripherals.world import SUPPLY_UV, mixed, room_centi, spread, wander

# What one of a person's units is here.
UNITS = {
    "temperature": 100,
    "humidity": 100,
    "distance": 10,
    "acceleration": 1000,
    "rotation": 100,
    "field": 1000,
    "voltage": 1000000,
    "turned": 4,
}

HALL_UV_PER_UT = 30  # a DRV5055A2 at 3.3 V

PRESS_PERIOD_MS = 7000
PRESS_MS = 300
TURN_PERIOD_MS = 60000  # half of it one way, a quarter step each 50 ms at times, and back again
TOUCH_PERIOD_MS = 5000
TOUCH_MS = 800


def sense(world, name, pin):
    """The value of this name, from `world.py` if it says so. *Raises* ValueError."""
    now_s = world.now_s()
    if not hasattr(world.own, name):
        return globals()[name](world, int(now_s * 1000), pin)
    told = getattr(world.own, name)
    if isinstance(told, str):
        from peripherals.replay import replayed

        told = replayed(world.beside, told, now_s)
    elif callable(told):
        told = told(world.board, now_s) if pin is None else told(world.board, now_s, pin)
    if told is None or isinstance(told, bool):
        return told
    unit = UNITS.get(name, 1)
    if isinstance(told, (tuple, list)):
        return [round(part * unit) for part in told]
    return round(told * unit)


def temperature(world, time_ms, _pin):
    return room_centi(world.seed, time_ms)


def humidity(world, time_ms, _pin):
    return 5500 + wander(world.seed, 300, time_ms, 90000, 900)


def co2(world, time_ms, _pin):
    """People come and go."""
    return 850 + wander(world.seed, 301, time_ms, 240000, 420)


def distance(world, time_ms, _pin):
    return 1200 + wander(world.seed, 302, time_ms, 4000, 900)


def acceleration(world, time_ms, _pin):
    """Lies flat and is shaken a little: 1 g upwards."""
    seed = world.seed
    return [wander(seed, 310 + axis, time_ms, 400, 60) + 1000 * (axis == 2) for axis in range(3)]


def rotation(world, time_ms, _pin):
    return [wander(world.seed, 320 + axis, time_ms, 500, 900) for axis in range(3)]


def field(world, time_ms, _pin):
    """A magnet passes by."""
    return wander(world.seed, 303, time_ms, 2000, 20000)


def hall_uv(world, _time_ms, _pin):
    level = SUPPLY_UV // 2 + HALL_UV_PER_UT * sense(world, "field", None)
    return min(max(level, 0), SUPPLY_UV)


def touched(world, time_ms, pin):
    return _now_and_then(world, time_ms, pin, TOUCH_PERIOD_MS, TOUCH_MS)


def pressed(world, time_ms, pin):
    return _now_and_then(world, time_ms, pin, PRESS_PERIOD_MS, PRESS_MS)


def turned(_world, time_ms, _pin):
    within_ms = time_ms % TURN_PERIOD_MS
    return min(within_ms, TURN_PERIOD_MS - within_ms) // 50


def damaged(_world, _time_ms, _pin):
    return False


def noise(world, place, reach):
    """What the parts add of their own, anew each millisecond."""
    return spread(world.seed, place, int(world.now_s() * 1000), reach)


def _now_and_then(world, time_ms, pin, period_ms, for_ms):
    count, within_ms = divmod(time_ms, period_ms)
    begin_ms = mixed(world.seed, pin + 400, count) % (period_ms - for_ms)
    return begin_ms <= within_ms < begin_ms + for_ms
