"""Handlers that wait: `async def` in the actors of workers, on the thread of their node.

    verb -> coroutine -> a task, its actor held -> value, error -> wires, supervision; actor goes on

While a handler waits, all other actors work. The next value of its own actor waits in its inlet, as
do messages to it: state stays private and order is kept, and nothing may wait for what only its own
actor could bring about. A period or a window that ends meanwhile is left out, as at an actor that a
full wire holds. The asyncio loop never sleeps: it has a part in each turn of the node's own loop,
which polls its selector and knows its next deadline. So a coroutine may use `emit`, `tell` and the
rest like any handler.
"""

import asyncio
import inspect
import selectors
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from mp_actors.cell import Cell
from mp_actors.scheduler import Scheduler
from mp_actors.serve import Server

IDLE_MS = 60_000
ROUNDS = 16  # of the asyncio loop in one turn: a coroutine that never really waits is no flood

Verb = Callable[..., Any]
Error = tuple[str, str] | None  # (kind, text); see `mp_actors.control`
Done = Callable[[BaseException | None, Any], None]
Lost = Callable[[], None]
Message = tuple[str, str, list[Any], str, Any]  # as in `Scheduler.post`


async def offload(function: Callable[..., Any], *args: Any) -> Any:
    """What function(*args) returns or raises; it may block, for a thread of its own runs it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return function(*args)  # a simulation, or a test without any loop
    future: asyncio.Future[Any] = loop.create_future()

    def work() -> None:
        try:
            outcome = partial(_set, future, function(*args), None)
        except BaseException as error:
            outcome = partial(_set, future, None, error)
        try:
            loop.call_soon_threadsafe(outcome)
        except RuntimeError:
            pass  # the device has ended meanwhile

    # A thread that hangs must not keep its process from ending, which those of a pool would.
    threading.Thread(target=work, daemon=True).start()
    return await future


def _set(future: "asyncio.Future[Any]", value: Any, error: BaseException | None) -> None:
    if future.done():
        return  # nobody waits any more
    if error is None:
        future.set_result(value)
    elif isinstance(error, StopIteration | SystemExit | KeyboardInterrupt):
        future.set_exception(RuntimeError(f"{type(error).__name__} in a thread"))
    else:
        future.set_exception(error)


class _Glance(selectors.DefaultSelector):
    """Lets its loop do what is ready, once; never sleeps, and notes how long that would have."""

    stop: Callable[[], None]
    wait_s: float | None = None
    has_work = False

    def select(self, timeout: float | None = None) -> list[Any]:
        self.wait_s = timeout
        self.stop()
        found = super().select(0)
        self.has_work = bool(found) or timeout == 0
        return found


class Patient(Scheduler):
    """A scheduler some of whose handlers may wait."""

    awaits: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.awaits = Awaiting(self)

    def stop(self, path: str) -> None:
        """End the actor at path; what a handler of it waits for does not matter any more."""
        cell = self.cells.get(path)
        if cell is not None:
            self.put_back(self.awaits.stopped(cell))
        super().stop(path)

    def put_back(self, messages: list[Message]) -> None:
        """Let messages that had to wait come before all others."""
        self._control.extendleft(reversed(messages))

    def _run_control(self) -> None:
        """Let the first message wait if its actor does; else carry it out, perhaps for long."""
        path, kind, args, sender, answer = message = self._control.popleft()
        if self.awaits.keeps(message):
            return

        def answered(error: Error, value: Any) -> None:
            if inspect.iscoroutine(value):
                self.awaits.answer(self.cells[path], value, answer)
            elif answer is not None:
                answer(error, value)
            elif error is not None:
                self.log(path, error[1])

        self._control.appendleft((path, kind, args, sender, answered))
        super()._run_control()

    def _every(self, cell: Cell, period_ms: int, verb: Verb) -> Any:
        return super()._every(cell, period_ms, self.awaits.source(cell, verb))


class Awaiting:
    """Carries out the handlers of one node that wait.

    Also what a `Server` drives, and the endpoint that it polls.
    """

    wants_write = False
    is_closed = False

    def __init__(self, scheduler: Patient) -> None:
        self._scheduler = scheduler
        self._server: Server | None = None
        self._loop: asyncio.SelectorEventLoop | None = None
        self._tasks: dict[Cell, tuple[asyncio.Task[Any], Lost]] = {}
        self._kept: dict[Cell, list[Message]] = {}

    def serve(self, server: Server) -> None:
        """Let this server drive me."""
        self._server = server
        server.driven.append(self)
        server.at_end.append(self.close)

    # -- what the scheduler asks

    def verb(self, inlet: Any, verb: Verb) -> Verb:
        """The verb that takes the values of a wire, or what begins it if it waits."""
        if not inspect.iscoroutinefunction(verb):
            return verb
        cell = inlet.cell

        def begin(value: Any) -> None:
            at_us, source = cell.actor.at_us, cell.actor.source
            coroutine = verb(value)
            inlet.in_hand = 1
            inlet.undelivered += 1

            def done(error: BaseException | None, made: Any) -> None:
                inlet.in_hand = 0
                if error is not None:
                    inlet.drop("poison", 1)
                    self._scheduler.fail(cell, error)
                    return
                inlet.undelivered -= 1
                if made is not None:
                    cell.emit(made, at_us, source)

            def lost() -> None:
                inlet.in_hand = 0
                inlet.drop("gone", 1)

            self._begin(cell, coroutine, done, lost)

        return begin

    def source(self, cell: Any, verb: Verb) -> Verb:
        """`sample` or `result`, or what begins it if it waits."""
        if not inspect.iscoroutinefunction(verb):
            return verb

        def begin() -> None:
            at_us = cell.actor.at_us

            def done(error: BaseException | None, made: Any) -> None:
                if error is not None:
                    cell.handled -= 1
                    self._scheduler.fail(cell, error)
                elif made is not None:
                    self._scheduler.flow.begin(cell, made, at_us)

            self._begin(cell, verb(), done, lambda: None)

        return begin

    def answer(self, cell: Cell, coroutine: Coroutine[Any, Any, Any], answer: Any) -> None:
        """The handler of a message waits; whoever asked gets the answer when it is done."""

        def done(error: BaseException | None, made: Any) -> None:
            if error is not None:
                cell.handled -= 1
                self._scheduler.fail(cell, error)
            if answer is not None:
                failed = None if error is None else ("failed", f"{cell.path}: {cell.last_error}")
                answer(failed, made)

        def lost() -> None:
            if answer is not None:
                answer(("failed", f"{cell.path}: was stopped meanwhile"), None)

        self._begin(cell, coroutine, done, lost)

    def keeps(self, message: Message) -> bool:
        """Whether a message has to wait, since a handler of its actor does."""
        path, answer = message[0], message[4]
        cell = self._scheduler.cells.get(path)
        if cell not in self._tasks:
            return False
        kept = self._kept.setdefault(cell, [])
        if len(kept) < self._scheduler.control_bound:
            kept.append(message)
        else:
            self._scheduler.busy += 1
            if answer is not None:
                answer(("busy", f"{path} is busy"), None)
        return True

    def stopped(self, cell: Cell) -> list[Message]:
        """This actor ends. Returns the messages that have waited for it."""
        found = self._tasks.pop(cell, None)
        if found is not None:
            task, lost = found
            task.cancel()
            lost()
        return self._kept.pop(cell, [])

    # -- what the server asks

    @property
    def sock(self) -> selectors.BaseSelector:
        """What becomes readable when the asyncio loop has work."""
        return self._selector

    def ready(self, _can_read: bool, _can_write: bool, _is_broken: bool) -> None:
        """The next step comes at once."""

    def step(self, _now_ms: int) -> int:
        """Let coroutines go on. Returns ms until one is due."""
        if self._loop is None:
            return IDLE_MS
        selector = self._selector
        has_worked = False
        for _ in range(ROUNDS):
            self._loop.run_forever()  # for one round, see `_Glance`
            if not selector.has_work:
                break
            has_worked = True
        if has_worked:
            return 0  # actors may have work now
        wait_s = selector.wait_s
        return IDLE_MS if wait_s is None else min(IDLE_MS, int(1000 * wait_s) + 1)

    def close(self) -> None:
        """Cancel what still waits; it may clean up, but not wait again for long."""
        loop = self._loop
        if loop is None:
            return
        if self._server is not None:
            self._server.forget(self)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        self._tasks.clear()
        self.step(0)
        self._loop = None
        loop.close()

    # -- tasks

    def _begin(
        self, cell: Cell, coroutine: Coroutine[Any, Any, Any], done: Done, lost: Lost
    ) -> None:
        """Run a handler; then `done(error, value)` or, if its actor was stopped, `lost()`."""
        loop = self._loop or self._open()
        cell.hold(self)
        task = loop.create_task(coroutine)
        self._tasks[cell] = (task, lost)
        task.add_done_callback(partial(self._finished, cell, done))

    def _finished(self, cell: Cell, done: Done, task: "asyncio.Task[Any]") -> None:
        cancelled = asyncio.CancelledError("cancelled itself")
        error = cancelled if task.cancelled() else task.exception()
        if cell not in self._tasks or self._tasks[cell][0] is not task:
            return  # the actor was stopped
        del self._tasks[cell]
        done(error, None if error is not None else task.result())
        self._scheduler.put_back(self._kept.pop(cell, []))
        cell.release(self)

    def _open(self) -> asyncio.SelectorEventLoop:
        self._selector = _Glance()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._selector.stop = self._loop.stop
        if self._server is not None:
            self._server.watch(self)
        return self._loop
