"""TCP in the place of `socket`, which the WebAssembly port lacks; node's own does the work.

What the kernel asks of a board's, and no more: nothing blocks. Bytes cross the border as
hexadecimal text; the built-in `select.poll` asks `ioctl`.
"""

import errno
import io

import node

AF_INET = 2
SOCK_STREAM = 1
SOL_SOCKET = 0xFFF
SO_REUSEADDR = 4
_POLL = 3  # a request of ioctl: which of these flags are there?
_ALWAYS = 8 | 16  # broken and hung up are told unasked
_HUNG_UP = 16


def getaddrinfo(host, port, *_):
    """The address as it is: nobody here asks for names."""
    return [(AF_INET, SOCK_STREAM, 0, "", (host, port))]


class socket(io.IOBase):  # noqa: N801
    """A stream, or a listener."""

    def __init__(self, _family=AF_INET, _kind=SOCK_STREAM, number=None):
        self._number = number
        self._address = None

    def setblocking(self, _blocks):
        """It never does."""

    def setsockopt(self, *_):
        """It has none."""

    def connect(self, address):
        self._number = node.dial(*address)
        raise OSError(errno.EINPROGRESS)

    def bind(self, address):
        self._address = address

    def listen(self, _backlog):
        self._number = node.listen(*self._address)

    def accept(self):
        number = node.accept(self._number)
        if number < 0:
            raise OSError(errno.EAGAIN)
        return socket(number=number), ("127.0.0.1", 0)

    def send(self, data):
        taken = node.send(self._number, bytes(data).hex())
        if not taken:
            raise OSError(errno.EAGAIN)
        return taken

    def recv(self, size_max):
        data = bytes.fromhex(node.receive(self._number, size_max))
        if not data and not node.flags(self._number) & _HUNG_UP:
            raise OSError(errno.EAGAIN)
        return data

    def close(self):
        if self._number is not None:
            node.close(self._number)
            self._number = None

    def ioctl(self, request, wanted):
        if request != _POLL:
            return 0
        return node.flags(self._number) & (wanted | _ALWAYS)
