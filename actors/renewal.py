"""Renewal: what has to be said to a device that has begun anew, and to the others of it.

From a plan to the same plan under higher epochs, and the commands for that; the controller carries
them out. Pure, like the plan.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from actors.delivery import RELIABLE
from actors.difference import Command, diff, leaving, wire_commands, without_unknown
from actors.plan import Plan, WirePlan


def restored(
    plan: Plan, path: str, waiting: Collection[tuple[Any, ...]] = ()
) -> tuple[Plan, list[Command]]:
    """What brings a device back that has begun anew, and the plan from then on.

    Its actors are made, and its wires at both ends under a higher epoch. They are given nothing
    before the wires that leave them are there: what they make of it would be lost. Those that are
    reliable wait for nobody else, who may be gone; what leaves too early is sent again.
    `waiting`: keys of commands that are not carried out yet; they are waited for, too.
    """
    after = renewed(plan, path)
    mine = {number for number, wire in after.wires.items() if wire is not plan.wires[number]}
    commands = []
    for command in diff(None, after):
        kind, name = command.key[0], command.key[-1]
        its_own = kind in ("spawn", "start") and command.device == path
        if its_own or (kind in ("source", "target") and name in mine):
            if kind == "source" and command.device == path:
                command = _for_who_is_back(command, after.wires[name])
            commands.append(command)
    known = {command.key for command in commands}.union(waiting)
    return after, [without_unknown(command, known) for command in commands]


def renewed(plan: Plan, path: str) -> Plan:
    """The plan with a higher epoch for every wire between this device and others."""
    wires = dict(plan.wires)
    for wire in plan.wires.values():
        if path in (wire.source.rsplit("/", 1)[0], wire.target.rsplit("/", 1)[0]):
            wires[wire.number] = replace(wire, epoch=wire.epoch + 1)
    return replace(plan, wires=wires)


def raised(
    plan: Plan, number: int, epoch: int, waiting: Collection[tuple[Any, ...]] = ()
) -> tuple[Plan, list[Command]]:
    """The plan with a wire whose ends know a higher epoch than it has: both are told one above."""
    wires = dict(plan.wires)
    wires[number] = replace(wires[number], epoch=epoch + 1)
    after = replace(plan, wires=wires)
    target, *source = wire_commands(wires[number], leaving(after).get(wires[number].target, ()))
    known = {target.key}.union(waiting)
    return after, [without_unknown(one, known) for one in (target, *source)]


def resumed(plan: Plan, epochs: Mapping[int, int]) -> Plan:
    """The plan with the epochs that an earlier controller had given."""
    wires = {
        number: replace(wire, epoch=epochs.get(number, wire.epoch))
        for number, wire in plan.wires.items()
    }
    return replace(plan, wires=wires)


def _for_who_is_back(command: Command, wire: WirePlan) -> Command:
    """The command for a source end there; of a reliable wire, it waits for no target."""
    if wire.delivery != RELIABLE:
        return command
    after = tuple(key for key in command.after if key != ("target", wire.number))
    return replace(command, after=after)
