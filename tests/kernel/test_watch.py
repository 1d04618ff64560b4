"""Watching: told once, in time, with the right reason: an actor, its device, the way there."""

from helpers import Keeper, Row, Source, refusal

from mp_actors import Actor
from mp_actors.errors import PathError
from mp_actors.watch import GONE_MS

WATCHER, HERE, FAR = "a/one/watcher", "a/one/other", "c/three/other"
WITHIN_MS = 7000


class Watcher(Actor):
    """Watches from its start; one list of what it was told, with the time, of all instances."""

    told = []
    paths = ()
    again = False

    def started(self):
        for path in Watcher.paths:
            self.watch(path)

    def on_gone(self, path, reason):
        Watcher.told.append((path, reason, self._cell.scheduler.now_ms))
        if Watcher.again:
            self.watch(path)

    def on_watch(self, path):
        self.watch(path)

    def on_unwatch(self, path):
        self.unwatch(path)

    def on_fail(self):
        raise OSError("asked to")


class Site:
    """A watcher on device 1, that watches what is there and what is on device 3."""

    def __init__(self, paths=(FAR,), spawns=True, is_board=False):
        Watcher.told, Watcher.paths, Watcher.again = [], paths, False
        self.row = Row(is_board)
        self.one, self.two, self.three = self.row.nodes
        if spawns:
            self.one.scheduler.spawn(HERE, Keeper)
            self.three.scheduler.spawn(FAR, Keeper)
        self.cell = self.one.scheduler.spawn(WATCHER, Watcher)
        self.row.run(3000)
        self.since_ms = self.one.scheduler.now_ms

    def tell(self, kind, *args):
        self.one.scheduler.post(WATCHER, kind, args, WATCHER, None)
        self.row.run()

    def reasons(self, ms=WITHIN_MS):
        """What was told within that time, as (path, reason)."""
        self.row.run(ms)
        for _, _, at_ms in Watcher.told:
            assert at_ms - self.since_ms <= WITHIN_MS
        return [(path, reason) for path, reason, _ in Watcher.told]


def test_while_all_is_well_nobody_is_told():
    site = Site((HERE, FAR, "b/two/node"))
    assert site.reasons(60000) == []


def test_an_actor_that_ends_is_gone_here_and_afar():
    for path in (HERE, FAR):
        site = Site((HERE, FAR))
        site.row.nodes[0 if path == HERE else 2].scheduler.stop(path)
        assert site.reasons() == [(path, "stopped")]
        assert site.reasons(20000) == [(path, "stopped")]  # once


def test_an_actor_that_its_supervision_stops_is_gone():
    class Stopping(Source):
        supervision = "stop"

        def on_fail(self):
            raise OSError("the end")

    site = Site(spawns=False)
    site.three.scheduler.spawn(FAR, Stopping)
    site.row.run(2500)
    site.since_ms = site.one.scheduler.now_ms
    site.three.scheduler.post(FAR, "fail", (), FAR, None)
    assert site.reasons() == [(FAR, "stopped")]


def test_an_actor_that_is_restarted_is_not_gone():
    class Failing(Source):
        def on_fail(self):
            raise OSError("once more")

    site = Site(spawns=False)
    site.three.scheduler.spawn(FAR, Failing)
    for _ in range(4):
        site.row.run(2500)
        site.three.scheduler.post(FAR, "fail", (), FAR, None)
    assert site.reasons(9000) == []


def test_a_device_that_answers_no_more_is_silent():
    site = Site()
    site.three.step = lambda _now_ms: 1000
    site.row.run(GONE_MS - 2600)
    assert Watcher.told == []
    assert site.reasons(2600 + 1000) == [(FAR, "silent")]


def test_a_way_that_is_cut_is_unreachable():
    for place in (0, 1):
        site = Site()
        site.row.cut(place)
        assert site.reasons() == [(FAR, "unreachable")]


