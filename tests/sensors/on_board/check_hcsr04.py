"""Distance against the echoes of an HC-SR04."""

from around import Desk, is_near, refusal, world

from mp_actors.sensors.hcsr04 import Distance
from mp_actors.wired import PartError

RESOLUTION_CM = 0.3


def test_it_gives_the_distance_within_its_resolution():
    for far_cm in (2.4, 10, 123.4, 399):
        world(distance=far_cm, temperature=20)
        is_near(Distance(5, 18).sample(), far_cm, RESOLUTION_CM)


def test_the_temperature_of_the_air_is_taken_into_account():
    world(distance=200, temperature=-10)
    is_near(Distance(5, 18, temperature_c=-10).sample(), 200, RESOLUTION_CM)
    assert abs(Distance(5, 18).sample() - 200) > 5


def test_where_nothing_is_in_reach_there_is_no_value():
    for far_cm in (None, 420, 1000, 1):
        world(distance=far_cm, temperature=20)
        assert Distance(5, 18).sample() is None


def test_without_an_echo_it_says_what_to_look_at_and_goes_on():
    around = world(distance=100, temperature=20, parts={18: None})
    desk = Desk(lambda: Distance(5, 18))
    assert desk.run(200) == []
    assert (
        "HC-SR04 at pins 5, 18: no echo begins; check power (5 V) and both wires" in desk.lines[0]
    )
    around.parts = {}
    (value,) = desk.run(400)[:1]
    is_near(value, 100, RESOLUTION_CM)


def test_a_pulse_that_is_too_short_gets_no_echo():
    world(distance=100, temperature=20)
    sensor = Distance(5, 18)
    sensor._sleep_us = lambda _us: None
    import machine

    ticks = machine.time
    machine.time = _Still()
    try:
        assert "no echo begins" in refusal(PartError, sensor.sample)
    finally:
        machine.time = ticks


class _Still:
    def ticks_us(self):
        return 0


def test_a_trigger_that_cannot_be_an_output_is_refused():
    world()
    assert "pin can only be input" in refusal(ValueError, lambda: Distance(34, 18))
