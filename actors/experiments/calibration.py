"""Calibration: what the runtime itself takes on the machines that real points are to run on.

One run before all points, with no delay on any line, is measured as `actors profile` measures a
site: per device the time for a message and the share of time at rest, and per link what its beats
take beyond the time of both ends. Points are predicted with these figures and with nothing that was
measured at a point.
"""

import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from actors.asked import Asked
from actors.experiments.grid import ExperimentError, Share
from actors.measuring import POLL_S, Measurement
from actors.plan import Plan
from actors.profiling import Figures, figures
from actors.site import Site


def measured(asked: Asked, site: Site, plan: Plan, seconds: float) -> Share:
    """The share of a site that runs. *Raises* ExperimentError if a device does not tell."""
    beats_ms: dict[frozenset[str], list[float]] = {}
    one = Measurement(lambda: asked, plan, seconds, False, _silent)
    is_over = False
    while not is_over:
        status = asked.status()
        for link in status["links"]:
            if link["rtt_ms"] is not None:
                beats_ms.setdefault(frozenset(link["between"]), []).append(link["rtt_ms"])
        is_over = one.look(status)
        time.sleep(POLL_S)
    if one.found.problems:
        raise ExperimentError("not calibrated: " + "; ".join(one.found.problems))
    return share(figures(site, plan, one.found), beats_ms)


def share(found: Figures, beats_ms: Mapping[frozenset[str], Sequence[float]]) -> Share:
    """From what was measured; a link takes what the median of its beats does, one way."""
    devices = {
        path: {key: _as_measured(own[key]) for key in ("message_us", "rest_percent")}
        for path, own in found["devices"].items()
    }
    links_ms = {}
    for name in found["links"]:
        ends = name.split(" - ")
        if (beats := beats_ms.get(frozenset(ends))) is not None:
            ends_ms = sum(devices[end]["message_us"] for end in ends) / 1000
            links_ms[name] = round(max(0.0, median(beats) / 2 - ends_ms), 3)
    return Share(devices, links_ms)


def _as_measured(figure: Mapping[str, Any]) -> float:
    value: float = figure.get("measured", figure["value"])
    return value


def _silent(_text: str) -> None:
    """A person is told of points alone."""
