"""A wire that keeps in flash what cannot leave: the ledger holds at each step, order over all."""

import os

from helpers import Keeper, Row, Source, check_ledger, part, settle

from mp_actors import Filter, full
from mp_actors.backlog import Folder
from mp_actors.links.memory import MemoryLink
from mp_actors.spill import BLOCK, RETRY_MS
from mp_actors.system import System

NEAR, FAR = "a/one/source", "c/three/keeper"
KB = 1024
COUNTER = [0]


class Flash(Folder):
    """Real files; fails while `is_failing`. `writes`: how many appends there were."""

    is_failing = False
    writes = 0

    def __init__(self):
        COUNTER[0] += 1
        base = os.getenv("TMPDIR") or "/tmp"
        Folder.__init__(self, "%s/spill-%s-%d" % (base, os.urandom(6).hex(), COUNTER[0]))

    def append(self, name, data):
        self.check()
        self.writes += 1
        Folder.append(self, name, data)

    def rename(self, name, to):
        self.check()
        Folder.rename(self, name, to)

    def names(self):
        self.check()
        return Folder.names(self)

    def check(self):
        if self.is_failing:
            raise OSError(30)

    def clean(self):
        for name in self.names():
            self.remove(name)
        os.rmdir(self._path)


class Pass(Filter):
    """Passes everything on, under its source."""


class Site:
    """A source on the board 1, a keeper on device 3, and a cable between 1 and 2 to be pulled."""

    def __init__(self, flash_kb=64, **more):
        self.flash = Flash()
        self.row = Row(True)
        self.more = dict(more, flash=flash_kb * KB)
        self.row.nodes[2].scheduler.spawn(FAR, Keeper)
        self.begin()

    def begin(self, epoch=1):
        """Make the wire, on a board that knows nothing of it."""
        board = self.row.nodes[0]
        board.wires.flash = self.flash
        self.source = board.scheduler.spawn(NEAR, Source)
        self.spec = self.row.wire(1, NEAR, FAR, epoch=epoch, **self.more)
        self.row.run()

    @property
    def outbox(self):
        return self.row.nodes[0].wires.outboxes[1]

    @property
    def kept(self):
        cell = self.row.nodes[2].scheduler.cells[FAR]
        return cell.actor.kept

    def pull(self):
        """The board has no neighbour any more, and knows it."""
        part(self.row.links.pop(0))
        self.row.run(2000)

    def plug(self):
        """The cable is in again."""
        self.row.links.insert(0, MemoryLink(self.row.nodes[0], self.row.nodes[1]))
        self.row.run(3000)

    def emit(self, *values):
        """Returns what `emit` says of each value, each in a step of its own."""
        actor, taken = self.source.actor, []
        for value in values:
            self.row.clock.advance_ms(10)
            actor.at_us, actor.source = self.row.clock.site_us(), NEAR
            taken.append(actor.emit(value))
            settle(self.row.nodes, self.row.links)
            self.check()
        return taken

    def check(self):
        box = self.outbox
        assert box.accepted == box.sent + sum(box.dropped.values()) + box.waiting, box.dropped
        assert len(box.values) <= BLOCK
        assert len(box._late[0]) <= BLOCK
        check_ledger(self.row.nodes[2].wires.inlets[1])

    def lines(self, text):
        return [line for _, line in self.row.lines if text in line]


def test_while_the_way_is_open_nothing_is_written():
    site = Site()
    site.emit(*range(200))
    assert site.kept == list(range(200))
    assert site.flash.writes == 0
    site.flash.clean()


def test_what_cannot_leave_is_written_in_blocks_and_comes_in_order_before_what_is_newer():
    site = Site()
    site.emit(*range(10))
    site.pull()
    assert site.emit(*range(10, 1000)) == [True] * 990
    assert site.flash.writes == 990 // BLOCK
    assert site.outbox.waiting == 990
    site.plug()
    site.emit(*range(1000, 1010))
    assert site.kept == list(range(1010))
    assert site.outbox.dropped == {}
    assert site.flash.names() == []
    site.flash.clean()


