"""`machine` of a virtual board: the pins and the ADC of an ESP32, measuring its world.

Comes before MicroPython's built-in `machine` on the module path, and hands on everything it does
not model. Wrong pins and settings are refused as on the chip; nothing here knows of actors. What
not every board uses has a file of its own, loaded by whoever asks for it; see `__getattr__`.
"""

import errno
import sys
import time

import umachine
from micropython import const
from peripherals import world

# The status tells whoever started the process to start it again; the built-in soft_reset ends
# like a program that is done.
_RESET_STATUS = const(75)

ADC_PINS = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39)
_ADC2_PINS_TO = const(27)  # of the pins above; the radio needs that half of the ADC
MISSING_PINS = (24, 28, 29, 30, 31)
INPUT_PINS_FROM = 34
_PIN_MAX = const(39)

# Full scale of each attenuation, roughly; a real chip bends towards its end.
FULL_SCALE_UV = (1000000, 1340000, 2000000, 3600000)

FREQUENCIES_HZ = (20000000, 40000000, 80000000, 160000000, 240000000)

here = world.World("peripherals/world.json")

levels: "dict[int, int]" = {}  # of pins as they were driven or pulled
pulse = [None, 0, 0]  # the last output that went low: its pin, and since and until when it was high
radio_on = False  # as `network` says
_pin_modes: "dict[int, int]" = {}
_attenuations: "dict[int, int]" = {}
_frequency_hz = 160000000


class Pin(umachine.PinBase):
    """A pin by its number; every Pin of one number is the same pin."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_FALLING = 2
    IRQ_RISING = 1

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        number = id.number if isinstance(id, Pin) else id
        if not isinstance(number, int) or not 0 <= number <= _PIN_MAX or number in MISSING_PINS:
            raise ValueError("invalid pin")
        self.number: int = number
        self._line = None  # what moves it, once it was read or listened to
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        if mode in (Pin.OUT, Pin.OPEN_DRAIN) and self.number >= INPUT_PINS_FROM:
            raise ValueError("pin can only be input")
        if mode != -1:
            _pin_modes[self.number] = mode
        if pull == Pin.PULL_UP and value is None:
            value = 1
        if value is not None:
            levels[self.number] = 1 if value else 0

    def value(self, level=None):
        """The level of the pin; with a level, drive it if it is an output."""
        mode = _pin_modes.get(self.number)
        if level is None:
            if self._line is None and (mode != Pin.IN or not here.part(self.number)):
                return levels.get(self.number, 0)
            return self._moved().level_now()
        if mode in (Pin.OUT, Pin.OPEN_DRAIN):
            if level and not levels.get(self.number):
                pulse[:] = self.number, time.ticks_us(), None
            elif not level and pulse[0] == self.number and pulse[2] is None:
                pulse[2] = time.ticks_us()
            levels[self.number] = 1 if level else 0
        return None

    def irq(self, handler=None, trigger=IRQ_FALLING | IRQ_RISING, **_options):
        """Call handler(pin) at each edge; None: no more."""
        self._moved().listen(self, handler, trigger)

    def _moved(self):
        # Kept, since an import allocates, which is not allowed to a handler that reads its pin.
        if self._line is None:
            from peripherals.interrupts import line_of

            self._line = line_of(self.number)
        return self._line

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def __repr__(self):
        return f"Pin({self.number})"


class ADC:
    """The analog side of a pin; attenuation belongs to the pin and outlives the object."""

    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    def __init__(self, id, *, atten=None):
        self._pin = id.number if isinstance(id, Pin) else id
        if self._pin not in ADC_PINS:
            raise ValueError("invalid pin")
        self._bits = 12
        if atten is None:
            atten = _attenuations.get(self._pin, ADC.ATTN_0DB)
        self.atten(atten)

    def init(self, *, atten=None):
        if atten is not None:
            self.atten(atten)

    def atten(self, atten):
        if atten not in (0, 1, 2, 3):
            raise ValueError("invalid atten")
        _attenuations[self._pin] = atten

    def width(self, bits):
        """The older way to set the resolution of `read`, 9 to 12 bits."""
        if not 9 <= bits <= 12:
            raise ValueError("invalid bits")
        self._bits = bits

    def read_u16(self):
        """0 to 65535, stretched from the converter's bits so that full scale is full."""
        raw = self.read()
        return raw << (16 - self._bits) | raw >> (2 * self._bits - 16)

    def read_uv(self):
        """Microvolts, in steps of a millivolt as on the chip."""
        scale_uv = FULL_SCALE_UV[_attenuations[self._pin]]
        return self.read() * scale_uv // ((1 << self._bits) - 1) // 1000 * 1000

    def read(self):
        """The older reading, in the converter's own bits: 0 to 4095 unless `width` was called."""
        if radio_on and self._pin <= _ADC2_PINS_TO:
            raise OSError(errno.ETIMEDOUT)
        raw_max = (1 << self._bits) - 1
        level = here.analog_uv(self._pin) * raw_max // FULL_SCALE_UV[_attenuations[self._pin]]
        return min(level, raw_max)


def unique_id():
    """Six bytes that are this board's own and stay so."""
    return bytes.fromhex(here.unique_id)


def freq(hz=None):
    """The clock of the processor in Hz; it is remembered and changes nothing."""
    global _frequency_hz
    if hz is None:
        return _frequency_hz
    if hz not in FREQUENCIES_HZ:
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _frequency_hz = hz
    return None


def reset():
    """End this process so that the board is started again."""
    sys.exit(_RESET_STATUS)


def soft_reset():
    """As `reset`: a process has no state that would outlive its interpreter."""
    sys.exit(_RESET_STATUS)


def __getattr__(name):
    """What is in the file of its name in small letters, else what MicroPython has built in."""
    try:
        return getattr(__import__("peripherals." + name.lower(), None, None, (name,)), name)
    except ImportError:
        return getattr(umachine, name)
