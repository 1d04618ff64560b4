"""Durability: what can be kept on a disk, and what is declared to be and cannot.

The rules of durable wires, of wires with flash and of actors with checkpoints, for `check`, which
knows what is pinned, and for the plan, which knows where everything is.
"""

from collections.abc import Callable, Iterable
from typing import Any

from actors.delivery import RELIABLE
from actors.device import Device
from actors.pipeline import Stage, Wire
from actors.problems import Problems, SiteError
from actors.site import Site

CHECKPOINT_MS_MIN = 10
CHECKPOINT_MS_MAX = 500  # a source that hears nothing for longer sends everything again


def has_checkpoints(stage: Stage) -> bool:
    """Whether the state of an actor is written again and again."""
    return getattr(stage.cls, "checkpoint_ms", None) is not None


def check_checkpoints(stage: Stage, device: Device | None, problems: Problems) -> None:
    """What an actor with checkpoints says makes sense where it is pinned to; None: a worker."""
    if not has_checkpoints(stage):
        return
    cls: Any = stage.cls
    name, at, period_ms = cls.__name__, stage.declared_at, cls.checkpoint_ms
    if type(period_ms) is not int or not CHECKPOINT_MS_MIN <= period_ms <= CHECKPOINT_MS_MAX:
        expected = f"{CHECKPOINT_MS_MIN} to {CHECKPOINT_MS_MAX}"
        problems.add_value(at, f"{name}.checkpoint_ms", expected, period_ms)
    missing = [verb for verb in ("state", "restore") if not callable(getattr(cls, verb, None))]
    if missing:
        problems.add(
            at,
            f"{name} has checkpoint_ms and no {' and no '.join(missing)}",
            expected="state(self), which returns what restore(self, state) takes",
            remedy="define them, or leave checkpoint_ms out",
        )
    if device is not None and device.is_board:
        problems.add(
            at,
            f"{stage.name} has checkpoints and is on a board",
            expected="a worker, which has a disk: a device without board=",
            got=f"{device.path} is a board",
            remedy="move it with at=, or leave checkpoint_ms out",
        )


def require_kept_wires(site: Site, device_of: Callable[[Stage], Device | None]) -> None:
    """*Raises* SiteError if what is to be kept is not, now that everything has its place."""
    problems = Problems()
    check_kept_wires(site.wires, device_of, problems)
    if problems:
        raise SiteError(problems.sorted(site.file))


def check_kept_wires(
    wires: Iterable[Wire],
    device_of: Callable[[Stage], Device | None],
    problems: Problems,
) -> None:
    """What is kept for a wire is kept at its source's worker, for a target that is elsewhere."""
    for wire in wires:
        source, target = device_of(wire.source), device_of(wire.target)
        if wire.durable and source is not None and source.is_board:
            problems.add(
                wire.declared_at,
                f"the durable wire {wire} begins on a board",
                expected="a source on a worker, which has a disk: a device without board=",
                got=f"{source.path} is a board",
                remedy="leave durable=True out, or draw it from an actor on a worker",
            )
        if wire.flash_kb and source is not None:
            _check_flash(wire, source, target, problems)
        ends = has_checkpoints(wire.source) or has_checkpoints(wire.target)
        is_kept = wire.durable or (wire.delivery == RELIABLE and ends)
        if is_kept and source is not None and source is target:
            what = "durable" if wire.durable else "reliable"
            problems.add(
                wire.declared_at,
                f"the {what} wire {wire} never leaves its device",
                expected="two devices: nothing is kept between two actors that die together",
                got=f"both are on {source.path}",
                remedy="pin one of them to another device with at=",
            )


def _check_flash(wire: Wire, source: Device, target: Device | None, problems: Problems) -> None:
    """What cannot leave is kept in the flash of a board, for a target that is elsewhere."""
    if not source.is_board:
        problems.add(
            wire.declared_at,
            f"the wire {wire} has flash_kb and begins on a worker",
            expected="a source on a board, which has flash: a device with board=",
            got=f"{source.path} is a worker",
            remedy="leave flash_kb out; reliable(…, durable=True) keeps readings on its disk",
        )
    elif source is target:
        problems.add(
            wire.declared_at,
            f"the wire {wire} has flash_kb and never leaves its device",
            expected="two devices: there is always a way between two actors of one",
            got=f"both are on {source.path}",
            remedy="leave flash_kb out, or pin one of them to another device with at=",
        )
