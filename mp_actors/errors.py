"""Every error the runtime raises on purpose: one class per decision a caller can take.

A message says who (the path), what happened, what was expected and got, and what to do.
"Not enough bytes yet" is a value and never an exception. A bug of ours is an assertion or a plain
Python error and is never converted into one of these.
"""


class ActorsError(Exception):
    """Base of everything the runtime raises on purpose."""


class PathError(ActorsError):
    """A path is not `domain/device/actor`, or one of its names is not allowed."""


class UnknownActor(ActorsError):
    """Nothing of this path lives on this device."""


class Refused(ActorsError):
    """A command was understood and is not carried out; the text says why."""


class WireError(ActorsError):
    """Bytes do not follow the protocol."""


class LocalWireError(WireError):
    """We were about to send something illegal: a value CBOR cannot carry, a frame too long."""


class RemoteWireError(WireError):
    """The peer sent something illegal. A link closes on it; a routed body is dropped."""
