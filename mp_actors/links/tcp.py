"""TCP: sockets that never block, on both interpreters.

MicroPython's unix port wants the packed address of `getaddrinfo`, has no name for TCP_NODELAY, and
its exceptions are plain OSError with a number.
"""

import errno
import socket

TCP, NODELAY = 6, 1  # by number: MicroPython's unix port lacks the names
_BUSY = (errno.EAGAIN, getattr(errno, "EINPROGRESS", 115), 115, 119)  # 119: ESP32's lwIP


class TcpLink:
    """One connected socket."""

    def __init__(self, sock, name):
        self.sock = sock
        self.name = name
        try:
            sock.setsockopt(TCP, NODELAY, 1)
        except (OSError, AttributeError):
            pass  # a port without it only waits a little longer

    def write(self, data):
        """Send what the socket takes. Returns that number of bytes. *Raises* OSError."""
        try:
            return self.sock.send(data)
        except OSError as error:
            if error.args and error.args[0] in _BUSY:
                return 0
            raise

    def read(self, size_max):
        """Bytes that came, b"" at the end of the stream, None for nothing yet. *Raises* OSError."""
        try:
            return self.sock.recv(size_max)
        except OSError as error:
            if error.args and error.args[0] in _BUSY:
                return None
            raise

    def close(self):
        """Close the socket; closing twice does no harm."""
        self.sock.close()


def listen(host, port):
    """A socket that listens there. *Raises* OSError."""
    family, address = _resolve(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
        sock.listen(16)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def accept(listener):
    """The next connected socket. *Raises* OSError."""
    sock, _ = listener.accept()
    sock.setblocking(False)
    return sock


def dial(host, port):
    """A socket whose connection is under way; it polls writable when done. *Raises* OSError."""
    family, address = _resolve(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as error:
        if not error.args or error.args[0] not in _BUSY:
            sock.close()
            raise
    return sock


def _resolve(host, port):
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    return found[0], found[-1]
