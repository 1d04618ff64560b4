"""What waits for what in a roll-out. Pure: commands in, a cause and its consequences out.

A command waits for those named in its `after`, and they for others; at the end of each such chain
stands one that was sent and not answered, or one that was refused. Only those are worth saying.
"""

from collections.abc import Collection, Mapping
from typing import Any

from actors.difference import Command
from actors.plan import Plan

ROWS_MAX = 50

Key = tuple[Any, ...]


def blocked(
    plan: Plan,
    commands: Mapping[Key, Command],
    waiting: Collection[Key],
    failures: Mapping[Key, str],
    says: Mapping[Key, str],
) -> list[dict[str, Any]]:
    """One row for each command that others wait for, or that is itself not carried out.

    `commands`: all of the roll-out. `waiting`: keys of those that are not carried out. `failures`:
    what was said of those refused for good. `says`: what was heard so far of others.
    """
    consequences: dict[Key, list[Key]] = {key: [] for key in failures if key in commands}
    for key in waiting:
        for root in _roots(key, commands, waiting, failures):
            consequences.setdefault(root, [])
            if root != key:
                consequences[root].append(key)
    return [
        {
            "device": commands[root].device,
            "step": _words(plan, root),
            "is_refused": root in failures,
            "says": failures.get(root) or says.get(root, ""),
            "waits_for_it": [_words(plan, key) for key in keys],
            "actors": sorted(key[1] for key in [root, *keys] if key[0] == "spawn"),
        }
        for root, keys in list(consequences.items())[:ROWS_MAX]
    ]


def _roots(
    key: Key,
    commands: Mapping[Key, Command],
    waiting: Collection[Key],
    failures: Mapping[Key, str],
) -> list[Key]:
    """What stands at the ends of a command's chains; itself, if it waits for no other."""
    found, met, ways = [], {key}, [key]
    while ways:
        one = ways.pop()
        before = [step for step in commands[one].after if step in waiting or step in failures]
        if one in failures or not before:
            found.append(one)
            continue
        for step in before:
            if step not in met:
                met.add(step)
                ways.append(step)
    return found


def _words(plan: Plan, key: Key) -> str:
    kind = key[0]
    if kind == "map":
        return "the map of the site"
    if kind == "spawn":
        return f"actor {key[1]}"
    if kind in ("source", "target"):
        wire = plan.wires[key[1]]
        return f"wire {wire.source} → {wire.target}"
    verb = {"watch": "an answer of", "start": "start of", "stop": "stop on"}.get(kind, kind)
    return f"{verb} {key[1]}"
