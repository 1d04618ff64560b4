"""Paths: the location-transparent address of an actor, `domain/device/actor`.

A name starts with a letter and goes on with letters, digits, `-` and `_`, at most 32 characters.
A device in several domains is addressed by its home domain, the one it was declared in.
"""

from mp_actors.errors import PathError

NAME_LENGTH_MAX = 32


def check_name(name):
    """Return name. *Raises* PathError if it cannot be a part of a path."""
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LENGTH_MAX:
        raise PathError("name %r: expected 1 to %d characters" % (name, NAME_LENGTH_MAX))
    for place, sign in enumerate(name):
        letter = "a" <= sign <= "z" or "A" <= sign <= "Z"
        if not letter and (place == 0 or not ("0" <= sign <= "9" or sign in "-_")):
            raise PathError(
                "name %r: %r is not allowed; a letter, then letters, digits, - and _" % (name, sign)
            )
    return name


def split(path):
    """`"a/b/c"` → `("a/b", "c")`: the device and the actor. *Raises* PathError."""
    parts = path.split("/") if isinstance(path, str) else ()
    if len(parts) != 3:
        raise PathError("path %r: expected domain/device/actor" % (path,))
    for part in parts:
        check_name(part)
    return parts[0] + "/" + parts[1], parts[2]


def check_device(path):
    """Return path, a device's `domain/device`. *Raises* PathError."""
    parts = path.split("/") if isinstance(path, str) else ()
    if len(parts) != 2:
        raise PathError("device %r: expected domain/device" % (path,))
    for part in parts:
        check_name(part)
    return path


def join(device, name):
    """The path of the actor of this name on a device (`domain/device`)."""
    return device + "/" + name
