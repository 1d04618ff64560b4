"""Boards on 32 bits, as real ones are: how one is started, and what it says of its heap.

A board is a process of its own, MicroPython's WebAssembly port under node: `boot`, the modules in
its flash and its drivers are those of any virtual board. `wasm/board.mjs` and what lies beside it
stand in for what the port lacks, and keep it out of the account: sockets, AES and chance are
node's, the hardware is the model of virtual boards, without threads, so without interrupts. The
port can collect only between two turns of the board's loop, and looks at the heap there, after a
collection. Where a board would collect within a turn, the port's heap grows.
"""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from actors.boards import virtual
from tests.portable import WASM

LOOKS = 4  # in a row, half a second apart; the one with the least free counts


class Held(NamedTuple):
    """The heap after a collection, in bytes. What it has `grown` by does not count as free."""

    free: int
    largest: int
    grown: int

    @property
    def used(self) -> int:
        """All of a virtual board's heap but what is free: its own tables, too, 7 of 224 KB."""
        return virtual.HEAP_KB * 1024 - self.free


def command(heap_kb: int, module: str) -> list[str]:
    """The argv of a board whose server that module's `begun()` makes; its cwd is a folder that
    `virtual.prepare` has laid out.
    """
    return [shutil.which("node") or "node", str(WASM / "board.mjs"), str(heap_kb), module]


def looks(said: Path) -> list[Held]:
    """What a board has said of its heap so far, in the file that its output goes to."""
    lines = said.read_text(encoding="utf-8").split("\n")[:-1]
    return [Held(**json.loads(line)) for line in lines if line.startswith("{")]


def least(said: Path) -> Held:
    """The least free of the last looks. *Raises* MemoryError if a board had nothing left."""
    found = min(looks(said)[-LOOKS:])
    if found.free < 0:
        raise MemoryError(f"{-found.free} bytes more are held than there are")
    return found
