"""Temperature in °C or humidity in % RH by a DHT11 or a DHT22 (AM2302) at one pin.

    DHT11   0 to 50 °C in steps of 1     20 to 90 % RH in steps of 1
    DHT22   -40 to 80 °C, steps of 0.1   0 to 100 % RH, steps of 0.1

`measure` says which of the two an actor gives; two actors at one pin share the reading. It takes
25 ms, in which the board does nothing else, and comes once in two seconds at most.

*Source*: D-Robotics DHT11 datasheet (2010-07-30), "Detailed Specifications"; Aosong DHT11 product
manual, section 5: sampling period more than 2 s; Aosong AM2302 datasheet, "Technical
Specification".
"""

from mp_actors.roles import Sensor
from mp_actors.wired import PartError

QUANTITIES = ("temperature", "humidity")
PERIOD_MS = 2000

_lines = {}  # {pin: [the firmware's driver, when it was read last]}


class _Dht(Sensor):
    """`KIND`: the name of the firmware's driver; `RANGE_C`: what it can measure."""

    def __init__(self, pin, measure, period_ms):
        if measure not in QUANTITIES:
            raise ValueError("measure: expected one of %s, got %r" % (QUANTITIES, measure))
        import time

        import dht
        from machine import Pin

        self.period_ms = max(period_ms, PERIOD_MS)
        self._pin, self._measure, self._time = pin, measure, time
        if pin not in _lines:
            _lines[pin] = [getattr(dht, self.KIND)(Pin(pin)), None]
        self._line = _lines[pin]

    def sample(self):
        driver, read_ms = self._line
        now_ms = self._time.ticks_ms()
        # The other actor at this pin has read it in the same period, or this is the first.
        if read_ms is None or self._time.ticks_diff(now_ms, read_ms) >= PERIOD_MS - 100:
            self._line[1] = None
            self._read(driver)
            self._line[1] = now_ms
        return driver.temperature() if self._measure == "temperature" else driver.humidity()

    def _read(self, driver):
        try:
            driver.measure()
        except OSError:
            raise self._fault("does not answer; check power, wire and the pull-up of 5 kΩ")
        except Exception as error:
            # MicroPython's driver has no class of its own for it.
            if "checksum" not in str(error):
                raise
            raise self._fault("checksum error: bits were lost; a shorter wire may help")
        low, high = self.RANGE_C
        if not low <= driver.temperature() <= high:
            text = "%s °C is beyond its %d to %d; is it of the other kind?"
            raise self._fault(text % (driver.temperature(), low, high))

    def _fault(self, reason):
        return PartError("%s at pin %d: %s" % (self.KIND, self._pin, reason))


class DHT11(_Dht):
    """Whole °C or % RH."""

    KIND, RANGE_C = "DHT11", (0, 50)

    def __init__(self, pin, measure="temperature", period_ms=PERIOD_MS):
        _Dht.__init__(self, pin, measure, period_ms)


class DHT22(_Dht):
    """Tenths of °C or of % RH."""

    KIND, RANGE_C = "DHT22", (-40, 80)

    def __init__(self, pin, measure="temperature", period_ms=PERIOD_MS):
        _Dht.__init__(self, pin, measure, period_ms)
