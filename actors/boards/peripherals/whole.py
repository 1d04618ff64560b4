"""Loads the whole model of the hardware, first of all a virtual board does, and evens it out.

A real board has its hardware outside the heap. So a virtual one gets `MODEL_KB` of heap more (see
`virtual.command`), and here that is used up exactly: whatever parts it has, what is left is the
heap of a board. Without `MODEL_KB` nothing is done, and a model is loaded when it is asked for.
"""

import gc
import os
import sys

MODULES = """
    bitstream dht_readinto i2c interrupts mpu6050_chip pwm replay rtc softi2c ssd1306_chip
    surroundings time_pulse_us touchpad uart wdt
"""
# The table of names grows by pieces, each twice the one before; from this size on they matter.
PIECE_BYTES = 10000

_kept = []


def load():
    """Import every module of the model."""
    import dht  # noqa: F401
    import esp32  # noqa: F401
    import neopixel  # noqa: F401
    import network  # noqa: F401

    for name in MODULES.split():
        __import__("peripherals." + name)


def grow(piece_bytes_min):
    """Let the table of names grow until a piece has so many bytes. Returns the bytes it has."""
    number = piece_bytes = 0
    while piece_bytes < piece_bytes_min:
        number += 1
        used_bytes = gc.mem_alloc()
        getattr(gc, f"~{number}", None)
        piece_bytes = gc.mem_alloc() - used_bytes
    return piece_bytes


def use_up(size_bytes, before_bytes):
    """Keep what is left of so many bytes, once the table of names has room for a board's own.

    A board pays for the pieces of that table as it grows. The model's names make it grow sooner, so
    it grows here to the piece after: the smaller ones together, which a board would have paid for,
    are as large as this one, and so it is left out of the account.
    """
    piece_bytes = grow(PIECE_BYTES)
    gc.collect()
    taken_bytes = gc.mem_alloc() - before_bytes - piece_bytes
    _kept.append(bytearray(max(0, size_bytes - taken_bytes)))


_kb = int(os.getenv("MODEL_KB") or 0)
if _kb:
    gc.collect()
    _before_bytes = gc.mem_alloc()
    try:
        load()
    except Exception as error:  # of a person's world.py: their drivers will meet it again
        sys.print_exception(error)
    use_up(_kb * 1024, _before_bytes)
