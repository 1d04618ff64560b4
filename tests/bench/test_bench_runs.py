"""Every benchmark runs, does all of its work and returns figures; how fast is no matter here."""

import io
import json
import statistics

import pytest
from rich.console import Console

from mp_actors import Filter
from tests.bench import __main__ as command
from tests.bench import board, local, seals, wire
from tests.bench.measure import Bench, Figures, Goal, Subject, measure
from tests.bench.report import plain, show

UNITS = 130  # two full batches and a rest
ON_HOSTS = local.benches() + wire.benches() + seals.host_benches()
ON_BOARDS = board.benches() + seals.board_benches()


def shown(figures):
    console = Console(width=120, file=io.StringIO())
    show(console, figures)
    return console.file.getvalue()


@pytest.mark.parametrize("bench", ON_HOSTS, ids=lambda bench: bench.name)
def test_a_benchmark_does_its_work_and_returns_a_figure_a_round(bench):
    figures = measure(bench, rounds=2, units=UNITS)
    assert list(figures.rates) == [subject.name for subject in bench.subjects]
    for name, rates in figures.rates.items():
        assert len(rates) == 2, name
        assert min(rates) > 0, name


@pytest.mark.parametrize("bench", ON_BOARDS, ids=lambda bench: bench.name)
def test_a_benchmark_runs_in_the_process_of_a_board(bench):
    figures = measure(bench, rounds=1, units=128)
    assert all(rates[0] > 0 for rates in figures.rates.values())


def test_a_board_that_fails_says_why():
    with pytest.raises(RuntimeError, match="KeyError: nothing"):
        board.on_board("nothing")(64)


def test_work_that_was_not_done_is_no_figure():
    class Swallow(Filter):
        def apply(self, _value):
            return None

    with pytest.raises(AssertionError, match="1 of 10 delivered"):
        local.circle(Swallow, 2, 10)


def test_readings_that_do_not_arrive_are_no_figure(monkeypatch):
    class Losing(wire.Row):
        def carry(self, count, size):
            super().carry(count - 1, size)

    monkeypatch.setattr(wire, "Row", Losing)
    with pytest.raises(AssertionError):
        wire.carried(wire.codec, False, 8)(64)


def test_sealed_readings_that_do_not_arrive_are_no_figure(monkeypatch):
    class Losing(seals.sealed.Pair):
        def carry(self, count, size):
            super().carry(count - 1, size)

    monkeypatch.setattr(seals.sealed, "Pair", Losing)
    with pytest.raises(AssertionError):
        seals.carried("ccm", 1)(64)


def test_a_reading_weighs_what_it_and_its_seal_take():
    found = seals.weights()
    for kind in ("host", "board"):
        # A length and a tag to each write, and to each acknowledgement, of which there are few.
        assert 12 <= found[f"ccm, 1, {kind}"] - found[f"plain, 1, {kind}"] < 14
        assert found[f"fernet, 1, {kind}"] > 3 * found[f"plain, 1, {kind}"]
        for seal in seals.SEALS:
            assert 12 < found[f"{seal}, 64, {kind}"] < 24  # a time in 4 bytes and a float in 8


@pytest.mark.parametrize("seal", board.LEAF_SEALS)
def test_a_leaf_keeps_80_kb_of_its_heap_and_sends_its_readings(seal):
    figures = board.leaf(3, seal)
    assert figures["readings"] > 0
    steady = figures["free_bytes"][2:]  # the code of the greeting is given back by then
    assert len(steady) >= 3
    assert 80 * 1024 <= min(steady) < board.virtual.HEAP_KB * 1024
    assert figures["met"] == (figures["free_bytes_min"] >= 80 * 1024)
    if seal == "plain":
        assert figures["met"], figures["free_bytes"]


def test_the_heap_of_a_sealed_leaf_with_five_drivers_does_not_shrink_with_its_readings():
    figures = board.leaf(6, "ccm", board.FIVE_SENSORS, readings=5000)
    steady = figures["free_bytes"][2:]
    third = len(steady) // 3
    assert max(steady[-third:]) > max(steady[:third]) - 1024, steady
    assert min(steady) >= 64 * 1024, steady


def test_ratios_are_taken_round_by_round():
    order = []

    def subject(name, seconds):
        def run(count):
            order.append((name, count))
            return seconds.pop(0) * count

        return Subject(name, run, warm_ups=0)

    bench = Bench(
        "b",
        "units",
        10,
        [subject("base", [1.0, 4.0]), subject("other", [2.0, 2.0])],
        [Goal("other", "base", 1.2), Goal("other", "base", 1.3)],
    )
    figures = measure(bench, rounds=2, units=None)
    assert order == [("base", 10), ("other", 10)] * 2
    assert figures.ratios("base") == [1.0, 1.0]
    assert figures.ratios("other") == [0.5, 2.0]
    assert [goal["met"] for goal in plain(figures)["goals"]] == [True, False]
    text = shown(figures)
    assert "goal met: other is 1.25 x base" in text
    assert "goal NOT MET: other is 1.25 x base, to be 1.3 x" in text


def test_a_slow_subject_does_its_share_and_is_paid_for_that():
    bench = Bench("b", "units", 100, [Subject("slow", lambda count: count * 0.5, 0.1, 0)])
    assert measure(bench, 1, None).rates == {"slow": [2.0]}


def test_the_table_shows_median_and_range():
    figures = Figures(Bench("b", "units", 1, []), {})
    figures.bench.subjects.append(Subject("one", float))
    figures.rates["one"] = [1e6, 3e6, 2e6]
    assert statistics.median(figures.rates["one"]) == 2e6
    text = shown(figures)
    assert "2.00M [1.00M-3.00M]" in text
    assert "0.500" in text


def test_the_command_prints_the_machine_and_writes_json(tmp_path, capsys):
    file = tmp_path / "out.json"
    assert command.main(["local", "--rounds", "1", "--units", "64", "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "CPUs, load" in printed.replace("\n", " ")
    assert "ping-pong" in printed
    result = json.loads(file.read_text())
    ping = result["benches"]["ping-pong"]
    assert ping["baseline"] == "deque"
    assert ping["subjects"]["deque"]["ratio"] == 1.0
    assert len(ping["goals"]) == 3
    assert result["machine"].startswith(("CPython", "PyPy"))


@pytest.mark.parametrize("arguments", [["nothing"], ["--rounds", "0"], ["--units", "0"]])
def test_a_command_that_means_nothing_is_refused(arguments):
    with pytest.raises(SystemExit) as refusal:
        command.main(arguments)
    assert refusal.value.code == 2


@pytest.mark.parametrize("inlets", [1, 2, 5, 10, 16, 25, 64, 65])
def test_under_a_flood_the_age_is_measured_on_every_wire(inlets):
    """Only some turns are timed, and those must not always be the turns of the same wires."""
    desk = local.Desk()
    source = desk.add("source", local.Source)
    for number in range(inlets):
        desk.wire(source, desk.add(f"w{number}", local.Tally))
    for step in range(40):
        for value in range(64 if step % 2 else 1):
            source.emit(value, desk.clock.site_us(), source.path)
        desk.rest()
    for inlet in desk.inlets:
        assert sum(inlet.latency.counts.values()) >= 40 // 5
