"""The node actor, `domain/device/node`: obeys the controller and tells it how things are.

Every verb may come twice and then changes nothing, so a controller can repeat what it is not sure
of. Reports are tells in pieces that fit a board's frame.
"""

import gc
import os
import sys

from mp_actors import loader
from mp_actors.actor import Actor
from mp_actors.errors import Refused
from mp_actors.path import check_name, join, split

ROWS_PER_REPORT = 5
ERROR_LENGTH_MAX = 160

SOURCE, TARGET, LOCAL = 0, 1, 2  # which ends of a wire a row of a report speaks of


class System(Actor):
    """What a device does on command."""

    def __init__(self, node, pid=None, make=loader.maker):
        self.node = node
        self.make = make
        self.pid = pid if pid is not None else getattr(os, "getpid", int)()
        self.watcher = None
        self.classes = {}

    # -- commands

    def itself(self):
        """This actor, for the place it has: it is made once, whatever fails."""
        return self

    def on_spawn(self, name, class_name, arguments):
        """Make an actor. *Raises* Refused if its class or its arguments are not usable here."""
        path = join(self.node.path, check_name(name))
        wanted = (class_name, arguments)
        if self.classes.get(path) == wanted:
            return
        make, keeper = self.make(class_name, arguments), self.node.wires.keeper
        if keeper is not None:
            make = keeper.maker(path, class_name, make)
        self.node.scheduler.spawn(path, make)
        self.classes[path] = wanted

    def on_stop(self, name):
        """End an actor in order; one that is not here changes nothing."""
        path = join(self.node.path, name)
        if path in self.classes:
            del self.classes[path]
            self._stop(path)

    def on_wire(self, spec):
        """Make the ends of a wire that live here; see `Wires.connect`. Returns the wire's epoch.

        *Raises* Refused if it was meant for another start: its epoch is one of before, in which a
        target that begins anew could not tell what has come already.
        """
        self._check_start(spec.get("start"))
        return self.node.wires.connect(spec)

    def on_unwire(self, number):
        """Remove the ends of a wire that are here; what waits in them is counted as `gone`."""
        self.node.wires.disconnect(number)

    def on_start(self, start=None):
        """Let sensors sample: all wires that leave here are made. *Raises* Refused as `on_wire`."""
        self._check_start(start)
        wires = self.node.wires
        if self.node.limits.follows_clock and (wires.flash or wires.folder in os.listdir()):
            from mp_actors import lost

            lost.tidy(wires)
        self.node.scheduler.sample(True)

    def on_halt(self):
        """Let no sensor sample any more; what is under way goes on."""
        self.node.scheduler.sample(False)

    def on_watch(self, watcher, period_ms):
        """Report to the actor at this path from now on. Returns who I am."""
        split(watcher)  # else the report would raise, where nobody catches it
        if type(period_ms) is not int or period_ms < 1:
            raise Refused("watch: a period of %r ms" % (period_ms,))
        if self.watcher is None:
            # Not a timer of this actor: reports go on while everything else is halted.
            scheduler = self.node.scheduler
            scheduler.timers.every(scheduler.now_ms, period_ms, self.report)
        self.watcher = watcher
        return self.node.incarnation

    def on_end(self):
        """Stop all actors in order and leave; the answer still goes out."""
        for path in sorted(self.classes):
            self._stop(path)
        self.classes = {}
        self.node.is_ending = True

    def on_alive(self, name):
        """[my start's number, whether an actor of this name is here]; for who watches it."""
        return [self.node.incarnation, join(self.node.path, name) in self.node.scheduler.cells]

    def on_explain(self, kind, *args):
        """Answer a person's question; see `explain`. *Raises* Refused if it is none."""
        from mp_actors import explain

        return explain.answer(self.node, kind, args)

    def _check_start(self, start):
        if start not in (None, self.node.incarnation):
            raise Refused("an order for another start of %s" % self.node.path)

    def _stop(self, path):
        if self.node.scheduler.ended.pop(path, None) is None:
            self.node.scheduler.stop(path)

    # -- reports

    def report(self):
        """Tell the watcher how things are, in pieces."""
        self.tell(self.watcher, "device", self.node.path, self.device())
        rows = self.actors()
        for start in range(0, len(rows), ROWS_PER_REPORT):
            self.tell(self.watcher, "actors", self.node.path, rows[start : start + ROWS_PER_REPORT])
        rows = self.wires()
        for start in range(0, len(rows), ROWS_PER_REPORT):
            self.tell(self.watcher, "wires", self.node.path, rows[start : start + ROWS_PER_REPORT])

    def device(self):
        """The device as a map: identity, heap, what waits, what was lost on it."""
        node = self.node
        free_bytes = None
        if hasattr(gc, "mem_free"):
            gc.collect()
            free_bytes = gc.mem_free()
        lost, refused = node.wires.lost, node.links.refused
        held = {}
        for number in sorted(node.links.peers):
            waiting = node.links.peers[number].held()
            for wire in waiting:
                held[wire] = held.get(wire, 0) + waiting[wire]
        return {
            "inc": node.incarnation,
            "interpreter": sys.implementation.name,
            "pid": self.pid,
            "free": free_bytes,
            "lost": [[wire, reason, lost[wire, reason]] for wire, reason in sorted(lost)],
            "held": [[wire, held[wire]] for wire in sorted(held)],
            "control": _with_busy(node.control.lost, node.scheduler.busy),
            "link_errors": node.links.link_errors,
            "maps_refused": getattr(node.forwarder, "refused_maps", {}),
            "peers": self.peers(),
            "refused": [key + (refused[key],) for key in sorted(refused)],
        }

    def peers(self):
        """[number, round trip in ms or None, transport, seal, times resumed] of each neighbour."""
        links, rows = self.node.links, []
        for number in sorted(links.peers):
            one = links.peers[number]
            if one.transport:
                rtt_ms = one.rtt_ms if number in links.up else None
                rows.append([number, rtt_ms, one.transport, one.seal_name, one.resumed])
        return rows

    def actors(self):
        """[name, failures, restarts, is down, last error] of each actor of a person."""
        rows = []
        for path in sorted(self.classes):
            scheduler = self.node.scheduler
            cell = scheduler.cells.get(path) or scheduler.ended[path]
            error = cell.last_error[:ERROR_LENGTH_MAX]
            rows.append([path.split("/")[2], cell.failures, cell.restarts, cell.down, error])
        return rows

    def wires(self):
        """One row for each end of a wire that is here.

        [wire, end, accepted, moved, waiting, dropped, missing, late, p50 µs, p99 µs]; `moved`: sent
        at the source, delivered at the target. At the source `missing` is what was acknowledged,
        `late` what was sent again to a target that had begun anew.
        """
        rows = []
        outboxes, inlets = self.node.wires.outboxes, self.node.wires.inlets
        for wire in sorted(outboxes):
            box = outboxes[wire]
            row = [wire, SOURCE, box.accepted, box.sent, box.waiting, box.dropped]
            rows.append(row + [box.acknowledged, box.repeated, None, None])
        for wire in sorted(inlets):
            inlet = inlets[wire]
            end = LOCAL if inlet.expected is None else TARGET
            row = [wire, end, inlet.accepted, inlet.delivered, inlet.waiting, inlet.dropped]
            row += [inlet.missing, inlet.late]
            row += [inlet.latency.percentile_us(50), inlet.latency.percentile_us(99)]
            rows.append(row)
        return rows


def _with_busy(lost, busy):
    return dict(lost, busy=busy) if busy else lost
