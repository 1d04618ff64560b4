"""`machine.time_pulse_us` of a virtual board: the echo of an HC-SR04, to the microsecond."""

import time

import machine
from micropython import const

_TRIGGER_US = const(10)  # An HC-SR04 answers a pulse of that length or longer,
_ECHO_AFTER_US = const(60000)  # the echo comes within that time,
_NO_ECHO_US = const(38000)  # and a pulse of that length says that none came back.
_REACH_MM = const(4500)  # It hears a little more than it promises.


def time_pulse_us(pin, level, timeout_us=1000000):
    """How long the pin is at level: the echo of the part whose trigger was the last pulse.

    -2: it did not come in time; -1: it did not end in time.
    """
    number, from_us, to_us = machine.pulse
    heard = (
        level == 1
        and number is not None
        and to_us is not None
        and time.ticks_diff(to_us, from_us) >= _TRIGGER_US
        and time.ticks_diff(time.ticks_us(), to_us) < _ECHO_AFTER_US
        and machine.here.part(pin.number, "hcsr04") == "hcsr04"
    )
    if not heard:
        time.sleep_us(timeout_us)
        return -2
    machine.pulse[0] = None  # one echo a pulse
    length_us, far_mm = _NO_ECHO_US, machine.here.sense("distance")
    if far_mm is not None and far_mm <= _REACH_MM:
        # There and back at 331.3 m/s and 0.606 m/s more for each °C.
        speed_mm_s = 331300 + 606 * machine.here.sense("temperature") // 100
        length_us = 2 * far_mm * 1000000 // speed_mm_s
    time.sleep_us(min(length_us, timeout_us))
    return length_us if length_us < timeout_us else -1
