"""`esp32` of a virtual board: an original ESP32, so `raw_temperature` and no `mcu_temperature`.

Measures the same world as `machine`. Only what the model knows is here: a missing name is a
missing feature, to be found with `hasattr` as on a real chip.
"""

import machine


def raw_temperature():
    """The sensor inside the chip: whole degrees Fahrenheit, not calibrated."""
    return (machine.here.chip_centi() * 9 // 5 + 3250) // 100
