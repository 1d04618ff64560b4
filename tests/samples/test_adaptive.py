"""The AdaptiveCEP scenario: its drift, its heuristics, and the planner against them."""

import io
from itertools import product
from statistics import mean

import pytest
from rich.console import Console

from actors.placement.tree import slowest, still_to_come
from samples.experiments.adaptive import __main__ as command
from samples.experiments.adaptive.drift import LEAST_MS, MOST_MS, SLOPE_MS, Drift
from samples.experiments.adaptive.greedy import better, from_sources, improved
from samples.experiments.adaptive.planned import instance, planned, soonest, weighed
from samples.experiments.adaptive.queries import EIGHT, FIVE, Query
from samples.experiments.adaptive.story import OURS, POLICIES, THEIRS, told

QUERIES = pytest.mark.parametrize("query", [FIVE, EIGHT], ids=lambda query: query.name)
TRACES = 3  # of the 30


def drifted(seed, seconds=50, hosts=25):
    drift = Drift(seed, hosts)
    for _ in range(seconds):
        drift.advance()
    return drift.latency_ms


def test_a_seed_is_one_trace():
    assert drifted(1) == drifted(1)
    assert drifted(1) != drifted(2)


def test_latencies_drift_slowly_within_their_range_and_by_direction():
    drift, seen = Drift(3, hosts=4), []
    for _ in range(1000):
        before = [row[:] for row in drift.latency_ms]
        drift.advance()
        for u, v in product(range(4), repeat=2):
            if u != v:
                assert LEAST_MS <= drift.latency_ms[v][u] <= MOST_MS
                assert abs(drift.latency_ms[v][u] - before[v][u]) <= SLOPE_MS
        seen.append(drift.latency_ms[0][1] - drift.latency_ms[1][0])
    assert len(set(seen)) > 100


def test_the_latency_of_a_query_is_that_of_its_slowest_path():
    latency_ms = [[0, 10, 20, 30, 40], [1, 0, 2, 3, 4], [5, 6, 0, 7, 8], [9] * 5, [9] * 5]
    # a to join: 7, b to join: 8, join to filter: 2, filter to drop: 10
    assert FIVE.latency_ms([0, 1, 2, 3, 4], latency_ms) == 8 + 2 + 10


@QUERIES
@pytest.mark.parametrize("heuristic", [from_sources, improved, better])
def test_a_heuristic_gives_each_operator_a_host_of_its_own_and_leaves_the_ends(query, heuristic):
    start = list(range(len(query.operators)))
    for seed in range(5):
        places = heuristic(query, start, drifted(seed))
        assert len(set(places)) == len(places)
        ends = [one for one in start if one not in query.free]
        assert [places[one] for one in ends] == ends


@QUERIES
def test_of_two_heuristics_the_better_is_kept_and_it_is_better_than_staying(query):
    start = list(range(len(query.operators)))
    for seed in range(5):
        latency_ms = drifted(seed)
        took = query.latency_ms(better(query, start, latency_ms), latency_ms)
        for heuristic in (from_sources, improved):
            assert took <= query.latency_ms(heuristic(query, start, latency_ms), latency_ms)
        assert took < query.latency_ms(start, latency_ms)


def test_the_planner_finds_the_best_of_all_placements_where_the_way_back_is_another():
    start = list(range(5))
    for seed in range(5):
        latency_ms = drifted(seed, hosts=6)
        least = min(
            FIVE.latency_ms([0, *free, 3, 4], latency_ms)
            for free in product(range(6), repeat=2)
        )
        found = soonest(FIVE, start, latency_ms)
        assert FIVE.latency_ms(found, latency_ms) == pytest.approx(least)


def test_along_a_chain_what_is_still_to_come_is_the_whole_where_the_way_back_is_another():
    chain = Query("chain", ("drop", "filter", "map", "a"), ((1,), (2,), (3,), ()))
    for seed in range(5):
        problem = instance(chain, [0, 1, 2, 3], drifted(seed, hosts=6))
        assert still_to_come(problem)[3][3] == pytest.approx(slowest(problem).bound)


@QUERIES
def test_the_planner_is_never_slower_than_the_heuristics_and_moves_only_for_a_gain(query):
    start = list(range(len(query.operators)))
    for seed in range(5):
        latency_ms = drifted(seed)
        theirs = query.latency_ms(better(query, start, latency_ms), latency_ms)
        assert query.latency_ms(soonest(query, start, latency_ms), latency_ms) <= theirs
        problem = weighed(instance(query, start, latency_ms))
        places = planned(query, start, latency_ms)
        assert problem.cost(places) <= problem.cost(start)
        settled = planned(query, places, latency_ms)
        assert settled == places


@pytest.fixture(scope="module")
def traces():
    return [told(seed, command.QUERIES, (THEIRS, OURS)) for seed in range(TRACES)]


@QUERIES
def test_on_whole_traces_the_planner_takes_less_time_and_no_more_moves(query, traces):
    stories = [trace[query.name] for trace in traces]
    means = {name: mean(one[name].mean_ms for one in stories) for name in (THEIRS, OURS)}
    moves = {name: sum(one[name].moves for one in stories) for name in (THEIRS, OURS)}
    assert means[OURS] <= command.GOALS[query.name] * means[THEIRS]
    assert moves[OURS] <= moves[THEIRS]


def test_the_table_has_a_row_for_each_policy_and_says_what_is_not_met(monkeypatch):
    console = Console(width=160, file=io.StringIO())
    stories = [told(0, [FIVE], steps=5)[FIVE.name]]
    monkeypatch.setitem(command.GOALS, FIVE.name, 0.01)
    figures = command.show(console, FIVE, stories)
    assert list(figures) == list(POLICIES)
    told_words = console.file.getvalue()
    assert "NOT MET" in told_words
    assert "0.01" in told_words
    for name in POLICIES:
        assert name in told_words
