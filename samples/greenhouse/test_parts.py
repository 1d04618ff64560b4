"""The greenhouse's own tests: its actors on a bench, without devices and networks."""

from parts import FreeMemory, Ledger, Load, Smooth

from mp_actors.testing import Bench


def test_smoothing_starts_at_the_first_value_and_follows_by_a_share():
    assert Bench(Smooth(share=0.5)).feed(10.0, 20.0, 20.0) == [10.0, 15.0, 17.5]


def test_the_machine_under_the_meter_has_a_load_and_memory():
    (load,) = Bench(Load()).advance_ms(500)
    (free_mb,) = Bench(FreeMemory()).advance_ms(500)
    assert load >= 0
    assert free_mb > 0


def test_the_ledger_writes_one_line_a_value(tmp_path, capsys):
    file = tmp_path / "ledger.csv"
    ledger = Ledger(str(file))
    Bench(ledger).feed(1.5, 2, source="field/probe/soil")
    ledger.stopped()
    lines = file.read_text().splitlines()
    assert lines[0] == "at_ms,source,value"
    assert [line.split(",")[1:] for line in lines[1:]] == [
        ["field/probe/soil", "1.5"],
        ["field/probe/soil", "2"],
    ]
    assert "1.50" in capsys.readouterr().out
