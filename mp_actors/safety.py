"""A board that looks after itself: a hardware watchdog, and a safe mode. Loaded where it is wanted.

    order -> noted in flash -> carried out -> a minute all is well: the note goes
    reset -> the note is still there -> a second one, by the same deployment: safe mode

In safe mode actors have their places and wires but are not made: the board is up, and says why. A
changed deployment ends that: other code, another class, other arguments, or an actor less.
"""

import hashlib
import json
import os

from mp_actors import boot
from mp_actors.cell import Cell
from mp_actors.path import join
from mp_actors.system import System

NOTE = "orders.json"
RESETS_MAX = 2
WELL_MS = 60000
FEED_MS = 1000


def begun(file="config.json"):
    """The server of the board described in file; stands in place of `boot.begun`."""
    from machine import WDT

    with open(file) as stream:
        config = json.load(stream)
    watchdog = WDT(timeout=config["watchdog_ms"])
    made = []

    def make_system(node, pid):
        made.append(Guarded(node, pid, watchdog, config.get("code")))
        return made[0]

    server = boot.begin(file, make_system)
    server.driven.append(made[0])
    server.at_end.append(made[0].ended)
    return server


class Guarded(System):
    """The node actor of such a board. `code`: tells one build of the person's modules from another.

    `orders`: {actor: digest} of those carried out since this start, `blamed`: of those before the
    last reset. `held`: {path: cell} of actors that are not made. `resets`: in a row.
    """

    def __init__(self, node, pid, watchdog, code, file=NOTE):
        System.__init__(self, node, pid)
        self._watchdog = watchdog
        self._code = code
        self._file = file
        self._orders = {}
        self._held = {}
        self._well = None
        before = self._read()
        self._blamed = before["orders"] if before["code"] == self._code else {}
        self._resets = before["resets"] + 1 if self._blamed else 0
        self.is_safe = self._resets >= RESETS_MAX
        if self.is_safe:
            text = "safe mode: %d resets in a row while it carried out its orders; no actor is made"
            node.log(node.path, text % self._resets)

    def step(self, _now_ms):
        """The loop turns."""
        self._watchdog.feed()
        return FEED_MS

    def ended(self):
        """The board ends in order: that is no reset."""
        if not self.is_safe:
            self._remove()

    # -- commands

    def on_spawn(self, name, class_name, arguments):
        """Make an actor, or only its place; see `System.on_spawn`."""
        path, wanted = join(self.node.path, name), (class_name, arguments)
        if self.classes.get(path) == wanted:
            return
        held = self._held.get(path)
        if held is not None:
            held.make = lambda: self.make(class_name, arguments)()
            self.classes[path] = wanted
        digest = _digest(wanted)
        self._orders[name] = digest
        if self._blamed.get(name, digest) != digest:
            self._forgive()
        if self.is_safe and held is None:
            self._hold(path, wanted)
        elif held is None:
            self._write()
            System.on_spawn(self, name, class_name, arguments)

    def on_start(self, start=None):
        """Let sensors sample. All orders are here now. *Raises* Refused as `System.on_start`."""
        System.on_start(self, start)
        if [1 for name in self._blamed if name not in self._orders]:
            self._forgive()
        if not self.is_safe and self._well is None:
            scheduler = self.node.scheduler
            self._well = scheduler.timers.after(scheduler.now_ms, WELL_MS, self._is_well)

    def device(self):
        """The device as a map."""
        figures = System.device(self)
        if self.is_safe:
            figures["safe"] = self._resets
        return figures

    # -- safe mode

    def _hold(self, path, wanted):
        """A place for an actor that is not made; what comes for it waits, and is counted."""
        scheduler = self.node.scheduler
        make = lambda: self.make(*wanted)()  # noqa: E731
        cell = self._held[path] = scheduler.cells[path] = Cell(scheduler, path, make)
        cell.last_error = "not made: safe mode"
        self.classes[path] = wanted

    def _forgive(self):
        """This is another deployment: it has reset nobody yet."""
        self._blamed, self._resets = {}, 0
        if self.is_safe:
            self.is_safe = False
            self.node.log(self.node.path, "has other orders and leaves safe mode")
        self._write()
        held, self._held = self._held, {}
        for path in sorted(held):
            self.node.scheduler.revive(held[path])

    def _is_well(self):
        self._well = None
        self._blamed, self._resets = {}, 0
        self._remove()

    def _write(self):
        note = {"code": self._code, "resets": self._resets, "orders": self._orders}
        try:
            with open(self._file + ".new", "w") as stream:
                json.dump(note, stream)
            # The old one or the new one, whatever happens.
            os.rename(self._file + ".new", self._file)
        except OSError as error:
            self.node.log(self.node.path, "orders not noted: %s" % error)

    def _read(self):
        """The note of an earlier start; one that is damaged blames nobody."""
        try:
            with open(self._file) as stream:
                note = json.load(stream)
            if type(note["resets"]) is int and type(note["orders"]) is dict and "code" in note:
                return note
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return {"code": None, "resets": 0, "orders": {}}

    def _remove(self):
        try:
            os.remove(self._file)
        except OSError:
            pass  # there was nothing to note


def _digest(wanted):
    return hashlib.sha256(_text(wanted).encode()).digest()[:6].hex()


def _text(value):
    """A value as text, the same at each start: MicroPython's maps have no order."""
    if isinstance(value, dict):
        return "{%s}" % ",".join(sorted([_text(key) + ":" + _text(value[key]) for key in value]))
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join([_text(one) for one in value])
    return repr(value)
