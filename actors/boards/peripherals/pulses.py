"""What takes its meaning from microseconds: echoes, a DHT's bits, the train to LEDs.

`time_pulse_us`, `dht_readinto` and `bitstream` of a virtual board's `machine`.
"""

import errno
import time

import machine

TRIGGER_US = 10  # An HC-SR04 answers a pulse of that length or longer,
ECHO_AFTER_US = 60000  # the echo comes within that time,
NO_ECHO_US = 38000  # and a pulse of that length says that none came back.
REACH_MM = 4500  # It hears a little more than it promises.

strips = {}  # {pin: the last bytes that were sent to its LEDs}


def time_pulse_us(pin, level, timeout_us=1000000):
    """How long the pin is at level: the echo of an HC-SR04 whose trigger was the last pulse.

    -2: it did not come in time; -1: it did not end in time.
    """
    number, from_us, to_us = machine.pulse
    now_us = time.ticks_us()
    heard = (
        level == 1
        and number is not None
        and to_us is not None
        and time.ticks_diff(to_us, from_us) >= TRIGGER_US
        and time.ticks_diff(now_us, to_us) < ECHO_AFTER_US
        and machine.here.part(pin.number, "hcsr04") == "hcsr04"
    )
    if not heard:
        time.sleep_us(timeout_us)
        return -2
    machine.pulse[0] = None  # one echo a pulse
    length_us = _echo_us()
    time.sleep_us(min(length_us, timeout_us))
    return length_us if length_us < timeout_us else -1


def _echo_us():
    far_mm = machine.here.sense("distance")
    if far_mm is None or far_mm > REACH_MM:
        return NO_ECHO_US
    # There and back at 331.3 m/s and 0.606 m/s more for each °C.
    speed_mm_s = 331300 + 606 * machine.here.sense("temperature") // 100
    return 2 * far_mm * 1000000 // speed_mm_s


def dht_readinto(pin, buf):
    """The five bytes of a DHT11 or DHT22. *Raises* OSError if none is there."""
    part = machine.here.part(pin.number, "dht11")
    if part not in ("dht11", "dht22"):
        raise OSError(errno.ETIMEDOUT)
    centi, humid = machine.here.sense("temperature"), machine.here.sense("humidity")
    if part == "dht11":
        buf[0], buf[1] = min(max((humid + 50) // 100, 0), 100), 0
        buf[2], buf[3] = min(max((centi + 50) // 100, 0), 50), 0
    else:
        tenths, humid = (abs(centi) + 5) // 10, (humid + 5) // 10
        buf[0], buf[1] = humid >> 8, humid & 255
        buf[2], buf[3] = tenths >> 8 | (128 if centi < 0 else 0), tenths & 255
    buf[4] = sum(buf[:4]) & 255
    if machine.here.sense("damaged"):
        buf[2] ^= 4


def bitstream(pin, encoding, timing, buf):
    """Send bytes to the LEDs at the pin; only the bit times of a WS2812 reach them."""
    if encoding != 0:
        raise ValueError("invalid encoding")
    if 300 <= timing[0] <= 500 and 600 <= timing[2] <= 1000:
        strips[pin.number] = bytes(buf)
