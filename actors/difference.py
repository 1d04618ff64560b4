"""What brings a site from one plan to another: commands, each with what must precede it.

Pure. The controller carries them out; a first start is the difference to nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from actors.plan import Plan, WirePlan


@dataclass(frozen=True)
class Command:
    """One step: tell `device`'s node (or router) to do something, once `after` is done."""

    key: tuple[Any, ...]
    device: str
    actor: str  # node or router
    kind: str
    arguments: tuple[Any, ...]
    after: tuple[tuple[Any, ...], ...]


def diff(old: Plan | None, new: Plan) -> list[Command]:
    """The commands that bring a site from one plan to another, each with what must precede it.

    The map goes to one router, which tells its neighbours, and so on: it is at a router before
    anything that is to be forwarded by it. A wire's target end is made before its source end, both
    when the wires that leave its target are there, and a device's sensors start when every wire
    that their readings can take is there.
    """
    commands = [_removal(step) for step in _removals(old, new)]
    removed = tuple(command.key for command in commands)
    new_map = old is None or old.route_map != new.route_map
    if new_map:
        entry = next(one for one in _outward(new) if new.devices[one].is_router)
        commands.append(Command(("map",), entry, "router", "map", (new.route_map,), ()))
    for path in _outward(new):
        if old is None or path not in old.devices:
            commands.append(Command(("watch", path), path, "node", "watch", (), (("map",),)))
    for actor in new.actors.values():
        if _actor_goes_on(old, new, actor.path):
            continue
        device = actor.path.rsplit("/", 1)[0]
        arguments = (actor.name, actor.code, actor.arguments)
        after = (_ready(device), *removed)
        key = ("spawn", actor.path)
        commands.append(Command(key, device, "node", "spawn", arguments, after))
    onward = leaving(new)
    for wire in new.wires.values():
        if not _wire_goes_on(old, new, wire.number):
            commands += wire_commands(wire, (*removed, *onward.get(wire.target, ())))
    done = {command.key for command in commands}
    commands += [_start(new, path) for path in new.devices]
    return [without_unknown(command, done) for command in commands]


def _outward(plan: Plan) -> list[str]:
    """The devices' paths, the nearest to the controller first."""
    return sorted(plan.devices, key=lambda path: (len(plan.ways[path]), path))


def _removals(old: Plan | None, new: Plan) -> Iterable[tuple[str, str, Any]]:
    """(device, kind, argument) of what is in the old plan and not in the new one."""
    if old is None:
        return
    for number, wire in old.wires.items():
        if not _wire_goes_on(old, new, number):
            for device in sorted({end.rsplit("/", 1)[0] for end in (wire.source, wire.target)}):
                yield device, "unwire", number
    for path, actor in old.actors.items():
        if not _actor_goes_on(old, new, path):
            yield path.rsplit("/", 1)[0], "stop", actor.name


def _actor_goes_on(old: Plan | None, new: Plan, path: str) -> bool:
    """Whether the actor at path is the same in both: only what its device was told counts."""
    if old is None or path not in old.actors or path not in new.actors:
        return False
    before, after = old.actors[path], new.actors[path]
    return (before.code, before.arguments) == (after.code, after.arguments)


def _wire_goes_on(old: Plan | None, new: Plan, number: int) -> bool:
    """Whether a wire is the same in both. One at an actor that is made anew is not."""
    if old is None or number not in old.wires or number not in new.wires:
        return False
    before, after = old.wires[number], new.wires[number]
    ends = (after.source, after.target)
    return before.spec == after.spec and all(_actor_goes_on(old, new, end) for end in ends)


def _removal(step: tuple[str, str, Any]) -> Command:
    device, kind, argument = step
    return Command((kind, device, argument), device, "node", kind, (argument,), ())


def leaving(plan: Plan) -> dict[str, list[tuple[Any, ...]]]:
    """{actor: keys of what makes the source ends of its wires}: before them nothing is to come."""
    keys: dict[str, list[tuple[Any, ...]]] = {}
    for wire in plan.wires.values():
        keys.setdefault(wire.source, []).append(("source", wire.number))
    return keys


def wire_commands(wire: WirePlan, before: Iterable[tuple[Any, ...]]) -> list[Command]:
    """What makes both ends of a wire, the target's first."""
    source, target = wire.source.rsplit("/", 1)[0], wire.target.rsplit("/", 1)[0]
    first = Command(
        ("target", wire.number),
        target,
        "node",
        "wire",
        (wire.spec,),
        (("spawn", wire.target), _ready(target), *before),
    )
    if source == target:
        both = (*first.after, ("spawn", wire.source))
        return [Command(("source", wire.number), target, "node", "wire", (wire.spec,), both)]
    after = (("spawn", wire.source), ("target", wire.number), _ready(source), *before)
    second = Command(("source", wire.number), source, "node", "wire", (wire.spec,), after)
    return [first, second]


def _start(plan: Plan, path: str) -> Command:
    """Start a device's sensors and windows, once their readings have everywhere to go."""
    here = [actor for actor in plan.actors if actor.rsplit("/", 1)[0] == path]
    reached, found = set(here), list(here)
    needed: set[tuple[Any, ...]] = {("spawn", actor) for actor in here} | {_ready(path)}
    while found:
        actor = found.pop()
        for wire in plan.wires.values():
            if wire.source == actor:
                needed.add(("source", wire.number))
                if wire.target not in reached:
                    reached.add(wire.target)
                    found.append(wire.target)
    after = tuple(sorted(needed, key=repr))
    return Command(("start", path), path, "node", "start", (), after)


def _ready(path: str) -> tuple[str, str]:
    """The command after which a device can be told anything."""
    return ("watch", path)


def without_unknown(command: Command, known: set[tuple[Any, ...]]) -> Command:
    """Only what is done in the same difference can be waited for; the rest was done before."""
    after = tuple(key for key in command.after if key in known)
    return Command(
        command.key, command.device, command.actor, command.kind, command.arguments, after
    )
