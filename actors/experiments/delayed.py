"""A delayed line: a TCP proxy that hands on every byte so many milliseconds late.

Between two devices of a real run, in place of a cable of that length. Order is kept, bandwidth is
not limited. All lines live in one thread of their own.
"""

import asyncio
import selectors
import threading
from collections import deque
from types import TracebackType

READ_BYTES = 65536
HOST = "127.0.0.1"
END_S = 5.0
End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Lines:
    """All proxies of one run; use it as a context."""

    def __init__(self) -> None:
        # Others round each sleep up to the next millisecond.
        self._loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(END_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_S)
        self._loop.close()

    def line(self, target: tuple[str, int], delay_ms: float) -> tuple[str, int]:
        """The address of a new line that leads to target."""
        made = asyncio.run_coroutine_threadsafe(self._line(target, delay_ms / 1000), self._loop)
        return HOST, made.result(END_S)

    async def _line(self, target: tuple[str, int], delay_s: float) -> int:
        async def accepted(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            try:
                far, onward = await asyncio.open_connection(*target)
            except OSError:
                back.close()
                return
            both = _both_ways((near, back), (far, onward), delay_s)
            task = self._loop.create_task(both)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        server = await asyncio.start_server(accepted, HOST, 0)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        ended = [*self._tasks]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


async def _both_ways(one: End, other: End, delay_s: float) -> None:
    """Until both have said that they are at their end, or one is gone."""
    ways = [asyncio.ensure_future(_carry(source[0], target[1], delay_s))
            for source, target in ((one, other), (other, one))]
    try:
        await asyncio.gather(*ways)
    except OSError:
        pass  # one is gone
    finally:
        for way in ways:
            way.cancel()
        one[1].close()
        other[1].close()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float
) -> None:
    """Hand on what is read, each piece when its time has come; the end of it, too."""
    loop = asyncio.get_running_loop()
    under_way: deque[tuple[float, bytes]] = deque()
    has_come = asyncio.Event()

    async def take() -> None:
        data = b"-"
        while data:
            try:
                data = await reader.read(READ_BYTES)
            except OSError:
                data = b""
            under_way.append((loop.time() + delay_s, data))
            has_come.set()

    taking = loop.create_task(take())
    try:
        while True:
            while not under_way:
                has_come.clear()
                await has_come.wait()
            due_s, data = under_way.popleft()
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
    finally:
        taking.cancel()
