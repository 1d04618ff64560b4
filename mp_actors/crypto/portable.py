"""The provider of cryptography on boards: this module, of what is beside it; hosts have their own.

Whoever needs cryptography is given a provider and asks it for these names. What takes long on a
board is a generator (`public_key`, `x25519`, `verify`): its caller goes on with it in its own time,
or `run`s it at once. The one name a board lacks is `Gcm`.
"""

from os import urandom as random

from mp_actors.crypto.ccm import Ccm
from mp_actors.crypto.hmac import equal, hmac, sha256

__all__ = ["Ccm", "Fernet", "equal", "hkdf", "hmac", "public_key", "random", "run", "sha256"]
__all__ += ["verify", "x25519"]


def hkdf(salt, material, info, size):
    """See `hkdf`; as `public_key` and `x25519`, loaded for a handshake and not kept for ever."""
    from mp_actors.crypto import hkdf as module

    return module.hkdf(salt, material, info, size)


def public_key(private):
    """See `x25519`."""
    from mp_actors.crypto import x25519 as module

    return (yield from module.public_key(private))


def x25519(private, public):
    """See `x25519`."""
    from mp_actors.crypto import x25519 as module

    return (yield from module.x25519(private, public))


def Fernet(key):  # noqa: N802  a name every provider has
    """See `fernet`; loaded where a link asks for it, for memory."""
    from mp_actors.crypto import fernet

    return fernet.Fernet(key)


def verify(modulus, signature, message):
    """See `rsa`; loaded where something is signed."""
    from mp_actors.crypto import rsa

    return rsa.verify(modulus, signature, message)


def run(steps):
    """All the steps of a generator at once; what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
