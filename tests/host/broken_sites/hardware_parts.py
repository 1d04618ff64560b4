"""Actors that import hardware at the top of their file, where no host has it."""

from machine import ADC  # expect: no module named 'machine' | inside __init__ or sample

from mp_actors import Sensor


class Probe(Sensor):
    """Reads an ADC."""

    def __init__(self, pin):
        self.adc = ADC(pin)
