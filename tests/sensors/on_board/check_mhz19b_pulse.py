"""Carbon dioxide against the pulses of an MH-Z19B; its handler runs with the heap locked."""

from around import Ticks, drive, refusal, world

from mp_actors.sensors.mhz19b_pulse import MHZ19BPulse
from mp_actors.wired import PartError

PIN = 14


def pulses(ppm_of_range, cycles=2, cycle_us=1004000):
    """A sensor by PWM that has seen so many cycles."""
    world(parts={})
    drive(PIN, 0)
    sensor = MHZ19BPulse(PIN)
    clock = sensor._ticks_us = Ticks()
    high_us = 2000 + round(ppm_of_range * (cycle_us - 4000))
    for _ in range(cycles):
        drive(PIN, 1)
        clock.now += high_us
        drive(PIN, 0)
        clock.now += cycle_us - high_us
    drive(PIN, 1)
    return sensor


def test_by_pulses_it_gives_every_ppm_although_the_cycle_is_not_exact():
    for ppm in (0, 400, 1001, 2000):
        for cycle_us in (954000, 1004000, 1054000):
            assert pulses(ppm / 2000, cycle_us=cycle_us).sample() == ppm


def test_before_a_whole_cycle_there_is_no_value():
    assert pulses(0.5, cycles=0).sample() is None


def test_pulses_that_stop_are_told():
    sensor = pulses(0.5)
    assert sensor.sample() == 1000
    assert "pin 14: no pulse for 2000 ms" in refusal(PartError, sensor.sample)


def test_pulses_that_come_by_themselves_are_timed_by_interrupts():
    import time

    world(co2=600, parts={27: "mhz19b"})
    sensor = MHZ19BPulse(27)
    end_ms = time.ticks_ms() + 30000
    while sensor._edges < 5 and time.ticks_ms() < end_ms:
        time.sleep_ms(20)
    sensor.stopped()
    # A busy machine looks late at the pin, so only the order is held here.
    assert sensor._edges >= 5
    assert sensor._high_us > 100000
    assert sensor._low_us > 300000
