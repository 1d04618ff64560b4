"""Serial ports of a machine, in raw mode: what a UART link reads and writes on a host.

From a device path to a file that never blocks. It knows nothing of links.
"""

import io
import os
import termios

BAUD = 115200
_VMIN, _VTIME = termios.VMIN, termios.VTIME


def open_port(path: str, baud: int = BAUD) -> io.FileIO:
    """Open a device (`/dev/ttyUSB0`) for 8 data bits, no parity, no flow control, nothing changed.

    Its `read` and `write` give None for "not now". *Raises* OSError if it is no serial port or
    cannot be opened, ValueError for a speed that this machine does not know.
    """
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise ValueError(f"{path}: {baud} baud; expected a usual speed such as {BAUD}")
    handle = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        _make_raw(handle, speed)
    except termios.error as error:
        os.close(handle)
        raise OSError(error.args[0], f"no serial port: {error.args[1]}", path) from None
    return io.FileIO(handle, "r+")


def _make_raw(handle: int, speed: int) -> None:
    """Every byte as it is: 0x03 interrupts nobody and 0x13 stops nothing. *Source*: termios(3)."""
    control = termios.tcgetattr(handle)[6]
    control[_VMIN], control[_VTIME] = 1, 0  # with 0 and 0 an empty read would look like the end
    hardware = termios.CS8 | termios.CREAD | termios.CLOCAL
    modes = [termios.IGNBRK, 0, hardware, 0, speed, speed, control]
    termios.tcsetattr(handle, termios.TCSANOW, modes)
