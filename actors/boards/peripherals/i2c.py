"""The I2C buses of a virtual board: bytes that go to an address, and what is wired there.

A part takes bytes (`write`) and gives bytes (`read`), as on the wire; what they mean is its own
matter. Each is loaded when an address is first used, and keeps its registers until the board ends.
"""

import errno

import machine
from micropython import const

# Both are on every bus unless `world.py` says otherwise.
ON_I2C = {0x3C: "ssd1306", 0x68: "mpu6050"}
_FREQUENCY_MAX_HZ = const(1000000)

_parts = {}


def part_at(address):
    """The part at this address, None if nothing is there."""
    told = getattr(machine.here.own, "on_i2c", None)
    if told == "stuck":
        raise OSError(errno.ETIMEDOUT)
    name = (ON_I2C if told is None else told).get(address)
    if name is None:
        _parts.pop(address, None)  # unplugged, it forgets
        return None
    if address not in _parts or _parts[address][0] != name:
        kind, _, option = name.partition(" ")
        module = __import__(f"peripherals.{kind}_chip", None, None, ("Chip",))
        _parts[address] = (name, module.Chip(option))
    return _parts[address][1]


class I2C:
    """A bus as its controller sees it. *Raises* OSError where nothing acknowledges."""

    def __init__(self, id=0, *, scl=None, sda=None, freq=400000, timeout=50000):
        if id not in (0, 1, -1):
            raise ValueError(f"I2C({id!r}) doesn't exist")
        if freq > _FREQUENCY_MAX_HZ or timeout < 1:
            raise ValueError("invalid frequency or timeout")
        for pin in (scl, sda):
            if pin is not None and pin.number >= machine.INPUT_PINS_FROM:
                raise ValueError("pin can only be input")

    def scan(self):
        return [address for address in range(8, 0x78) if part_at(address) is not None]

    def writeto(self, addr, buf, stop=True):
        self._at(addr).write(bytes(buf))
        return len(buf)

    def writevto(self, addr, vector, stop=True):
        return self.writeto(addr, b"".join([bytes(part) for part in vector]))

    def readfrom(self, addr, nbytes, stop=True):
        return self._at(addr).read(nbytes)

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self.readfrom(addr, len(buf))

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self.writeto(addr, bytes([memaddr]) + bytes(buf))

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        self.writeto(addr, bytes([memaddr]), False)
        return self.readfrom(addr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self.readfrom_mem(addr, memaddr, len(buf))

    def _at(self, address):
        part = part_at(address)
        if part is None:
            raise OSError(errno.ENODEV)
        return part
