"""Colours against the bytes that reach a strip of WS2812B."""

from around import refusal
from peripherals.bitstream import strips

from mp_actors.actuators.pixels import Pixels


def test_one_colour_is_for_all_and_goes_out_green_first():
    strip = Pixels(5, 3)
    assert strips[5] == bytes(9)
    strip.write([255, 16, 1])
    assert strips[5] == bytes((16, 255, 1)) * 3
    strip.stopped()
    assert strips[5] == bytes(9)


def test_a_list_has_a_colour_for_each():
    strip = Pixels(5, 2)
    strip.write([[1, 2, 3], [4, 5, 6]])
    assert strips[5] == bytes((2, 1, 3, 5, 4, 6))


def test_wrong_colours_are_refused_and_change_nothing():
    strip = Pixels(5, 2)
    strip.write([9, 9, 9])
    assert "expected a colour or 2 of them" in refusal(ValueError, strip.write, [[1, 2, 3]])
    for colour in ([256, 0, 0], [0, -1, 0], [1, 2]):
        assert "expected [red, green, blue] to 255" in refusal(ValueError, strip.write, colour)
    assert strips[5] == bytes((9, 9, 9)) * 2
