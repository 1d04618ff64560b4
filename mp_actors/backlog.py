"""Blocks of readings in the flash of a board: a bounded log, oldest first, that outlasts its power.

    folder/w3-1a2b3c4d.7    blocks, one behind the other, in files of about an erase block of flash
    folder/w3-1a2b3c4d.6.t  a file whose blocks are leaving: none of them may leave a second time

A block is written by one append, `[count u16, bytes u32, CRC-32 u32, body]`, and leaves a file that
was given its other name before. So a block costs one write, a file one renaming and one removal:
readings one by one would wear the flash 64 times as much. A block that is torn, and what stands
behind it, is none. Whoever asks decides what is written and what makes room.
"""

import os
import struct
from binascii import crc32

HEAD = "!HII"
HEAD_BYTES = 10
FILE_BYTES = 4096  # what flash erases at once; a file takes as much, however little is in it
TAKEN = ".t"


class Folder:
    """A folder of real files. All of it raises OSError."""

    def __init__(self, path):
        self._path = path

    def names(self):
        """The files in it; it is made where there is none."""
        try:
            return os.listdir(self._path)
        except OSError:
            os.mkdir(self._path)
            return []

    def append(self, name, data):
        """Add to a file, which is made if need be; closed, it is in the flash."""
        try:
            stream = open(self._at(name), "ab")
        except OSError:
            self.names()  # the folder could not be made before
            stream = open(self._at(name), "ab")
        with stream:
            stream.write(data)

    def read(self, name, start, size):
        """Some bytes of a file, fewer at its end."""
        with open(self._at(name), "rb") as stream:
            stream.seek(start)
            return stream.read(size)

    def rename(self, name, to):
        """Give a file another name, in one step."""
        os.rename(self._at(name), self._at(to))

    def remove(self, name):
        """Remove a file."""
        os.remove(self._at(name))

    def _at(self, name):
        return self._path + "/" + name


class Backlog:
    """The blocks of one wire. `key`: what they are of; files under another are another wire's.

    `readings`: how many are here. `torn`: readings, or 1 where not even that is known, of blocks
    found damaged as it began, and of what had begun to leave then. `begin` comes first; each step
    may raise OSError, and nothing has changed then.
    """

    def __init__(self, disk, wire, key, limit_bytes):
        self._disk = disk
        self._limit_bytes = limit_bytes
        self._wire = "w%d-" % wire
        self._prefix = "%s%08x." % (self._wire, crc32(key.encode()) & 0xFFFFFFFF)
        self._files = []  # [number, readings, bytes], the oldest first
        self._taken = None  # the same of the file whose blocks leave; bytes: where the next is
        self._end = 0  # of that file
        self._number = 0
        self._is_open = False  # another block may go into the newest file
        self.readings = 0
        self.torn = 0

    def begin(self):
        """Find what an earlier start has left."""
        files, readings, torn, numbers = [], 0, 0, []
        for name in self._disk.names():
            number = name[len(self._prefix) :]
            if name.startswith(self._prefix) and number.isdigit():
                numbers.append(int(number))
            elif name.startswith(self._wire):
                if name.startswith(self._prefix):
                    count, _, damaged = self._measure(name)
                    torn += count + damaged
                self._disk.remove(name)
        for number in sorted(numbers):
            count, size, damaged = self._measure(self._name(number))
            readings, torn = readings + count, torn + damaged
            if size:
                files.append([number, count, size])
            else:
                self._disk.remove(self._name(number))
        self._number = max(numbers or [0])
        self._files, self.readings, self.torn = files, readings, torn

    def has_room(self, size):
        """Whether a block of so many bytes, its head included, fits now."""
        held = sum([one[2] for one in self._files]) + self._end
        return held + size <= self._limit_bytes

    def drop_oldest(self):
        """Remove the oldest file that is not leaving. Returns how many readings went with it."""
        if not self._files:
            return 0
        self._disk.remove(self._name(self._files[0][0]))
        dropped = self._files.pop(0)[1]
        self.readings -= dropped
        return dropped

    def write(self, data, readings):
        """Append a block of so many readings, as `block` makes it."""
        size = len(data)
        is_fresh = not (self._is_open and self._files) or self._files[-1][2] + size > FILE_BYTES
        if is_fresh:
            self._number += 1
        self._is_open = False  # behind what failed, nothing would be found
        try:
            self._disk.append(self._name(self._number), data)
        except OSError:
            if is_fresh:
                self._forget(self._name(self._number))
            raise
        self._is_open = True
        if is_fresh:
            self._files.append([self._number, 0, 0])
        self._files[-1][1] += readings
        self._files[-1][2] += size
        self.readings += readings

    def take(self):
        """(readings, body) of the oldest block, which is gone from here then; the body is None if
        it was damaged meanwhile, and the readings are all that are lost by that.
        """
        if self._taken is None:
            number, readings, size = self._files[0]
            self._disk.rename(self._name(number), self._name(number) + TAKEN)
            self._files.pop(0)
            self._taken, self._end = [number, readings, 0], size
        number, left, start = self._taken
        name = self._name(number) + TAKEN
        count, body = self._block(name, start)
        if body is None:
            count = left
        else:
            start += HEAD_BYTES + len(body)
        self.readings -= count
        self._taken[1:] = [left - count, start]
        if body is None or start >= self._end:
            self._taken, self._end = None, 0
            self._forget(name)
        return count, body

    def clear(self):
        """Remove all of it."""
        for number, _, _ in self._files:
            self._forget(self._name(number))
        if self._taken is not None:
            self._forget(self._name(self._taken[0]) + TAKEN)
        self._files, self._taken, self._end, self.readings = [], None, 0, 0

    def _name(self, number):
        return self._prefix + str(number)

    def _forget(self, name):
        try:
            self._disk.remove(name)
        except OSError:
            pass  # the next start removes it

    def _measure(self, name):
        """(readings, bytes) of the whole blocks of a file, and how many are torn behind them."""
        readings = size = 0
        while True:
            count, body = self._block(name, size)
            if body is None:
                return readings, size, count
            readings += count
            size += HEAD_BYTES + len(body)

    def _block(self, name, start):
        """(readings, body) of a block; body None: there is no whole one, though of so many."""
        head = self._disk.read(name, start, HEAD_BYTES)
        if len(head) < HEAD_BYTES:
            return (1 if head else 0), None
        count, size, told = struct.unpack(HEAD, head)
        # A size that is damaged must not ask for more memory than there is.
        if 0 < size <= self._limit_bytes:
            body = self._disk.read(name, start + HEAD_BYTES, size)
            if len(body) == size and _checksum(count, body) == told:
                return count, body
        return 1, None


def block(count, body):
    """The bytes of one block."""
    return struct.pack(HEAD, count, len(body), _checksum(count, body)) + body


def _checksum(count, body):
    return crc32(body, count) & 0xFFFFFFFF
