"""Wi-Fi of a board: joins, notices that it is lost, joins again. Loaded where there is `wifi.json`.

Driven by the server like a dial, it never waits. Sockets are not told: their own silence ends them,
and they are dialled again. What to do, and for how long, is what MicroPython's MQTT clients have
learnt: leave before joining again, let the radio rest for a second, ask for a connection that has
lasted. *Source*: MicroPython documentation, `network.WLAN`.
"""

import json

from mp_actors import ticks

JOIN_MS = 20000  # a router that has just been switched on needs most of it
REST_MS = 1000
LOOK_MS = 1000
STEADY_MS = 5000  # so long it has to last before it counts


class Wifi:
    """The only owner of the radio. Lines about it go to the log of the node."""

    def __init__(self, node, file="wifi.json"):
        import network

        with open(file) as stream:
            self._told = json.load(stream)
        self._node = node
        self._radio = network.WLAN(network.STA_IF)
        self._radio.active(True)
        try:
            # Power saving keeps packets back for up to 0.3 s.
            self._radio.config(pm=self._radio.PM_NONE)
        except (AttributeError, ValueError, OSError):
            pass  # a port without it
        self._until_ms = None  # joining until then
        self._next_ms = None  # resting until then
        self._since_ms = None  # joined since then
        self._said = None

    def step(self, now_ms):
        """Look after it. Returns ms until it wants to be asked again."""
        if self._radio.isconnected():
            if self._since_ms is None:
                self._since_ms = now_ms
            self._until_ms = None
            if ticks.diff(now_ms, self._since_ms) >= STEADY_MS:
                self._say("joined as " + self._radio.ifconfig()[0])
        elif self._since_ms is not None:
            self._since_ms = None
            self._say("lost")
            self._rest(now_ms)
        elif self._until_ms is not None:
            if ticks.diff(now_ms, self._until_ms) >= 0:
                self._say("does not let this board in: status %s" % self._radio.status())
                self._rest(now_ms)
        elif self._next_ms is None or ticks.diff(now_ms, self._next_ms) >= 0:
            self._join(now_ms)
        return LOOK_MS

    def _join(self, now_ms):
        try:
            self._radio.connect(self._told["name"], self._told["password"])
        except OSError as error:  # the radio is busy with something else
            self._say("cannot be joined: %s" % error)
            self._rest(now_ms)
            return
        self._until_ms = ticks.add(now_ms, JOIN_MS)

    def _rest(self, now_ms):
        self._until_ms = None
        self._next_ms = ticks.add(now_ms, REST_MS)
        try:
            self._radio.disconnect()
        except OSError:
            pass  # it was not joined at all

    def _say(self, text):
        """A line, unless it is the one before."""
        if text != self._said:
            self._said = text
            self._node.log(self._node.path, "Wi-Fi %s %s" % (self._told["name"], text))
