"""A button, moved by hand at times the test says; its handler runs with the heap locked."""

from around import Ticks, drive, world

from mp_actors.sensors.button import Button

PIN = 23


class Desk:
    """A button and its time."""

    def __init__(self, active_low=True):
        world(parts={})
        self.up, self.down = (1, 0) if active_low else (0, 1)
        drive(PIN, self.up)
        self.button = Button(PIN, active_low=active_low)
        self.clock = self.button._ticks_ms = Ticks()
        self.at(20)

    def at(self, later_ms, *levels):
        """That much later the pin goes to these levels, one a ms. Returns what is sampled."""
        self.clock.now += later_ms
        for level in levels:
            drive(PIN, level)
            self.clock.now += 1
        return self.button.sample()


def test_a_press_and_its_end_are_told_once_each():
    for active_low in (True, False):
        desk = Desk(active_low)
        assert desk.at(0, desk.down) is None
        assert desk.at(20) is True
        assert desk.at(1000) is None
        assert desk.at(0, desk.up) is None
        assert desk.at(20) is False
        assert desk.at(1000) is None


def test_bounce_is_not_told():
    desk = Desk()
    assert desk.at(0, 0, 1, 0, 1, 0) is None
    assert desk.at(20) is True
    assert desk.at(50, 1, 0, 1, 0, 1) is None
    assert desk.at(20) is False


def test_a_spike_is_not_a_press():
    desk = Desk()
    assert desk.at(0, 0, 1) is None
    assert desk.at(100) is None


def test_a_press_while_the_board_was_busy_is_told_afterwards():
    desk = Desk()
    drive(PIN, 0)
    desk.clock.now += 60
    drive(PIN, 1)
    assert desk.at(500) is True
    assert desk.at(20) is False
    assert desk.at(20) is None


def test_more_edges_than_it_keeps_end_at_the_level_of_the_pin():
    desk = Desk()
    assert desk.at(0, *([0, 1] * 40), 0) is None
    assert desk.at(20) is True


def test_ticks_that_wrap_do_not_matter():
    desk = Desk()
    desk.clock.now = (1 << 30) - 5
    drive(PIN, 0)
    desk.clock.now = 20
    assert desk.button.sample() is True


def test_one_that_is_held_down_at_the_start_is_told():
    world(parts={})
    Button(PIN)  # the pull-up is there
    drive(PIN, 0)
    button = Button(PIN)
    button._ticks_ms = Ticks()
    button._at_ms[0] = button._ticks_ms.now - 20
    assert button.sample() is True
    drive(PIN, 1)


def test_an_edge_allocates_nothing():
    import gc

    import micropython

    desk = Desk()
    edge, pin = desk.button._edge, desk.button._pin
    gc.collect()
    micropython.heap_lock()
    try:
        edge(pin)
        edge(pin)
    finally:
        micropython.heap_unlock()
    assert desk.button._head >= 2


def test_a_button_that_is_pressed_by_itself_is_noticed():
    import time

    around = world(pressed=False, parts={0: "button"})
    button = Button(0)
    end_ms = time.ticks_ms() + 30000
    for pressed in (True, False):
        around.pressed = pressed
        told = None
        while told is None and time.ticks_ms() < end_ms:
            time.sleep_ms(1)
            told = button.sample()
        assert told is pressed
    button.stopped()
