"""What the board on the workbench measures: a warm day, somebody at the button, a passer-by."""

import math

DAY_S = 86400


def temperature(_board, time_s):
    """Warmest in the afternoon."""
    return 21 - 3 * math.cos(2 * math.pi * (time_s % DAY_S) / DAY_S)


def pressed(_board, time_s, pin):
    """The button of the board, for 0.4 s of each 2."""
    return pin == 0 and time_s % 2 < 0.4


distance = "passer-by.csv:distance_cm"