def test_values_of_all_kinds_their_times_and_their_sources_come_as_they_went():
    site = Site(origins=[[5, "a/one/other"], [6, "b/two/third"]])
    site.pull()
    values = [1.5, 7, True, None, "wet", [1, 2.5], {"a": 1}, b"raw", -(1 << 40)]
    sources = [NEAR, "a/one/other", "b/two/third"]
    put, times = [], []
    for number in range(5 * BLOCK):
        value = values[number % len(values)] if number < 3 * BLOCK else float(number)
        # Now and then the clock of a source is hours off: no frame can carry both moments.
        at_us = 1000000 * number + (8000000000 if number % 50 == 0 else 0)
        put.append(value)
        times.append(at_us)
        assert site.outbox.put(value, at_us, sources[number % 3])
        site.check()
    keeper = site.row.nodes[2].scheduler.cells[FAR].actor
    keeper.times = []
    on_value = keeper.on_value

    def noted(value):
        keeper.times.append(keeper.at_us)
        on_value(value)

    keeper.on_value = noted
    site.row.nodes[2].wires.inlets[1].attach(keeper)
    site.row.nodes[2].scheduler.relink()
    site.plug()
    assert keeper.kept == put
    assert keeper.times == times
    assert keeper.sources == [sources[number % 3] for number in range(5 * BLOCK)]
    site.flash.clean()


def test_what_no_frame_can_carry_is_refused_and_the_others_of_its_block_are_written():
    site = Site()
    site.pull()
    site.emit(*range(BLOCK - 1))
    site.emit(object(), *range(BLOCK))
    assert site.outbox.dropped == {"refused": 1}
    assert site.lines("reading refused: ")
    site.plug()
    assert site.kept == list(range(BLOCK - 1)) + list(range(BLOCK))
    site.flash.clean()


def test_a_board_that_begins_anew_sends_what_it_kept_and_nothing_a_second_time():
    site = Site()
    site.emit(*range(5))
    site.pull()
    site.emit(*range(5, 1000))
    kept = site.outbox._backlog.readings
    assert kept == 995 // BLOCK * BLOCK
    site.row.crash(0)
    site.begin(2)
    assert site.lines("%d readings of before are in flash" % kept)
    assert site.outbox.dropped == {"crash": -kept}
    site.check()
    site.row.run(3000)
    assert site.kept == list(range(5 + kept))
    site.check()
    site.emit(*range(2000, 2010))
    assert site.kept[-10:] == list(range(2000, 2010))
    site.row.crash(0)
    site.begin(3)
    site.row.run(3000)
    assert len(site.kept) == 5 + kept + 10
    site.flash.clean()


def test_what_had_begun_to_leave_when_the_board_died_is_lost_and_said():
    site = Site(credit=8)
    site.pull()
    site.emit(*range(1000))
    keeper = site.row.nodes[2].scheduler.cells[FAR]
    keeper.down = True  # it takes nothing, so its credit runs out
    site.row.nodes[2].scheduler.flow.suspend(keeper)
    site.plug()
    assert [name for name in site.flash.names() if name.endswith(".t")]
    before = site.outbox._backlog.readings
    site.row.crash(0)
    site.begin(2)
    assert 0 < site.outbox._backlog.readings < before
    assert site.lines("had begun to leave: they are lost")
    keeper.down = False
    site.row.nodes[2].scheduler.flow.resume(keeper)
    site.row.run(5000)
    assert site.kept == sorted(set(site.kept))
    site.flash.clean()


def test_a_full_flash_does_what_the_wire_says():
    for policy in (full.DROP_OLDEST, full.DROP_NEWEST, full.REFUSE, full.HOLD):
        site = Site(flash_kb=8, full=policy)
        site.pull()
        taken = site.emit(*[float(number) for number in range(2000)])
        lost = 2000 - site.outbox.waiting
        assert lost > 500, policy
        if policy == full.REFUSE:
            assert site.outbox.dropped == {"refused": lost}
        else:
            assert site.outbox.dropped == {"overflow": lost}, policy
        assert site.source.is_held == (policy == full.HOLD)
        site.plug()
        assert not site.source.is_held
        assert len(site.kept) == 2000 - lost
        if policy in (full.DROP_NEWEST, full.REFUSE):
            assert site.kept == [float(one) for one in range(2000 - lost)]
            assert taken == [one < 2000 - lost for one in range(2000)]
        elif policy == full.DROP_OLDEST:
            assert site.kept == [float(one) for one in range(lost, 2000)]
        site.flash.clean()


