"""Text against the memory of an SSD1306."""

import framebuf
from around import refusal, world
from peripherals.i2c import part_at

from mp_actors.actuators.ssd1306 import Display
from mp_actors.wired import PartError


def rows(chip, line):
    """What is lit in a line of text, as the pixels of 8 rows."""
    return [[chip.lit(x, y) for x in range(128)] for y in range(8 * line, 8 * line + 8)]


def drawn(text):
    """The same of a text in MicroPython's own font."""
    frame = framebuf.FrameBuffer(bytearray(128), 128, 8, framebuf.MONO_VLSB)
    frame.text(text, 0, 0)
    return [[bool(frame.pixel(x, y)) for x in range(128)] for y in range(8)]


def show(display, *pairs):
    for source, value in pairs:
        display.source = source
        display.write(value)


def test_each_source_has_a_line_with_its_name_and_last_value():
    world()
    display = Display()
    show(display, ("a/b/soil", 41.234567), ("a/b/warm", 21), ("a/b/soil", 40.5))
    chip = part_at(0x3C)
    assert rows(chip, 0) == drawn("soil 40.5")
    assert rows(chip, 1) == drawn("warm 21")
    assert rows(chip, 2) == drawn("")


def test_a_long_name_makes_room_for_the_value():
    world()
    display = Display()
    show(display, ("a/b/temperature-of-the-bed", 21.5), ("a/b/x", "a text that is much too long"))
    assert rows(part_at(0x3C), 0) == drawn("temperature 21.5")
    assert rows(part_at(0x3C), 1) == drawn(" a text that is much too long"[:16])


def test_one_source_more_than_lines_takes_the_first_line():
    world()
    display = Display(height=32)
    show(display, *[("a/b/s%d" % number, number) for number in range(5)])
    assert rows(part_at(0x3C), 0) == drawn("s4 4")
    assert rows(part_at(0x3C), 3) == drawn("s3 3")


def test_nothing_is_lit_before_it_is_on_and_after_it_ends():
    around = world(on_i2c={})
    part_at(0x3C)
    around.on_i2c = {0x3C: "ssd1306"}
    chip = part_at(0x3C)
    chip.memory[0] = 255
    assert not chip.lit(0, 0)
    display = Display()
    assert chip.is_on
    assert not any(chip.memory)
    show(display, ("a/b/c", 1))
    display.stopped()
    assert not chip.is_on


def test_without_a_display_it_says_where_it_looked():
    world(on_i2c={})
    said = refusal(PartError, lambda: Display(address=0x3D))
    assert said.startswith("SSD1306 at 0x3d of I2C bus 0 (scl 22, sda 21): nothing answers")


def test_a_display_that_is_unplugged_says_so_and_a_new_instance_sets_it_up_again():
    around = world()
    display = Display()
    around.on_i2c = {}
    assert "nothing answers" in refusal(PartError, show, display, ("a/b/c", 1))
    around.on_i2c = {0x3C: "ssd1306"}
    show(Display(), ("a/b/c", 2))
    assert rows(part_at(0x3C), 0) == drawn("c 2")


def test_a_height_there_is_none_of_is_refused():
    assert "expected 32 or 64, got 48" in refusal(ValueError, lambda: Display(height=48))
