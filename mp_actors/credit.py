"""Credit: how far a wire's source may send, told by its target. Bytes <-> values, and when to tell.

A target grants numbers as far as its queue has room, so a slow one slows its own source and nobody
else: what has no credit waits at the source, where the person's policy decides. Cumulative, so a
lost grant heals with the next; a source that waits asks for it. The question travels in line with
the readings before it, so what has not come when it comes is lost: the target counts it, and grants
as if it had come. Otherwise a window that was lost as a whole would close a wire for good.

A grant is `[wire, epoch, granted, delivered]`, of class control (the source may send numbers below
`granted`; those below `delivered` are dealt with). A question is `[wire, epoch, next]`, of the
readings' class (the number the source sends next).
"""

from mp_actors.errors import RemoteWireError

QUESTION = b"\x83"  # what an array of three begins with, and readings never


def read(body):
    """(wire, epoch, number, delivered or None for a question). *Raises* RemoteWireError."""
    if not 3 <= len(body) <= 4:
        raise RemoteWireError("credit of %d numbers; expected 3 or 4" % len(body))
    for number in body:
        if type(number) is not int or not 0 <= number < 1 << 32:
            raise RemoteWireError("credit with %r" % (number,))
    return tuple(body) if len(body) == 4 else tuple(body) + (None,)
