"""Wi-Fi of a board: joined, lost, refused, and joined again, by a radio that does as it is told."""

import os
import sys

from mp_actors import ticks
from mp_actors.wifi import JOIN_MS, LOOK_MS, STEADY_MS, Wifi

FILE = "wifi-of-a-test.json"


class Radio:
    """Stands for `network.WLAN`; `is_there` says whether the access point takes it."""

    PM_NONE = 0

    def __init__(self):
        self.is_there = True
        self.joins = False
        self.calls = []

    def active(self, is_on):
        self.calls.append("active %d" % is_on)

    def config(self, pm):
        self.calls.append("pm %d" % pm)

    def connect(self, name, password):
        if self.joins:
            raise OSError("Wifi Internal Error")
        self.joins = True
        self.calls.append("%s %s" % (name, password))

    def disconnect(self):
        self.joins = False
        self.calls.append("leave")

    def isconnected(self):
        return self.joins and self.is_there

    def status(self):
        return 201

    def ifconfig(self):
        return ("10.0.0.7", "", "", "")


class Network:
    """Stands for the module."""

    STA_IF = 0

    def __init__(self, radio):
        self._radio = radio

    def WLAN(self, kind):
        assert kind == self.STA_IF
        return self._radio


class Site:
    """A board with a radio, in time of its own, which begins shortly before it wraps."""

    path = "field/probe"

    def __init__(self):
        self.radio = Radio()
        self.lines = []
        self.now_ms = ticks.WRAP_MS - 3000
        sys.modules["network"] = Network(self.radio)
        with open(FILE, "w") as file:
            file.write('{"name": "barn", "password": "hay"}')
        try:
            self.wifi = Wifi(self, FILE)
        finally:
            os.remove(FILE)
            del sys.modules["network"]

    def log(self, path, text):
        assert path == self.path
        self.lines.append(text)

    def run_ms(self, duration_ms):
        for _ in range(0, duration_ms, LOOK_MS):
            assert self.wifi.step(self.now_ms) <= LOOK_MS
            self.now_ms = ticks.add(self.now_ms, LOOK_MS)


def test_it_joins_without_power_saving_and_says_so_once_when_that_has_lasted():
    site = Site()
    site.run_ms(STEADY_MS)
    assert site.radio.calls == ["active 1", "pm 0", "barn hay"]
    assert site.lines == []
    site.run_ms(10 * STEADY_MS)
    assert site.lines == ["Wi-Fi barn joined as 10.0.0.7"]
    assert site.radio.calls.count("barn hay") == 1


def test_what_is_lost_is_left_and_joined_again_after_a_rest():
    site = Site()
    site.run_ms(2 * STEADY_MS)
    site.radio.is_there = False
    site.run_ms(LOOK_MS)
    assert site.lines[-1] == "Wi-Fi barn lost"
    assert site.radio.calls[-1] == "leave"
    site.radio.is_there = True
    site.run_ms(3 * STEADY_MS)
    assert site.lines[-1] == "Wi-Fi barn joined as 10.0.0.7"


def test_a_network_that_refuses_is_asked_again_and_again_and_said_once():
    site = Site()
    site.radio.is_there = False
    site.run_ms(4 * JOIN_MS)
    assert site.lines == ["Wi-Fi barn does not let this board in: status 201"]
    assert 3 <= site.radio.calls.count("barn hay") <= 4
    assert site.radio.calls.count("leave") >= 3


def test_a_radio_that_is_busy_is_left_alone_for_a_moment():
    site = Site()
    site.radio.joins, site.radio.is_there = True, False
    site.run_ms(LOOK_MS)
    assert site.lines == ["Wi-Fi barn cannot be joined: Wifi Internal Error"]
    site.radio.is_there = True
    site.run_ms(3 * STEADY_MS)
    assert site.lines[-1] == "Wi-Fi barn joined as 10.0.0.7"
