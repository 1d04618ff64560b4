"""Arguments: what of a constructor call can travel to the device on which it is made.

From `flow.add(Class, key=value)` to the plan. Values travel as CBOR; functions and classes as
`"module:name"`, which the device imports. Here a value is judged and rewritten; nothing is called,
so the constructor of a person's class must never run here.
"""

import inspect
from collections.abc import Collection
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from actors.problems import did_you_mean, shown_value, suggestion
from mp_actors.errors import ActorsError

DEPTH_MAX = 12  # the codec takes 16; the rest is for the command that carries the arguments
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
TAKEN = ("at", "name", "replicas", "by")  # keywords of `add` itself
REMEDIES = {
    "set": "give a list: sorted(…)",
    "frozenset": "give a list: sorted(…)",
    "bytearray": "give bytes(…)",
    "memoryview": "give bytes(…)",
    "Decimal": "give float(…)",
    "Fraction": "give float(…)",
    "datetime": "give a number of seconds, or text: .isoformat()",
    "timedelta": "give a number: .total_seconds()",
    "Stage": "wire stages with >>",
    "Device": "give its path: device.path",
}
REMEDY_OTHER = "give plain values and build it inside __init__, which runs on the device"


class Reference(NamedTuple):
    """Something a device imports by name."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


class ArgumentError(ActorsError):
    """An argument that cannot travel, or that a constructor does not take."""

    def __init__(self, what: str, expected: str = "", got: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.expected, self.got, self.remedy = what, expected, got, remedy


def travelling(value: object, where: str, references: list[Reference], depth: int = 0) -> Any:
    """The value as it is sent; functions and classes become text and are put in references.

    where: how the person would name the place, as in `table['x'][2]`. *Raises* ArgumentError.
    """
    kind = type(value)
    if value is None or kind in (bool, float, bytes):
        return value
    if kind is int:
        return _checked_integer(value, where)
    if kind is str:
        return _checked_text(value, where)
    if kind in (list, tuple, dict) and depth >= DEPTH_MAX:
        outermost = where.partition("[")[0]
        raise ArgumentError(f"{outermost} is nested too deeply", f"depth {DEPTH_MAX} at most")
    if isinstance(value, list | tuple) and kind in (list, tuple):
        return [
            travelling(item, f"{where}[{place}]", references, depth + 1)
            for place, item in enumerate(value)
        ]
    if isinstance(value, dict) and kind is dict:
        return {
            _checked_key(key, where): travelling(item, f"{where}[{key!r}]", references, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, type) or callable(value):
        reference = reference_to(value, where)
        references.append(reference)
        return str(reference)
    raise ArgumentError(
        f"{where} cannot be sent to a device",
        "a number, text, bytes, true/false, None, or a list or dict of these",
        shown_value(value),
        _remedy_for(value),
    )


def reference_to(thing: Any, where: str) -> Reference:
    """How a device would import a function or class. *Raises* ArgumentError if it could not."""
    if isinstance(thing, BuiltinFunctionType) and isinstance(thing.__self__, ModuleType):
        return Reference(thing.__module__, thing.__name__)
    got = ""
    if isinstance(thing, MethodType | BuiltinFunctionType):
        got = "a method of an object"
    elif not isinstance(thing, type | FunctionType):
        got = shown_value(thing)
    elif thing.__name__ == "<lambda>":
        got = "a lambda, which has no name"
    elif thing.__qualname__ != thing.__name__:
        got = f"{thing.__qualname__}, which is defined inside something else"
    if got:
        raise ArgumentError(
            f"{where} cannot be imported by a device",
            "a function or class with a name at the top level of a module",
            got,
            "define it with def or class at the top level of a module beside the site file",
        )
    return Reference(thing.__module__, thing.__name__)


def misfits(cls: type, given: Collection[str]) -> list[ArgumentError]:
    """How the given keywords differ from what the constructor of cls takes.

    A misspelt keyword is told once: what it was meant to be is not missing as well.
    """
    try:
        parameters = list(inspect.signature(cls).parameters.values())
    except (TypeError, ValueError):  # a constructor written in C does not say what it takes
        return []
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    takes = [one for one in parameters if one.kind in named]
    names = [one.name for one in takes]
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters)
    found = [
        ArgumentError(
            f"{cls.__name__} takes no argument {unknown!r}",
            ", ".join(names) or "no arguments at all",
            remedy=suggestion(unknown, names) if names else f"leave {unknown}= out",
        )
        for unknown in given
        if unknown not in names and not takes_any
    ]
    meant = {did_you_mean(unknown, names) for unknown in given if unknown not in names}
    for one in takes:
        if one.name in TAKEN and one.default is one.empty:
            found.append(_taken(cls, one.name))
        elif one.default is one.empty and one.name not in {*given, *meant}:
            found.append(
                ArgumentError(
                    f"{cls.__name__} needs an argument {one.name!r}",
                    ", ".join(names),
                    remedy=f"add {one.name}=… to this line",
                )
            )
    return found


def setting(stage: Any, name: str) -> float | None:
    """A setting of an actor: what its constructor is given, that one's default, or its class's."""
    if name in stage.arguments:
        value = stage.arguments[name]
    else:
        try:
            parameter = inspect.signature(stage.cls).parameters.get(name)
        except (TypeError, ValueError):
            parameter = None
        value = None if parameter is None else parameter.default
        if not isinstance(value, int | float):
            value = getattr(stage.cls, name, None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if is_number else None


def _taken(cls: type, name: str) -> ArgumentError:
    return ArgumentError(
        f"the constructor of {cls.__name__} cannot be given {name!r}",
        got=f"{name}= is a keyword of add() itself",
        remedy=f"call the parameter of {cls.__name__}.__init__ something else",
    )


def _checked_integer(value: Any, where: str) -> int:
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        what = f"{where} is too large an integer"
        raise ArgumentError(what, "from -2**63 to 2**63 - 1", f"{value.bit_length()} bits")
    return int(value)


def _checked_text(value: Any, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        what = f"{where} is no valid text"
        raise ArgumentError(what, "text without halves of signs", repr(value)[:60]) from error
    return str(value)


def _checked_key(key: object, where: str) -> str | int:
    if type(key) is int:
        return _checked_integer(key, f"a key of {where}")
    if type(key) is str:
        return _checked_text(key, f"a key of {where}")
    raise ArgumentError(
        f"{where} has a key that cannot be sent to a device",
        "text or integers as keys",
        shown_value(key),
    )


def _remedy_for(value: object) -> str:
    kind = type(value)
    if kind.__name__ in REMEDIES:
        return REMEDIES[kind.__name__]
    if hasattr(value, "__fspath__"):
        return "give str(…)"
    for plain in (int, float, str, bytes, list, tuple, dict):
        if isinstance(value, plain):
            return f"give {plain.__name__}(…)"
    return REMEDY_OTHER
