"""A link in memory: two nodes of one process. For tests, and for looking at what goes over a wire.

Bytes move only in `pump`, so a test decides when, and cuts them where it likes.
"""


class _End:
    """One end: a link that needs no poll."""

    transport = "memory"
    address = None
    sock = None

    def __init__(self, name, capacity_bytes):
        self.name = name
        self.capacity_bytes = capacity_bytes
        self.inbox = b""
        self.other = None
        self.is_open = True
        self.is_closed = False  # by this end

    def write(self, data):
        """Take as many bytes as the other end's inbox has room for."""
        if not self.is_open:
            raise OSError("memory link is cut")
        taken = min(len(data), self.capacity_bytes - len(self.other.inbox))
        self.other.inbox += data[:taken]
        return taken

    def read(self, size_max):
        """Bytes that came, b"" once the other end closed, None for none yet. *Raises* OSError."""
        if self.is_closed:
            raise OSError("memory link is closed")
        if not self.is_open:
            return b""
        data, self.inbox = self.inbox[:size_max], self.inbox[size_max:]
        return data or None

    def close(self):
        """Both ends are closed; what is under way is lost."""
        self.is_open = self.other.is_open = False
        self.is_closed = True


def pair(name="memory", capacity_bytes=1 << 20):
    """Two connected ends; each holds up to capacity_bytes that were not read yet."""
    one, other = _End(name, capacity_bytes), _End(name, capacity_bytes)
    one.other, other.other = other, one
    return one, other


class MemoryLink:
    """Connects two nodes. `pump()` carries the bytes written so far."""

    def __init__(self, one, other, capacity_bytes=1 << 20):
        ends = [_End("memory to " + other.path, capacity_bytes)]
        ends.append(_End("memory to " + one.path, capacity_bytes))
        ends[0].other, ends[1].other = ends[1], ends[0]
        # `one` dials; it speaks first, so the other has to be there.
        accepted = other.connected(ends[1])
        dialled = one.connected(ends[0], other.number)
        self._sides = [(one, ends[0], dialled), (other, ends[1], accepted)]

    def pump(self, bytes_max=1 << 20):
        """Hand over what waits, at most bytes_max each way. Returns whether anything moved."""
        moved = False
        for node, end, connection in self._sides:
            if end.inbox and end.is_open:
                data, end.inbox = end.inbox[:bytes_max], end.inbox[bytes_max:]
                node.received(connection, data)
                moved = True
        return moved

    def cut(self):
        """Break the link: both nodes are told, bytes under way are lost."""
        for node, _, connection in self._sides:
            node.disconnected(connection, "cut")
