"""What the parts around a board measure, from the seed or from the person's `world.py`.

The rest of `world`, loaded by the first model that needs it. Whole numbers here as there:
hundredths of °C, % RH and °/s, thousandths of g, millimetres, ppm, microtesla, quarter steps.
"""

from micropython import const
from peripherals.world import mixed, room_centi, wander

# How much one of a person's units is here; then, where nobody says anything: around which value,
# at which place of the seed, within which time and how far it wanders.
WANDERS = {
    "humidity": (100, 5500, 300, 90000, 900),
    "co2": (1, 850, 301, 240000, 420),
    "distance": (10, 1200, 302, 4000, 900),
    "field": (1000, 0, 303, 2000, 20000),
    "acceleration": (1000, 0, 310, 400, 60),
    "rotation": (100, 0, 320, 500, 900),
}
_FIRST_AXIS = const(310)  # from here on, places are of three axes
UNITS = {"temperature": 100, "voltage": 1000000, "turned": 4}

# Every so many ms, for so many ms.
NOW_AND_THEN = {"pressed": (7000, 300), "touched": (5000, 800)}
_TURN_PERIOD_MS = const(60000)  # half of it one way, a quarter step each 50 ms, and back again


def sense(world, name, pin):
    """The value of this name, from `world.py` if it says so. *Raises* ValueError."""
    now_s = world.now_s()
    if not hasattr(world.own, name):
        return seeded(world.seed, name, int(now_s * 1000), pin)
    told = getattr(world.own, name)
    if isinstance(told, str):
        from peripherals.replay import replayed

        told = replayed(world.beside, told, now_s)
    elif callable(told):
        told = told(world.board, now_s) if pin is None else told(world.board, now_s, pin)
    if told is None or isinstance(told, bool):
        return told
    unit = WANDERS[name][0] if name in WANDERS else UNITS.get(name, 1)
    if isinstance(told, (tuple, list)):
        return [round(part * unit) for part in told]
    return round(told * unit)


def seeded(seed, name, time_ms, pin=None):
    """The value of this name in a world that nobody has told anything about."""
    if name in WANDERS:
        _, middle, place, step_ms, reach = WANDERS[name]
        value = middle + wander(seed, place, time_ms, step_ms, reach)
        if place < _FIRST_AXIS:
            return value
        y = middle + wander(seed, place + 1, time_ms, step_ms, reach)
        z = middle + wander(seed, place + 2, time_ms, step_ms, reach)
        # It lies flat, and is shaken a little: 1 g upwards.
        return [value, y, z + 1000 if name == "acceleration" else z]
    if name in NOW_AND_THEN:
        period_ms, for_ms = NOW_AND_THEN[name]
        count, within_ms = divmod(time_ms, period_ms)
        begin_ms = mixed(seed, pin + 400, count) % (period_ms - for_ms)
        return begin_ms <= within_ms < begin_ms + for_ms
    if name == "turned":
        within_ms = time_ms % _TURN_PERIOD_MS
        return min(within_ms, _TURN_PERIOD_MS - within_ms) // 50
    return name != "damaged" and room_centi(seed, time_ms)
