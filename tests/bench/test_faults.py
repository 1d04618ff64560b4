"""The table of faults: a case runs and tells what was promised of it, and what is broken shows."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from tests.bench import __main__ as command
from tests.bench import faults

GOOD = faults.Figures("a case", 100, 20.0, told_s=2.0, lost=5, reasons={"overflow": 5})


def test_a_stopped_sink_is_told_to_its_source_and_felt_by_no_other_flow():
    made = faults.measure(faults.CASES[0], size_bytes=100, seconds=4.0)
    assert made.told_s is not None
    assert made.lost > 0
    assert set(made.reasons) == {"overflow"}
    assert (made.silent, made.unexplained, made.doubled, made.others_told) == (0, 0, 0, 0)
    assert made.source_mib + made.gate_mib <= faults.GROWTH_MIB_MAX


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"silent": 1}, "1 lost that nobody counted"),
        ({"unexplained": 4}, "4 lost for no reason"),
        ({"doubled": 2}, "2 came twice"),
        ({"others_lost": 3, "others_reasons": {"overflow": 3}}, "other flows lost 3"),
        ({"told_s": None}, "told after None s"),
        ({"told_s": 3.5}, "told after 3.5 s"),
        ({"new_flow_s": 1.5}, "new flow after 1.50 s"),
        ({"gate_mib": 16.5}, "16.5 MiB more"),
    ],
)
def test_what_was_promised_and_is_not_so_is_named(wrong, told):
    assert faults.shortcomings(GOOD) == []
    (text,) = faults.shortcomings(replace(GOOD, **wrong))
    assert told in text


def test_what_a_dead_device_cannot_explain_is_no_fault():
    assert faults.shortcomings(replace(GOOD, case="killed", unexplained=4)) == []


def test_the_table_shows_every_case_and_each_goal_that_is_not_met():
    console = Console(width=200, file=io.StringIO())
    faults.show(console, [GOOD, replace(GOOD, case="another", size_bytes=1000, silent=7)])
    text = console.file.getvalue()
    assert "messages of 100 B" in text
    assert "messages of 1000 B" in text
    assert "5 overflow" in text
    assert "goal NOT MET: another, 20 s, 1000 B: 7 lost that nobody counted" in text


def test_the_command_runs_them_only_when_asked(monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setattr(faults, "run", lambda _console, seconds: asked.append(seconds) or [])
    assert command.main(["faults", "--seconds", "7", "--json", str(tmp_path / "out.json")]) == 0
    assert asked == [7.0]
    assert "faults" not in command.GROUPS
    assert "CPUs, load" in capsys.readouterr().out.replace("\n", " ")
