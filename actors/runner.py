"""`run`: every local device as a child process, a live screen, and a summary at the end.

It starts what `node` and `up` start, asks the controller like any other console, and ends what it
started, whatever happens. A child ends by itself when this process does: its standard input closes.
"""

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console as Screen
from rich.live import Live

from actors import summary, view
from actors.boards import virtual
from actors.boards.interpreter import BoardError
from actors.children import Children, interrupts_held
from actors.client import ANSWER_TIMEOUT_S, Console, UnreachableError
from actors.guards import is_sealed, keys_for
from actors.keys import CONSOLE
from actors.keystore import Store
from actors.launch import Address, free_addresses, write_addresses
from actors.plan import Plan
from actors.running import remove_note, write_note
from actors.site import Site
from mp_actors.errors import ActorsError
from mp_actors.path import join

POLL_S = 0.25
PATIENCE_S = 1.0  # for a status: whoever hangs is not to look up meanwhile
READY_TIMEOUT_S = 30.0
NEVER_S = float("inf")
DRAIN_S = 2.0  # what is in flight after that is expired
REST_TIMEOUT_S = 6.0

Errand = Callable[[dict[str, Any]], bool]


class Runner:
    """One run of a site. `run` does all of it."""

    def __init__(self, site: Site, plan: Plan, screen: Screen) -> None:
        self.site = site
        self.plan = plan
        self.screen = screen
        self.problems: list[str] = []
        self.events: list[str] = []
        self._addresses: dict[str, Address] = free_addresses(site)
        self._children = Children(self._say, self.problems)
        self._console: Console | None = None
        self._status: dict[str, Any] = {}
        self._status_s = 0.0  # when that was told
        self._rested_s: float | None = None
        self._rates: dict[tuple[str, str], float] = {}
        self._last: tuple[float, dict[int, int]] | None = None
        self._store: Store | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="mp-actors-run-"))

    def run(self, seconds: float | None, errand: Errand | None = None) -> dict[str, Any]:
        """Run until `seconds` of flow are over, or Ctrl-C. Returns the summary.

        `errand`: given each status of the site once it is ready; the run ends when it returns True.
        *Raises* KeysError, with nothing started, if there are keys and they cannot be used.
        """
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            try:
                with interrupts_held():
                    self._start()
                self._watch(seconds, errand)
            except KeyboardInterrupt:
                self._say("", "ending; once more ends at once")
            self._rest()
        except KeyboardInterrupt:
            self.problems.append("ended before everything in flight had arrived")
        finally:
            self._rested_s = time.monotonic()
            # Ending takes a bounded time; who presses again gets no orphans and still a summary.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._end()
        return self._summary(final=True)

    # -- processes

    def _start(self) -> None:
        keys_for(self.site, self._keys(), CONSOLE)  # what is wrong with them is told once, here
        file = self._folder / "addresses.json"
        write_addresses(self._addresses, file)
        write_note(Path(self.site.file), file, self._keys().folder)
        options = ["--addresses", str(file), "--keys", str(self._keys().folder), "--attached"]
        for path, address in self._addresses.items():
            if address.tap is not None:
                self._say(path, f"tap at {_shown(address.tap)}")
        self._compile_ahead()
        # The controller's device first: what waits for others is worth starting early.
        order = sorted(self.plan.devices, key=lambda path: path != self.plan.controller)
        for path in order:
            device = self.plan.devices[path]
            if not device.is_local:
                word = "flash" if device.is_real_board else "node"
                self._say(path, f"is not local; start it there: actors {word} SITE.py {path}")
                continue
            command = ["up"] if path == self.plan.controller else ["node"]
            command += [self.site.file] + ([path] if command == ["node"] else [])
            self._children.start(path, [sys.executable, "-m", "actors", *command, *options])

    def _compile_ahead(self) -> None:
        if any(one.is_board and one.host == "local" for one in self.plan.devices.values()):
            with suppress(BoardError):  # each board says it for itself
                virtual.compile_ahead(self.site.folder)

    def _keys(self) -> Store:
        """Those beside the site file; without any, some for this run alone."""
        if self._store is None:
            self._store = Store.beside(self.site.file)
            if is_sealed(self.site) and not self._store.folder.exists():
                self._store = Store(self._folder / "keys", self.site.file)
                self._store.make(self.site)
        return self._store

    def _end(self) -> None:
        """End what was started, and leave nothing behind."""
        try:
            self._ask("end")
            were_told = True
        except ActorsError:  # nobody passes the order on
            were_told = False
        self._children.end(were_told)
        if self._console is not None:
            self._console.close()
        remove_note(Path(self.site.file))
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- watching

    def _watch(self, seconds: float | None, errand: Errand | None = None) -> None:
        """Look at the site until the time is over, or the errand is done."""
        all_local = all(device.is_local for device in self.plan.devices.values())
        given_up_s = time.monotonic() + READY_TIMEOUT_S if all_local else NEVER_S
        with Live(console=self.screen, auto_refresh=False, transient=True) as display:
            while True:
                self._children.look_after()
                self._refresh()
                flowed_s = self._status.get("seconds", 0.0)
                if self.screen.is_terminal:
                    left_s = None if seconds is None else max(0.0, seconds - flowed_s)
                    shown = self._summary(final=False)
                    picture = view.live(
                        shown, self._rates, self.events, left_s, self.screen.width
                    )
                    display.update(picture, refresh=True)
                if seconds is not None and flowed_s >= seconds:
                    return
                if self._status.get("failures"):
                    return
                if self._status.get("ready"):
                    given_up_s = NEVER_S  # what begins anew later has all the time it needs
                    if errand is not None and errand(self._status):
                        return
                if time.monotonic() > given_up_s:
                    self.problems.append(f"not ready after {READY_TIMEOUT_S:g} s")
                    return
                time.sleep(POLL_S)

    def _refresh(self) -> None:
        try:
            self._status = self._ask("status", PATIENCE_S)
        except ActorsError:
            return
        now_s = self._status_s = time.monotonic()
        delivered = {row["wire"]: row["delivered"] for row in self._status["wires"]}
        if self._last is None:
            self._last = (now_s, delivered)
        elif now_s - self._last[0] >= 1.0:
            then_s, before = self._last
            for number, count in delivered.items():
                wire = self.plan.wires[number]
                rate = (count - before.get(number, 0)) / (now_s - then_s)
                self._rates[wire.source, wire.target] = rate
            self._last = (now_s, delivered)

    def _rest(self) -> None:
        """Halt the sensors and wait until nothing moves any more, for a bounded time."""
        self._children.rests = True
        self._refresh()
        if not self._status or self.plan.controller in self._children.died:
            return
        is_ready = self._status["ready"]  # so who was not heard yet soon will be
        try:
            self._ask("halt")
        except ActorsError:
            return
        rested_s = None
        deadline = time.monotonic() + REST_TIMEOUT_S
        while time.monotonic() < deadline:
            time.sleep(POLL_S)
            self._children.look_after()
            self._refresh()
            awaited = [one for path, one in self._status["devices"].items()
                       if path not in self._children.died
                       and (one["alive"] or (is_ready and one["age_s"] is None))]
            if not all(device["rested"] for device in awaited):
                continue
            rested_s = rested_s or time.monotonic()
            under_way = sum(
                row["in_flight"] + row["unexplained"] for row in self._status["wires"]
            )
            if not under_way or time.monotonic() - rested_s > DRAIN_S:
                return

    def _ask(self, kind: str, patience_s: float = ANSWER_TIMEOUT_S) -> Any:
        """Ask the controller. *Raises* UnreachableError."""
        if self._console is None:
            listen = self._addresses[self.plan.controller].listen
            assert listen is not None, "check() refuses a controller that cannot be reached"
            number = self.plan.devices[self.plan.controller].number
            keys = keys_for(self.site, self._keys(), CONSOLE)
            self._console = Console(*listen, number, keys, patience_s)
        self._console.patience(patience_s)
        try:
            return self._console.ask(join(self.plan.controller, "controller"), kind)
        except UnreachableError:
            self._console.close()
            self._console = None
            raise

    # -- saying

    def _say(self, path: str, line: str) -> None:
        text = f"{path} │ {line}" if path else line
        self.events.append(text)
        del self.events[:-50]
        if not self.screen.is_terminal:
            self.screen.print(text, markup=False, highlight=False, soft_wrap=True)

    def _summary(self, final: bool) -> dict[str, Any]:
        status = dict(self._status)
        if status:
            devices = {
                path: {**told, "alive": told["alive"] and path not in self._children.died}
                for path, told in status["devices"].items()
            }
            status["devices"] = devices
            if final:
                status = summary.closed(self.plan, status)
        age_s = (self._rested_s or time.monotonic()) - self._status_s
        processes = self._processes()
        return summary.summarise(self.plan, status, processes, self.problems, (), age_s)

    def _processes(self) -> Mapping[str, Mapping[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for path, address in self._addresses.items():
            pid = self._children.pid(path)
            found[path] = {
                "pid": pid,
                "address": _shown(address.listen),
                "tap": _shown(address.tap),
                "alive": None if pid is None else path not in self._children.died,
            }
        return found


def _shown(address: tuple[str, int] | None) -> str | None:
    return None if address is None else f"{address[0]}:{address[1]}"


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
