"""A share of full power against the registers of the PWM."""

from around import refusal
from peripherals.pwm import driven

from mp_actors.actuators.pwm import Dimmer


def test_a_share_becomes_a_duty_to_a_step_of_16_bits():
    dimmer = Dimmer(2, freq_hz=500)
    assert driven[2] == [500, 0]
    for share, duty in ((0.5, 32768), (1, 65535), (True, 65535), (0, 0), (0.1, 6554)):
        dimmer.write(share)
        assert driven[2] == [500, duty]
    dimmer.stopped()
    assert 2 not in driven


def test_what_is_no_share_is_refused_and_changes_nothing():
    dimmer = Dimmer(2)
    dimmer.write(0.25)
    for value in (1.01, -0.5, 255):
        assert "pwm at pin 2: expected 0 to 1, got " in refusal(ValueError, dimmer.write, value)
    assert driven[2][1] == 16384
    dimmer.stopped()


def test_a_frequency_beyond_the_chips_is_refused():
    assert "from 1Hz to 40MHz" in refusal(ValueError, lambda: Dimmer(2, freq_hz=0))
