"""AES, from the interpreter: the one place where the portable ciphers find it.

`new(key, mode[, iv])` is a cipher with `encrypt(blocks)` and `decrypt(blocks)`, of which one object
does one; key: 16 or 32 bytes. CPython has none; a host uses its own provider, and the kernel's
tests put a cipher of this shape here.
"""

ECB, CBC = 1, 2  # the modes every build has; counter mode is off by default
BLOCK_BYTES = 16

try:
    from cryptolib import aes as new
except ImportError:

    def new(_key, _mode, _iv=None):
        """There is none. *Raises* ImportError."""
        raise ImportError("this interpreter has no cryptolib; a board without it cannot seal")
