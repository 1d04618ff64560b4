"""Reports: the shape of what devices tell the controller, checked before anybody reads it.

A report comes from a device that may have been taken over; one that is not understood is refused as
a whole, so that a lie costs its device its figures and the controller nothing.
"""

from typing import Any

from mp_actors.errors import Refused

_COUNTS = {str: int}
_DEVICE = {
    "inc": int,
    "interpreter": str,
    "pid": (int, None),
    "free": (int, None),
    "lost": [(int, str, int)],
    "held": [(int, int)],
    "control": _COUNTS,
    "link_errors": _COUNTS,
    "maps_refused": _COUNTS,
    "peers": [(int, (int, float, None), str, str, int)],
    "refused": [(int, str, int)],
    "blocked": [(str, str, int, int)],
    "safe": int,
}
_AGE_US = (int, float, None)
SHAPES: dict[str, Any] = {
    "device": _DEVICE,
    "actors": [(str, int, int, bool, str)],
    "wires": [(int, int, int, int, int, _COUNTS, int, int, _AGE_US, _AGE_US)],
}


def check(kind: str, report: Any) -> None:
    """*Raises* Refused for a report that is none; a figure of a device may be missing."""
    if not _fits(report, SHAPES[kind]) or (kind == "device" and "inc" not in report):
        raise Refused(f"a report of kind {kind} that is not understood")


def _fits(value: Any, shape: Any) -> bool:
    if isinstance(shape, list):  # rows
        return isinstance(value, list) and all(_is_row(row, shape[0]) for row in value)
    if shape is _DEVICE:
        return isinstance(value, dict) and all(
            name in shape and _fits(figure, shape[name]) for name, figure in value.items()
        )
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            type(name) is str and type(count) is int for name, count in value.items()
        )
    kinds = shape if isinstance(shape, tuple) else (shape,)
    return any(value is None if one is None else type(value) is one for one in kinds)


def _is_row(row: Any, shape: tuple[Any, ...]) -> bool:
    # A tuple where a row is made in this process, a list when it came over a link.
    return (
        isinstance(row, list | tuple)
        and len(row) == len(shape)
        and all(map(_fits, row, shape))
    )
