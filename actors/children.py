"""Children: the processes of one run. What they say comes here, and who dies is started again.

From commands to processes that are ended whatever happens: by their own end of input, by a signal,
by force.
"""

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

AGAIN_MAX_S = 5.0  # before a process that died is started again
END_TIMEOUT_S = 3.0


class Children:
    """Processes by the path of their device. `died`: how those ended that did, in words.

    `say(path, line)`: what they say. `problems`: gets a sentence for each that died.
    """

    def __init__(self, say: Callable[[str, str], None], problems: list[str]) -> None:
        self.died: dict[str, str] = {}
        self.rests = False  # nobody is started again any more
        self._say = say
        self._problems = problems
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        self._again_s: dict[str, float] = {}
        self._delays_s: dict[str, float] = {}
        self._lines: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def start(self, path: str, command: list[str]) -> None:
        """Start one, now and whenever it dies."""
        self._commands[path] = command
        self._spawn(path)

    def pid(self, path: str) -> int | None:
        """The present process of a device; None if it never had one."""
        process = self._processes.get(path)
        return None if process is None else process.pid

    def look_after(self) -> None:
        """Pass on what they have said, note who died, start again whose time has come."""
        for path, process in self._processes.items():
            code = process.poll()
            if code is not None and path not in self.died:
                how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
                self.died[path] = how
                self._problems.append(f"{path}: the process ended ({how})")
                self._say(path, f"ended: {how}")
                # One that ends at once is tried less and less often.
                delay_s = min(AGAIN_MAX_S, 2 * self._delays_s.get(path, 0.25))
                self._delays_s[path] = delay_s
                self._again_s[path] = time.monotonic() + delay_s
        for path, when_s in list(self._again_s.items()):
            if time.monotonic() >= when_s and not self.rests:
                del self._again_s[path], self.died[path]
                self._say(path, "is started again")
                with interrupts_held():
                    self._spawn(path)
        self._listen()

    def end(self, were_told: bool) -> None:
        """End them all. `were_told`: an order is on its way to them, so first they have time."""
        if not were_told:  # to each of them the end of its input is an order, too
            for process in self._processes.values():
                assert process.stdin is not None
                process.stdin.close()
        deadline = time.monotonic() + END_TIMEOUT_S
        for process in self._processes.values():
            _wait(process, deadline)
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 1.0
        for process in self._processes.values():
            _wait(process, deadline)
            if process.poll() is None:
                process.kill()
                process.wait()
        self._listen()

    def _spawn(self, path: str) -> None:
        process = subprocess.Popen(
            self._commands[path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # Ctrl-C is for this process alone: it ends the others in order.
            start_new_session=True,
        )
        assert process.stdout is not None
        self._processes[path] = process
        threading.Thread(target=self._read, args=(path, process.stdout), daemon=True).start()

    def _read(self, path: str, stream: IO[bytes]) -> None:
        for line in stream:
            self._lines.put((path, line.decode(errors="replace").rstrip()))

    def _listen(self) -> None:
        while not self._lines.empty():
            self._say(*self._lines.get())


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait: between a fork and the note of it, it would leave an orphan."""
    held: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    former = [signal.signal(number, lambda number, _: held.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, former, strict=True):
            signal.signal(number, handler)
    if held:
        raise KeyboardInterrupt


def _wait(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        pass
