"""A touch pad against the model of its counter."""

from around import refusal, world

from mp_actors.sensors.touch import Touch


def values(pad, count):
    return [value for value in [pad.sample() for _ in range(count)] if value is not None]


def test_a_touch_is_told_once_and_so_is_its_end():
    around = world(touched=False)
    pad = Touch(33)
    assert values(pad, 20) == [False]
    around.touched = True
    assert values(pad, 20) == [True]
    around.touched = False
    assert values(pad, 20) == [False]


def test_a_finger_that_stays_is_not_taken_for_rest():
    around = world(touched=False)
    pad = Touch(33)
    values(pad, 5)
    around.touched = True
    assert values(pad, 2000) == [True]


def test_a_finger_that_was_there_at_the_start_is_noticed_once_it_goes():
    around = world(touched=True)
    pad = Touch(33)
    values(pad, 5)
    around.touched = False
    values(pad, 5)
    around.touched = True
    assert values(pad, 5) == [True]


def test_a_pin_without_a_pad_is_refused():
    assert "invalid pin for touchpad" in refusal(ValueError, lambda: Touch(5))


def test_only_the_touched_pad_tells():
    world(touched=lambda _board, _time_s, pin: pin == 33)
    one, other = Touch(33), Touch(32)
    one.rest = other.rest = 620
    assert values(one, 5) == [True]
    assert values(other, 5) == [False]