def test_a_short_cut_is_no_end():
    site = Site()
    link = site.row.links[1]
    link.pump = lambda _bytes_max=0: False  # nothing passes for a while
    site.row.run(3500)
    del link.pump
    assert site.reasons(20000) == []


def test_a_device_that_begins_anew_is_told_as_restarted():
    site = Site()
    node = site.row.crash(2)
    node.scheduler.spawn(FAR, Keeper)
    assert site.reasons() == [(FAR, "restarted")]


def test_one_that_is_not_there_yet_is_waited_for():
    site = Site(spawns=False)
    assert site.reasons(1000) == []
    site.three.scheduler.spawn(FAR, Keeper)
    assert site.reasons(20000) == []
    site.since_ms = site.one.scheduler.now_ms
    site.three.scheduler.stop(FAR)
    assert site.reasons() == [(FAR, "stopped")]


def test_one_that_never_comes_is_gone():
    for path in (HERE, FAR):
        Watcher.told, Watcher.paths = [], ()
        site = Site((), spawns=False)
        site.tell("watch", path)
        assert site.reasons() == [(path, "stopped")]
    site = Site((), spawns=False)
    site.tell("watch", "x/nowhere/actor")
    assert [path for path, _ in site.reasons()] == ["x/nowhere/actor"]


def test_who_watches_again_is_told_again():
    site = Site()
    Watcher.again = True
    site.three.scheduler.stop(FAR)
    site.row.run(WITHIN_MS)
    assert len(Watcher.told) == 1
    Watcher.again = False
    site.row.run(3 * WITHIN_MS)
    assert [reason for _, reason, _ in Watcher.told] == ["stopped"] * 2


def test_who_watches_no_more_is_not_told():
    site = Site((HERE, FAR))
    site.tell("unwatch", FAR)
    site.tell("unwatch", "x/y/never-watched")
    site.three.scheduler.stop(FAR)
    assert site.reasons(20000) == []
    site.since_ms = site.one.scheduler.now_ms
    site.one.scheduler.stop(HERE)
    assert site.reasons() == [(HERE, "stopped")]


def test_a_watcher_that_is_restarted_watches_on_and_is_told_once():
    site = Site()
    site.tell("fail")
    site.row.run(300)
    assert site.cell.restarts == 1
    site.since_ms = site.one.scheduler.now_ms
    site.three.scheduler.stop(FAR)
    assert site.reasons(15000) == [(FAR, "stopped")]


def test_the_watches_of_one_that_ended_end_with_it():
    site = Site()
    site.one.scheduler.stop(WATCHER)
    site.three.scheduler.stop(FAR)
    assert site.reasons(20000) == []
    assert site.one._watches._watched == {}
    site.three.control.take = None  # it would be called with every question
    site.row.run(5000)


def test_what_finds_no_room_is_told_later():
    site = Site()
    scheduler = site.one.scheduler
    site.three.scheduler.stop(FAR)
    bound, scheduler.control_bound = scheduler.control_bound, 0
    site.row.run(3000)
    assert Watcher.told == []
    scheduler.control_bound = bound
    site.row.run(1000)
    assert [(path, reason) for path, reason, _ in Watcher.told] == [(FAR, "stopped")]


def test_a_board_watches_like_a_host():
    site = Site(is_board=True)
    site.three.scheduler.stop(FAR)
    assert site.reasons() == [(FAR, "stopped")]


def test_an_answer_that_is_none_takes_nobody_down():
    for wrong in (None, 7, [1], [1, 2, 3], "ab", {}):
        site = Site()
        site.three.scheduler.cells["c/three/node"].actor.on_alive = lambda _name, wrong=wrong: wrong
        assert site.reasons(WITHIN_MS + 500) == [(FAR, "silent")], wrong


def test_a_path_that_is_none_fails_in_the_line_that_watches():
    site = Site()
    refusal(PathError, site.one.watch, WATCHER, "nonsense", True)
    site.tell("watch", "nonsense")
    assert site.cell.failures == 1 and "nonsense" in site.cell.last_error
