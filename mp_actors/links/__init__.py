"""Links: move bytes between two nodes, nothing else. One file per medium.

A link is a stream that is whole up to the moment it ends, and says when it does:

    name, transport     for messages to people; "tcp", "unix", "uart" or "memory"
    address             of the other end, None where it has none that says who it is
    sock                what `poll` takes; None in memory
    write(data)         bytes taken, 0 when full; *raises* OSError when broken or closed
    read(size_max)      bytes, b"" at the end of the stream, None for nothing yet; *raises* OSError
    close()             the other end sees it; closing twice does no harm
    step()              only where time matters: called at every turn, returns ms until it wants to
                        be called again; *raises* OSError

`tests/wire/link_conformance.py` checks any of them.
"""

import errno

BUSY = (errno.EAGAIN, getattr(errno, "EINPROGRESS", 115), 115, 119)  # 119: ESP32's lwIP


class SocketLink:
    """One connected stream socket that never blocks."""

    transport = ""

    def __init__(self, sock, name, address=None):
        self.sock = sock
        self.name = name
        self.address = address

    def write(self, data):
        """Send what the socket takes. Returns that number of bytes. *Raises* OSError."""
        try:
            return self.sock.send(data)
        except OSError as error:
            if error.args and error.args[0] in BUSY:
                return 0
            raise

    def read(self, size_max):
        """Bytes that came, b"" at the end of the stream, None for nothing yet. *Raises* OSError."""
        try:
            return self.sock.recv(size_max)
        except OSError as error:
            if error.args and error.args[0] in BUSY:
                return None
            raise

    def close(self):
        """Close the socket; closing twice does no harm."""
        self.sock.close()
