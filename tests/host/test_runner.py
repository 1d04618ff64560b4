"""How long `run` waits for a site, with a controller's answers as they would come."""

import shutil
from io import StringIO
from itertools import count

import pytest
from processes import ORCHARD
from rich.console import Console

from actors import runner as running
from actors.check import load_checked
from actors.plan import make_plan

LOOK_S = 7.0


@pytest.fixture
def problems(monkeypatch):
    """What a run of a minute finds wrong; `answers`: whether all is rolled out, look by look."""
    monkeypatch.setattr(running, "POLL_S", 0)
    made = []

    def watched(answers):
        site = load_checked(ORCHARD)
        run = running.Runner(site, make_plan(site), Console(file=StringIO()))
        made.append(run._folder)
        looks, now_s = iter(answers), count(step=LOOK_S)
        monkeypatch.setattr(running.time, "monotonic", lambda: next(now_s))

        def refresh():
            seconds, is_ready = next(looks)
            run._status = {"ready": is_ready, "seconds": seconds}

        monkeypatch.setattr(run, "_refresh", refresh)
        run._watch(60.0)
        return run.problems

    yield watched
    monkeypatch.undo()
    for folder in made:
        shutil.rmtree(folder)


def test_a_device_that_begins_anew_later_does_not_end_the_run(problems):
    known = [(0.0, False), (LOOK_S, True)]
    again = [(LOOK_S * number, False) for number in range(2, 10)]
    assert problems([*known, *again]) == []


def test_a_site_that_never_becomes_ready_is_given_up(problems):
    assert problems([(0.0, False)] * 20) == ["not ready after 30 s"]
