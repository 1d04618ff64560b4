"""Questions one device asks others, with an answer or a named failure, always.

Sent again after 0.5 s, then twice as long each time, with the same id, until the time is over; the
other side carries out a repeated question once (see `control`).
"""

from mp_actors import frame
from mp_actors.errors import LocalWireError
from mp_actors.path import split

FIRST_RETRY_MS = 500
RETRY_MAX_MS = 8000
PROOF_BYTES = 50  # of term, counter, start and what proves them


class Requests:
    """The open questions of a node, by id."""

    def __init__(self, node):
        self.node = node
        # Not 1: an answer to an earlier start of this device may still be on its way.
        self._next = node.incarnation
        self._open = {}
        self._asked = {}  # id -> number of the device, 0 where only a router knows it
        node.control.on_answer = self._answered

    def ask(self, sender, path, kind, args, then, timeout_ms=10000):
        """Ask the actor at path; `then(error, value)` is called once.

        `error` is None or (kind, text), the kind one of failed, busy, unreachable, expired.
        `sender`: path of the actor that asks.
        """
        scheduler = self.node.scheduler
        if path in scheduler.cells:
            if not scheduler.post(path, kind, args, sender, then):
                then(("busy", "%s is busy" % self.node.path), None)
            return
        device, _ = split(path)
        number = self._next
        self._next += 1
        body = {"to": path, "from": sender, "inc": self.node.incarnation, "id": number}
        body["do"], body["args"] = kind, args
        misfit = self._misfit(body)
        if device == self.node.path:
            misfit = "no such actor on this device"
        if misfit:
            then(("failed", "%s: %s" % (path, misfit)), None)
            return
        timers, now_ms = scheduler.timers, scheduler.now_ms
        self._open[number] = then

        def send(wait_ms):
            if number not in self._open:
                return
            control = self.node.control
            to_device = self._asked[number] = control.number_of(device)
            if not control.send(to_device, body) and self.node.forwarder.way(to_device) is None:
                text = "%s: unreachable from %s" % (path, self.node.path)
                self._close(number, ("unreachable", text), None)
                return
            next_ms = min(RETRY_MAX_MS, 2 * wait_ms)
            timers.after(scheduler.now_ms, wait_ms, lambda: send(next_ms))

        def expire():
            if number in self._open:
                self.node.keep("lose", kind, "expired", sender, 1, "to " + path)
            text = "%s: no answer in %d ms" % (path, timeout_ms)
            self._close(number, ("expired", text), None)

        timers.after(now_ms, timeout_ms, expire)
        send(FIRST_RETRY_MS)

    def _misfit(self, body):
        """Why a control map can never be sent, "" if it can."""
        try:
            size = len(self.node.codec.encode(body))
        except LocalWireError as error:
            return str(error)
        room = self.node.limits.out_bytes - frame.HEAD_BYTES - PROOF_BYTES
        return "" if size <= room else "%d bytes of control; %d at most" % (size, room)

    def _answered(self, number, error, value, from_device):
        asked = self._asked.get(number, 0)
        if asked and from_device is not None and from_device != asked:
            # Any router on the way may say that there is none; else whoever was asked answers.
            is_unreachable = error is not None and error[0] == "unreachable"
            if not is_unreachable or self.node.forwarder.is_leaf(from_device):
                self.node.control.lose("denied")
                return
        if error is not None and error[0] == "anew":
            return  # the next try is for the start it has told
        self._close(number, error, value)

    def _close(self, number, error, value):
        self._asked.pop(number, None)
        if number in self._open:
            self._open.pop(number)(error, value)
