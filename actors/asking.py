"""Asking a site that runs, from an asyncio program of one's own.

    async with Run("site.py") as run:
        count = await run.ask("office/desk/store", "count")

The asyncio side of `client`: one connection to each device that is asked, in a thread, since a
console blocks. Questions to one device go one after the other.
"""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any

from actors.check import load_checked
from actors.client import Console
from actors.plan import make_plan
from actors.problems import suggestion
from actors.running import Place
from mp_actors.errors import ActorsError
from mp_actors.path import split


class Run:
    """A site that runs by `actors run`, or by `up` and `node`. Use it as a context."""

    def __init__(self, file: str | Path) -> None:
        """The file that declares the site. *Raises* SiteError."""
        self._file = Path(file)
        self._site = load_checked(file)
        self._plan = make_plan(self._site)
        self._consoles: dict[str, Console] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def __aenter__(self) -> "Run":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for device in list(self._consoles):
            self._close(device)

    async def ask(self, path: str, kind: str, *args: object) -> Any:
        """What `on_<kind>(*args)` of the actor at path, on a worker, returns.

        *Raises* UnreachableError if its device does not answer, ActorsError with what it says.
        """
        device, _ = split(path)
        if device not in self._plan.devices:
            raise ActorsError(f"{device}: no such device; {suggestion(device, self._plan.devices)}")
        async with self._locks.setdefault(device, asyncio.Lock()):
            try:
                return await asyncio.to_thread(self._ask, device, path, kind, args)
            except BaseException as error:
                # One that refuses has answered; of any other the answer may still be under way.
                if type(error) is not ActorsError:
                    self._close(device)
                raise

    def _ask(self, device: str, path: str, kind: str, args: tuple[object, ...]) -> Any:
        if device not in self._consoles:
            place = Place(self._file, self._site, self._plan)
            self._consoles[device] = place.console(device)
        return self._consoles[device].ask(path, kind, *args)

    def _close(self, device: str) -> None:
        found = self._consoles.pop(device, None)
        if found is not None:
            found.close()
