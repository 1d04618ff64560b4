"""A linear Hall sensor against the model of the ADC."""

from around import is_near, refusal, world

from mp_actors.sensors.hall import Hall
from mp_actors.wired import PartError

STEP_MT = 0.05  # a step of the ADC is 0.9 mV, `read_uv` has steps of 1 mV; 30 mV are 1 mT


def test_it_gives_the_field_with_its_sign_within_a_step():
    for field_mt in (-40, -1.5, 0, 0.5, 25):
        world(field=field_mt, parts={39: "hall"})
        is_near(Hall(39).sample(), field_mt, STEP_MT)


def test_another_kind_has_another_sensitivity():
    world(field=10, parts={36: "hall"})
    is_near(Hall(36, mv_per_mt=60).sample(), 5, STEP_MT)


def test_a_field_beyond_its_range_stays_at_the_end_of_the_range():
    world(field=500, parts={39: "hall"})
    is_near(Hall(39).sample(), 55, 1)


def test_with_wifi_on_a_pin_of_the_other_adc_says_why():
    import network

    world()
    station = network.WLAN(network.STA_IF)
    station.active(True)
    try:
        assert "Wi-Fi" in refusal(PartError, Hall(25).sample)
    finally:
        station.active(False)