def test_a_flash_that_fails_is_said_once_and_the_node_goes_on_with_its_memory():
    site = Site()
    site.flash.is_failing = True
    site.pull()
    site.emit(*range(300))
    assert site.outbox.waiting == BLOCK
    assert site.outbox.dropped == {"overflow": 300 - BLOCK}
    assert len(site.lines("flash cannot be used: ")) == 1
    site.flash.is_failing = False
    site.row.run(RETRY_MS)
    site.emit(*range(300, 600))
    assert site.lines("flash can be used again")
    assert site.outbox.dropped == {"overflow": 300 - BLOCK}
    site.plug()
    assert site.kept == list(range(300 - BLOCK, 600))
    site.flash.clean()


def test_a_file_where_its_folder_belongs_is_a_flash_that_fails():
    site = Site()
    place = site.flash._path
    os.rmdir(place)
    with open(place, "w") as stream:
        stream.write("no folder")
    site.pull()
    site.emit(*range(100))
    assert len(site.lines("flash cannot be used: ")) == 1
    assert site.outbox.dropped == {"overflow": 100 - BLOCK}
    site.plug()
    assert site.kept == list(range(100 - BLOCK, 100))
    os.remove(place)


def test_a_flash_that_could_not_be_read_at_the_beginning_is_read_when_it_can_be():
    site = Site()
    site.pull()
    site.emit(*range(200))
    site.flash.is_failing = True
    site.row.crash(0)
    site.begin(2)
    assert site.outbox.waiting == 0
    site.pull()
    site.emit(*range(1000, 1050))
    site.flash.is_failing = False
    site.row.run(RETRY_MS)
    site.emit(*range(1050, 1100))
    site.plug()
    # Newer ones had to be written before the older were found.
    assert sorted(site.kept) == list(range(192)) + list(range(1000, 1100))
    site.check()
    site.flash.clean()


def test_a_wire_that_ends_counts_what_waits_and_leaves_no_file():
    site = Site()
    site.pull()
    site.emit(*range(500))
    outbox = site.outbox
    site.row.nodes[0].wires.disconnect(1)
    assert outbox.dropped == {"gone": 500}
    assert outbox.waiting == 0
    assert site.flash.names() == []
    site.flash.clean()


def started(site, epoch):
    """The board begins anew, as a board does, and is told its wires, if any, and then to start."""
    board = site.row.crash(0)
    board.limits.follows_clock = True
    if epoch:
        site.begin(epoch)
    board.wires.flash = site.flash
    System(board).on_start()
    return board


def test_a_board_that_starts_without_a_wire_removes_what_was_kept_of_it_and_says_so():
    site = Site()
    site.pull()
    site.emit(*range(500))
    site.flash.append("notes", b"of somebody else")
    files = len(site.flash.names()) - 1
    assert files > 0
    started(site, 2)
    assert len(site.flash.names()) == files + 1
    site.row.run(3000)
    assert site.kept == list(range(500 // BLOCK * BLOCK))
    site.pull()
    site.emit(*range(1000, 1500))
    files = len(site.flash.names()) - 1
    assert files > 0
    board = started(site, 0)
    assert site.flash.names() == ["notes"]
    assert len(site.lines("%d files with readings of wires that are no more" % files)) == 1
    System(board).on_start()
    assert len(site.lines("files with readings of wires that are no more")) == 1
    site.flash.clean()


def test_a_wire_that_keeps_nothing_in_flash_any_more_leaves_no_file_there():
    site = Site()
    site.pull()
    site.emit(*range(500))
    site.more["flash"] = 0
    started(site, 2)
    assert site.flash.names() == []
    site.flash.clean()


def test_the_folder_of_a_board_goes_with_the_last_of_its_files():
    site = Site()
    site.pull()
    site.emit(*range(500))
    place, before = site.flash._path, os.getcwd()
    above, folder = place.rsplit("/", 1)
    board = site.row.crash(0)
    board.limits.follows_clock = True
    board.wires.folder = folder
    os.chdir(above)
    try:
        System(board).on_start()
        assert folder not in os.listdir()
        System(board).on_start()
    finally:
        os.chdir(before)


def test_a_flash_that_fails_as_the_board_starts_does_not_keep_it_from_starting():
    site = Site()
    site.pull()
    site.emit(*range(500))
    site.flash.is_failing = True
    board = started(site, 0)
    site.flash.is_failing = False
    assert site.flash.names() != []
    System(board).on_start()
    assert site.flash.names() == []
    site.flash.clean()
