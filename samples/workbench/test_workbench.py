"""The workbench's own tests: its world, and what the button does to the lamp."""

from world import DAY_S, pressed, temperature

from mp_actors.operators import Toggle
from mp_actors.testing import Bench


def test_the_afternoon_is_warmer_than_the_night():
    assert temperature("bench/board", DAY_S / 2) == 24
    assert temperature("bench/board", 0) == temperature("bench/board", DAY_S) == 18


def test_each_press_of_the_button_switches_the_lamp():
    presses = [pressed("bench/board", tenths / 10, 0) for tenths in range(40)]
    assert Bench(Toggle()).feed(*presses) == [True, False]
