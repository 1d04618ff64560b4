"""What lies between two ends and carries their bytes, for tests: it can be stopped, cut and mended.

A pump is a thread of the test's own process. What it carries are TCP connections to an address, or
the two ends of a serial line.
"""

import os
import pty
import queue
import selectors
import socket
import threading
import time
import tty

from processes import LIMIT_S

READ_BYTES = 65536
LOOK_S = 0.05


class Pump:
    """Carries bytes from each handle to its partner. `carried` changes them on the way."""

    def __init__(self):
        self._partners = {}  # handle -> the handle its bytes go to
        self._selector = selectors.DefaultSelector()
        self._orders = queue.SimpleQueue()
        self._is_held = False
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def hold(self):
        """Carry nothing any more, and say nothing of it: as if the cable were out."""
        self._is_held = True

    def release(self):
        """Carry on, with what has waited."""
        self._is_held = False

    def close(self):
        """End the pump and whatever it carries."""
        self._is_over = True
        self._thread.join()
        for handle in list(self._partners):
            self._drop(handle)
        self._selector.close()

    def carried(self, data):
        """What arrives of the data."""
        return data

    def ready(self, handle):
        """Bytes have come, or the end of them."""
        if handle not in self._partners:
            return  # its partner has ended it, a moment ago
        data = self.read(handle)
        try:
            if data:
                self.write(self._partners[handle], self.carried(data))
        except OSError:
            data = b""  # whoever was to get them is gone
        if not data:
            self._drop(self._partners[handle])
            self._drop(handle)

    def _join(self, one, other):
        self._partners[one], self._partners[other] = other, one
        for handle in (one, other):
            self._selector.register(handle, selectors.EVENT_READ)

    def _drop(self, handle):
        if self._partners.pop(handle, None) is not None:
            self._selector.unregister(handle)
            self.end(handle)

    def _run(self):
        while not self._is_over:
            while not self._orders.empty():
                order, is_done = self._orders.get()
                order()
                is_done.set()
            if self._is_held:
                time.sleep(LOOK_S)
                continue
            for key, _ in self._selector.select(LOOK_S):
                self.ready(key.fileobj)

    def _order(self, order):
        """Let the thread do something; whatever it carries is its own."""
        is_done = threading.Event()
        self._orders.put((order, is_done))
        assert is_done.wait(LIMIT_S)


class TcpPump(Pump):
    """A cable to an address: whoever dials `port` is connected with it, unless it is `cut`."""

    def __init__(self, port, target):
        self.port, self._target = port, target
        self._listener = None
        super().__init__()
        self.mend()

    def cut(self):
        """Break all connections and take no more: to both ends the other one is gone."""
        self._order(self._cut)

    def mend(self):
        """Take connections again."""
        self._order(self._mend)

    def _cut(self):
        for handle in list(self._partners):
            self._drop(handle)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._listener = None

    def _mend(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._selector.register(self._listener, selectors.EVENT_READ)

    def close(self):
        super().close()
        if self._listener is not None:
            self._listener.close()

    def ready(self, handle):
        if handle is not self._listener:
            super().ready(handle)
            return
        near, _ = self._listener.accept()
        try:
            self._join(near, socket.create_connection(self._target))
        except OSError:
            near.close()

    def read(self, handle):
        try:
            return handle.recv(READ_BYTES)
        except OSError:
            return b""

    def write(self, handle, data):
        handle.sendall(data)

    def end(self, handle):
        handle.close()


class SerialPump(Pump):
    """A serial line. `ports`: the two devices at its ends. Each so manieth byte is lost."""

    def __init__(self, loses_each=None):
        self.lost = 0
        self._loses_each, self._left = loses_each, loses_each
        super().__init__()
        pairs = [pty.openpty(), pty.openpty()]
        self._ends = [end for _, end in pairs]  # held open, else the line hangs up between opens
        for end in self._ends:
            tty.setraw(end)
        self.ports = [os.ttyname(end) for end in self._ends]
        self._order(lambda: self._join(*(master for master, _ in pairs)))

    def close(self):
        super().close()
        for end in self._ends:
            os.close(end)

    def carried(self, data):
        if self._loses_each is None:
            return data
        kept = b""
        while len(data) >= self._left:
            kept, data = kept + data[: self._left - 1], data[self._left :]
            self.lost += 1
            self._left = self._loses_each
        self._left -= len(data)
        return kept + data

    def read(self, handle):
        return os.read(handle, READ_BYTES)

    def write(self, handle, data):
        while data:
            data = data[os.write(handle, data) :]

    def end(self, handle):
        os.close(handle)


class SlowPump(TcpPump):
    """A cable on which all bytes take `delay_s` each way, in order; no more than `bytes_per_s`."""

    bytes_per_s = None

    def __init__(self, port, target, delay_s):
        self.delay_s = delay_s
        self._under_way = queue.SimpleQueue()
        threading.Thread(target=self._deliver, daemon=True).start()
        super().__init__(port, target)

    def close(self):
        super().close()
        self._under_way.put(None)

    def write(self, handle, data):
        self._under_way.put((time.monotonic() + self.delay_s, handle, data))

    def _deliver(self):
        while (entry := self._under_way.get()) is not None:
            due_s, handle, data = entry
            time.sleep(max(0.0, due_s - time.monotonic()))
            if self.bytes_per_s is not None:
                time.sleep(len(data) / self.bytes_per_s)
            try:
                handle.sendall(data)
            except OSError:
                pass  # that connection is gone
