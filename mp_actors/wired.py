"""What drivers have in common: the error that says why, and how an analogue pin is measured.

Between `sensors`, `actuators` and MicroPython's `machine`. Loaded by a driver, so by no board
without one.
"""

from mp_actors.errors import ActorsError


class PartError(ActorsError):
    """A part does not answer, or not as its datasheet says; the text says what to look at."""


def adc(pin):
    """The ADC of a pin, full scale about 3.3 V."""
    from machine import ADC, Pin

    return ADC(Pin(pin), atten=ADC.ATTN_11DB)


def measured(read, pin):
    """What read() of an ADC gives. *Raises* PartError."""
    try:
        return read()
    except OSError:
        # The only reason there is: the radio has that half of the ADC.
        raise PartError("pin %d cannot be measured while Wi-Fi is on; use one of 32 to 39" % pin)
