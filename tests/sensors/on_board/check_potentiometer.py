"""A potentiometer against the model of the ADC."""

import machine
from around import Desk, is_near, refusal, world

from mp_actors.sensors.potentiometer import Potentiometer
from mp_actors.wired import PartError

STEP_PERCENT = 100 / 4095
FULL_V = 3.6


def test_it_follows_the_voltage_within_a_step_of_the_adc():
    for volts in (0, 0.15, 1.0, 2.45, 3.3):
        world(voltage=volts)
        is_near(Potentiometer(34).sample(), volts / FULL_V * 100, STEP_PERCENT)


def test_each_pin_has_its_own_voltage():
    world(voltage=lambda _board, _time_s, pin: 1.0 if pin == 34 else 2.0)
    is_near(Potentiometer(34).sample(), 100 / FULL_V, STEP_PERCENT)
    is_near(Potentiometer(35).sample(), 200 / FULL_V, STEP_PERCENT)


def test_a_pin_of_the_other_adc_is_refused_while_wifi_is_on_and_goes_on_afterwards():
    import network

    world(voltage=1.0)
    desk = Desk(lambda: Potentiometer(4))
    assert len(desk.run(300)) == 3
    station = network.WLAN(network.STA_IF)
    station.active(True)
    try:
        assert desk.run(300) == []
        assert "pin 4 cannot be measured while Wi-Fi is on; use one of 32 to 39" in desk.lines[0]
        assert refusal(PartError, Potentiometer(27).sample)
        is_near(Potentiometer(32).sample(), 100 / FULL_V, STEP_PERCENT)
    finally:
        station.active(False)
    desk.run(10000)
    assert len(desk.run(1000)) == 10
    assert not machine.radio_on


def test_a_pin_without_adc_is_refused():
    world()
    assert "invalid pin" in refusal(ValueError, lambda: Potentiometer(5))
