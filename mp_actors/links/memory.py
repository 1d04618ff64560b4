"""A link in memory: two nodes of one process. For tests, and for looking at what goes over a wire.

Bytes move only in `pump`, so a test decides when, and cuts them where it likes.
"""


class _End:
    def __init__(self, name, capacity_bytes):
        self.name = name
        self.capacity_bytes = capacity_bytes
        self.inbox = b""
        self.other = None
        self.is_open = True

    def write(self, data):
        """Take as many bytes as the other end's inbox has room for."""
        if not self.is_open:
            raise OSError("memory link is cut")
        taken = min(len(data), self.capacity_bytes - len(self.other.inbox))
        self.other.inbox += data[:taken]
        return taken

    def close(self):
        """Both ends are closed; what is under way is lost."""
        self.is_open = self.other.is_open = False


class MemoryLink:
    """Connects two nodes. `pump()` carries the bytes written so far."""

    def __init__(self, one, other, capacity_bytes=1 << 20):
        ends = [_End("memory to " + other.path, capacity_bytes)]
        ends.append(_End("memory to " + one.path, capacity_bytes))
        ends[0].other, ends[1].other = ends[1], ends[0]
        self._sides = [(node, end, node.connected(end)) for node, end in zip((one, other), ends)]

    def pump(self, bytes_max=1 << 20):
        """Hand over what waits, at most bytes_max each way. Returns whether anything moved."""
        moved = False
        for node, end, peer in self._sides:
            if end.inbox and end.is_open:
                data, end.inbox = end.inbox[:bytes_max], end.inbox[bytes_max:]
                node.received(peer, data)
                moved = True
        return moved

    def cut(self):
        """Break the link: both nodes are told, bytes under way are lost."""
        for node, _, peer in self._sides:
            node.disconnected(peer, "cut")
