"""Credit: how far a wire's source may send, told by its target. Bytes <-> values, and when to tell.

A target grants numbers as far as its queue has room, so a slow one slows its own source and nobody
else: what has no credit waits at the source, where the person's policy decides. Cumulative, so a
lost grant heals with the next; a source that waits asks for it. The question travels in line with
the readings before it, so what has not come when it comes is lost: the target counts it, and grants
as if it had come. Otherwise a window that was lost as a whole would close a wire for good.

A grant is `[wire, epoch, granted, delivered]`, of class control (the source may send numbers below
`granted`; those below `delivered` are dealt with), with a 1 behind it if a reliable wire's target
began with nothing in this epoch. A question is `[wire, epoch, next]`, of the readings' class (the
number the source sends next); on a reliable wire, `next` is the first that is not acknowledged, and
behind it stands the name of the source's numbers (see `reliable`).
"""

from mp_actors.errors import RemoteWireError

QUESTION = b"\x83\x84"  # what an array of three or four begins with, and readings never


def read(body):
    """(wire, epoch, number, the fourth or None, the fifth or None). *Raises* RemoteWireError."""
    if not 3 <= len(body) <= 5:
        raise RemoteWireError("credit of %d numbers; expected 3 to 5" % len(body))
    for number in body:
        if type(number) is not int or not 0 <= number < 1 << 32:
            raise RemoteWireError("credit with %r" % (number,))
    return (tuple(body) + (None, None))[:5]
