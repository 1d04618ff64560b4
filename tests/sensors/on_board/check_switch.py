"""An LED or a relay against its pin."""

from machine import Pin

from mp_actors.actuators.switch import Switch


def test_it_follows_what_is_true_and_begins_and_ends_off():
    led = Switch(2)
    assert Pin(2).value() == 0
    for value, level in ((True, 1), (0, 0), (21.5, 1), ("", 0), (1, 1)):
        led.write(value)
        assert Pin(2).value() == level
    led.stopped()
    assert Pin(2).value() == 0


def test_a_relay_that_switches_on_with_a_low_level():
    relay = Switch(16, active_low=True)
    assert Pin(16).value() == 1
    relay.write(True)
    assert Pin(16).value() == 0
    relay.stopped()
    assert Pin(16).value() == 1


def test_a_pin_that_is_input_only_is_refused():
    try:
        Switch(34)
    except ValueError as error:
        assert "only be input" in str(error)
    else:
        raise AssertionError("was taken")
