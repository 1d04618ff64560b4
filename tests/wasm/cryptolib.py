"""AES in the place of `cryptolib`, which the WebAssembly port lacks; node's own does the work.

From bytes to bytes, as hexadecimal text over the border. A cipher goes on where the last call
ended, like that of the other ports.
"""

import node


class aes:  # noqa: N801
    """`aes(key, mode[, iv])`, mode 1 (ECB) or 2 (CBC); one object seals or opens, not both."""

    def __init__(self, key, mode, iv=b""):
        self._made_of = bytes(key).hex(), mode, bytes(iv).hex()
        self._cipher = None

    def encrypt(self, blocks):
        return self._turn(blocks, True)

    def decrypt(self, blocks):
        return self._turn(blocks, False)

    def _turn(self, blocks, is_sealing):
        if len(blocks) % 16:
            raise ValueError("blksize % 16")
        if self._cipher is None:
            self._cipher = node.cipher(*self._made_of, is_sealing)
            self._made_of = None  # in hexadecimal, four times what a board keeps
        return bytes.fromhex(node.update(self._cipher, bytes(blocks).hex()))
