"""`network` of a virtual board: a station that finds, or does not find, the networks of its world.

Sockets of a virtual board do not need it; what it changes is what the radio changes, see
`machine.radio_on`.
"""

import time

import machine

STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = 201, 202
CONNECT_MS = 300

_stations = {}


class WLAN:
    """One of the two sides of the radio; each WLAN of a side is the same."""

    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2

    def __new__(cls, interface_id=STA_IF):
        if interface_id not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        if interface_id not in _stations:
            _stations[interface_id] = object.__new__(cls)
        return _stations[interface_id]

    def __init__(self, interface_id=STA_IF):
        if not hasattr(self, "_status"):
            self._is_active = False
            self._status, self._since_ms = STAT_IDLE, 0
            self._settings = {"pm": WLAN.PM_PERFORMANCE, "reconnects": -1, "ssid": ""}

    def active(self, is_active=None):
        if is_active is None:
            return self._is_active
        self._is_active = bool(is_active)
        if not is_active:
            self._status = STAT_IDLE
        machine.radio_on = any([one._is_active for one in _stations.values()])
        return self._is_active

    def connect(self, ssid=None, key=None, **_options):
        if not self._is_active:
            raise OSError("Wifi Not Started")
        known = getattr(machine.here.own, "networks", None)
        self._settings["ssid"] = ssid
        self._since_ms = time.ticks_ms()
        # Without word of the world, every network is there and takes every password.
        if known is None or known.get(ssid, 0) == key:
            self._status = STAT_GOT_IP
        else:
            self._status = STAT_WRONG_PASSWORD if ssid in known else STAT_NO_AP_FOUND

    def disconnect(self):
        self._status = STAT_IDLE

    def status(self, what=None):
        if what == "rssi":
            return -60 if self.isconnected() else 0
        waits = time.ticks_diff(time.ticks_ms(), self._since_ms) < CONNECT_MS
        return STAT_CONNECTING if waits and self._status != STAT_IDLE else self._status

    def isconnected(self):
        return self.status() == STAT_GOT_IP

    def ifconfig(self):
        if not self.isconnected():
            return ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
        return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")

    def config(self, name=None, **settings):
        if name is None:
            self._settings.update(settings)
            return None
        return machine.unique_id() if name == "mac" else self._settings[name]

    def scan(self):
        known = getattr(machine.here.own, "networks", None) or {}
        return [(name.encode(), machine.unique_id(), 1, -60, 3, False) for name in sorted(known)]
