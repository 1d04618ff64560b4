"""What wires promise when any device may crash, the controller's too: more laws, on a `Diary`.

Each wire is judged by itself, by the numbers its source gave and the numbers that came:

- never out of order, never twice; but for a reliable wire whose target's device began anew: of it
  as much may come twice as was not acknowledged, and is counted
- of a reliable wire all that was taken comes, but for what waited in a source that crashed
- the newest of all comes in the end, where a full wire drops others
- no two instances of one actor, none made anew without a failure; what is full is no fuller
- at rest the controller's ledger is exact, and within what happened
"""

import tempfile
from contextlib import contextmanager
from pathlib import Path
from random import Random

from actors.sim import faults as plans
from actors.sim.world import HEAL_MS, REPORT_MS, Sim
from mp_actors import batch, full
from tests.sim.checkers import (
    QUESTION,
    Watch,
    collecting_less,
    numbers_about_to_wrap,
    set_clocks_below_wrap,
)
from tests.sim.diary import HOP, Diary, diary_site

KEEPS_NEWEST = (full.DROP_OLDEST, full.REPLACE, full.HOLD)
DRAIN_MS = 60_000
REST_MS = 10_000  # 64 readings, of which a slow board takes 50 a second, or fewer of each wire
SECONDS = 30


class Promises(Watch):
    """Watches a simulation of a `diary_site`."""

    def __init__(self, sim, diary):
        self.diary = diary
        self._taken = {}  # wire -> [(number, start of the source's device)]
        self._nodes_of = {}  # (device, start) -> node
        self._wires = sim.plan.wires
        super().__init__(sim)

    def finish(self):
        self.diary.is_calm, self.diary.flood = True, 0
        self.sim.at(self.sim.now_us + (HEAL_MS - REST_MS) * 1000, self._remember_longer)
        return super().finish()

    # -- looking

    def _began(self, node):
        self.diary.starts[node.path] += 1
        self._nodes_of[node.path, self.diary.starts[node.path]] = node
        connect = node.wires.connect

        def connected(spec):
            epoch = connect(spec)
            outbox = node.wires.outboxes.get(spec["wire"])
            if outbox is not None and "put" not in vars(outbox):
                outbox.put = self._noting(outbox, self.diary.starts[node.path])
            return epoch

        node.wires.connect = connected
        return super()._began(node)

    def _noting(self, outbox, start):
        """`put` of a wire's source, which notes what was taken."""
        put, taken = outbox.put, self._taken.setdefault(outbox.wire, [])

        def noted(value, at_us, source):
            is_taken = put(value, at_us, source)
            if is_taken:
                taken.append((value & HOP, start))
            return is_taken

        return noted

    def _judge(self):
        super()._judge()
        for sentence in self.diary.wrong:
            self._say(sentence)
        for device in self.sim.devices.values():
            if device.node is not None:
                self._check_bounds(device.node)

    def _check_bounds(self, node):
        limits = node.limits
        for number, box in node.wires.outboxes.items():
            is_reliable = self._wires[number].delivery == "reliable"
            most = max(2 * limits.queue_readings, limits.credit_readings * is_reliable)
            if len(box.values) > most:
                self._say(f"bound: {len(box.values)} wait at the source of wire {number}")
        for number, inlet in node.wires.inlets.items():
            is_local = inlet.expected is None
            most = limits.queue_readings if is_local else limits.credit_readings
            if inlet.queue and len(inlet.queue) > most:
                self._say(f"bound: {len(inlet.queue)} wait at the target of wire {number}")
        for peer in node.links.peers.values():
            # Control has as much again; the first frame goes in, and news, whatever waits.
            if peer.buffered_bytes > 2 * limits.buffer_bytes + peer.limit_bytes:
                self._say(f"bound: {peer.buffered_bytes} bytes for {peer.path} in {node.path}")

    def _is_steady(self, wire):
        ends = {_device(path) for path in (self._wires[wire].source, self._wires[wire].target)}
        return not self._is_blocked(wire) and all(
            self.sim.devices[path].node is not None and self.diary.starts[path] == 1
            for path in ends
        )

    def _is_never(self, node, wire, reason):
        """What comes before the target has the wire, comes again if it is reliable."""
        one = self._wires[wire]
        comes_again = (one.delivery == "reliable" and reason == full.GONE
                       and node.path == _device(one.target))
        return not comes_again and super()._is_never(node, wire, reason)

    def _remember_longer(self):
        self._long_before = self._heard()

    def _may_rest(self, sink, source):
        """Who is held rests until half of what waits is gone, before a slow board longer than the
        law gives; so somebody between has to be held, and to have gone on before that.
        """
        key, cells = (sink, source), self._cells_before(sink)
        return self._heard()[key] != self._long_before[key] and any(one.is_held for one in cells)

    def _cells_before(self, path):
        for wire in self._wires.values():
            if wire.target == path:
                cells = self.sim.devices[_device(wire.source)].node.scheduler.cells
                if wire.source in cells:  # else it was stopped
                    yield cells[wire.source]
                yield from self._cells_before(wire.source)

    def _is_asked_again(self, body):
        return body[:1] in QUESTION or self._wires[batch.head(body)[0]].delivery == "reliable"

    def _drain(self):
        """A slow sink has a whole window before it, and is to be heard of once more."""
        self.sim.run_until(self._is_empty, DRAIN_MS)
        self.sim.run_ms(REPORT_MS + 1000)

    def _is_empty(self):
        return not any(
            end.values if hasattr(end, "values") else end.queue
            for device in self.sim.devices.values()
            for ends in (device.node.wires.outboxes, device.node.wires.inlets)
            for number, end in ends.items() if not self._is_blocked(number)
        )

    # -- stopped actors

    def _stopped(self):
        return {
            path for device in self.sim.devices.values() if device.node is not None
            for path in device.node.scheduler.ended
        }

    def _blocked_origins(self):
        """Sources from which some way leads to an actor that is no more: it may hold all others."""
        stopped = self._stopped()
        return {
            origin for wire in self._wires.values()
            if stopped & {wire.source, wire.target}
            for origin in self._origins(wire)
        }

    def _is_blocked(self, wire):
        return bool(self._blocked_origins() & self._origins(self._wires[wire]))

    def _origins(self, wire):
        return {wire.source} | {path for _, path in wire.origins}

    # -- judging

    def _check_sinks(self):
        """Each wire by itself."""
        for number, wire in self._wires.items():
            boxes = [node.wires.outboxes[number] for node in self._nodes()
                     if number in node.wires.outboxes]
            seen = {origin: self.diary.seen.get((wire.target, origin), [])
                    for origin in self._origins(wire)}
            doubled = sum(self._check_order(wire, one) for one in seen.values())
            counted = sum(box.repeated for box in boxes) + self._in_doubt(boxes)
            if doubled > counted:
                self._say(f"order: {doubled} of wire {number} came twice; {counted} are counted")
            if wire.delivery == "reliable":
                came = {one for rows in seen.values() for one, _ in rows}
                self._check_reliable(wire, came)
            if not self._is_blocked(number):
                self._check_end(wire, seen)
        self._check_instances()

    def _in_doubt(self, boxes):
        """What sources had sent again that ended before they heard whether it came twice."""
        return sum(getattr(box, "_doubt", 0) for box in boxes if box.node in self.sim.graveyard)

    def _check_order(self, wire, seen):
        """Returns how many came twice to a target that began anew."""
        known, doubled, top, last, present = set(), 0, 0, 0, 1
        for number, start in seen:
            if start != present and wire.delivery == "reliable":
                last = 0  # what was not acknowledged comes again
            present = start
            if number <= last:
                self._say(f"order: {number} of wire {wire.number} came after {last}")
            elif number in known:
                doubled += 1
            elif number < top:
                self._say(f"order: {number} of wire {wire.number} came after {top}")
            known.add(number)
            last, top = number, max(top, number)
        return doubled

    def _check_reliable(self, wire, came):
        """All that was taken has come, but for what waited in a source that crashed."""
        device = _device(wire.source)
        present = self.diary.starts[device]
        waited, lost = {}, []
        # An actor that was stopped leaves what waited for it, counted.
        gone = sum(node.wires.inlets[wire.number].dropped.get(full.GONE, 0)
                   for node in self._nodes() if wire.number in node.wires.inlets)
        for number, start in self._taken.get(wire.number, ()):
            if number in came:
                continue
            if start == present:
                if not self._is_blocked(wire.number):
                    lost.append(number)
                continue
            if start not in waited:
                box = self._nodes_of[device, start].wires.outboxes[wire.number]
                waited[start] = {value & HOP for value in box.values}
            if number not in waited[start]:
                lost.append(number)
        if len(lost) > gone:
            self._say(f"reliable: {lost[:9]} of wire {wire.number} never came; {gone} are counted")

    def _check_end(self, wire, seen):
        """How a wire is at rest: the newest has come, nobody is held, all that was given is in it.
        """
        source, device = wire.source, _device(wire.source)
        start = self.diary.starts[device]
        if wire.full in KEEPS_NEWEST:
            for origin, rows in seen.items():
                newest = self.diary.newest.get((source, origin))
                last = rows[-1][0] if rows else None
                if newest is not None and newest[1] == start and newest[0] != last:
                    self._say(f"newest: {newest[0]} of wire {wire.number}; {last} came last")
        node = self.sim.devices[device].node
        if node.scheduler.cells[source].is_held:
            self._say(f"held: {source} rests for ever")
        ends = node.wires.inlets if wire.source_device == wire.target_device else (
            node.wires.outboxes)
        given, accepted = self.diary.given[source, start], ends[wire.number].accepted
        if given != accepted:
            self._say(f"given: {given} by {source}; wire {wire.number} accepted {accepted}")

    def _check_instances(self):
        for (path, start), born in self.diary.born.items():
            if born > 1 + self.diary.raised[path, start]:
                self._say(f"instances: {path} was made {born} times, and failed "
                          f"{self.diary.raised[path, start]} times")

    def _check_reports(self):
        """What the controller was told is exact, and within what happened."""
        super()._check_reports()
        for path, report in self.sim.reports.items():
            if report.restarts >= self.diary.starts[path]:
                self._say(f"report: {path} began {self.diary.starts[path]} times, "
                          f"and {report.restarts} times anew")
        for row in self.sim.status["wires"]:
            number = row["wire"]
            if self._is_blocked(number):
                continue
            ends = row["delivered"] + sum(row["dropped"].values()) + row["unexplained"]
            if row["in_flight"] or row["accepted"] != ends:
                self._say(f"report: not exact at rest: {row}")
            alive = [device.node for device in self.sim.devices.values()]
            least, most = self._counted(number, alive), self._counted(number, self._nodes())
            if not least[0] <= row["accepted"] <= most[0] + most[3]:
                self._say(f"report: {row['accepted']} accepted of {least[0]} to {most[0]}: {row}")
            # What a target had dealt with as it died may be known by its number alone.
            first, last = least[1] - most[3], most[1] + most[2] + most[3]
            if self._wires[number].delivery == "reliable" and least[4]:
                first = min(first, least[4] - most[2])  # all that a source in its last life knows
            if not first <= row["delivered"] <= last:
                self._say(f"report: {row['delivered']} delivered of {first} to {last}: {row}")

    def _counted(self, number, nodes):
        """(accepted, delivered, poison, sent again, acknowledged) of a wire, by its ends there."""
        accepted = delivered = poison = repeated = acknowledged = 0
        for node in nodes:
            box, inlet = node.wires.outboxes.get(number), node.wires.inlets.get(number)
            if box is not None:
                accepted += box.accepted
                repeated += box.repeated
                acknowledged += box.acknowledged
            if inlet is not None:
                delivered += inlet.delivered
                poison += inlet.dropped.get("poison", 0)
                if inlet.expected is None:
                    accepted += inlet.accepted
        return accepted, delivered, poison, repeated, acknowledged

    def _heard(self):
        """{(target, origin): the last number}, where no actor on the way is stopped."""
        blocked = self._blocked_origins()
        return {
            (path, origin): self.diary.seen[path, origin][-1:]
            for path, sources in self._sources.items() for origin in sorted(sources - blocked)
        }


@contextmanager
def watched(seed, begin=lambda _sim: None, **options):
    """The simulation of a seed's site, and who watches it from after `begin(sim)` on."""
    diary = Diary()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder, "state.json")
        stand_ins = diary.stand_ins()
        sim = Sim(diary_site(seed), seed=seed, stand_ins=stand_ins, state=state, **options)
        begin(sim)
        yield sim, Promises(sim, diary)


@collecting_less()
def run_diary(seed, seconds=SECONDS, **options):
    """One seed: any device crashes, the controller's too. Returns what was wrong, and the Sim."""
    with watched(seed, **options) as (sim, watch):
        plans.schedule(sim, faults_of(sim, seconds, Random(f"faults {seed}")))
        sim.run_ms(seconds * 1000)
        return watch.finish(), sim


def run_wrapping_diary(seed):
    """`run_diary` while all clocks and all numbers wrap."""
    with numbers_about_to_wrap():
        return run_diary(seed, begin=set_clocks_below_wrap)


def faults_of(sim, seconds, chance):
    """The faults of a seed."""
    return plans.by_chance(sim, "heavy", seconds * 1000, chance, sorted(sim.devices))


def _device(path):
    return path.rsplit("/", 1)[0]
