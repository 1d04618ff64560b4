"""The operators: what each promises, per source where it says so, and at the edges of windows."""

from helpers import refusal

from mp_actors import operators
from mp_actors.errors import Refused
from mp_actors.operators import (
    Count,
    Deadband,
    Join,
    Map,
    Mean,
    Print,
    Throttle,
    Toggle,
    Where,
    Window,
)
from mp_actors.testing import Bench

A, B, C = "lab/one/a", "lab/one/b", "lab/one/c"


def double(value):
    return 2 * value


def test_map_passes_on_what_its_function_makes_and_nothing_for_none():
    assert Bench(Map(double)).feed(1, 2, 0) == [2, 4, 0]
    assert Bench(Map(lambda value: value or None)).feed(1, 0, 2) == [1, 2]


def test_a_function_can_be_given_by_its_name():
    assert Bench(Map("test_operators:double")).feed(3) == [6]
    assert Bench(Where("test_operators:double")).feed(0, 3) == [3]
    assert "no_such" in refusal(Refused, Map, "test_operators:no_such")


def test_where_passes_values_that_hold_and_leaves_them_as_they_are():
    assert Bench(Where(lambda value: value > 1)).feed(0, 1, 2, 3) == [2, 3]
    assert Bench(Where(lambda _value: True)).feed(0, False, "") == [0, False, ""]


def test_where_map_and_other_filters_keep_source_and_time():
    bench = Bench(Map(double))
    bench.advance_ms(7)
    bench.feed(1, source=A)
    assert bench.outputs == [(2, 1700000000007000, A)]


def test_deadband_compares_with_the_last_value_that_passed():
    assert Bench(Deadband(width=0.5)).feed(20.0, 20.2, 20.4, 20.5, 20.1, 20.0) == [20.0, 20.5, 20.0]


def test_deadband_passes_at_exactly_its_width_up_and_down():
    assert Bench(Deadband(2)).feed(10, 12, 10, 11, 8) == [10, 12, 10, 8]
    assert Bench(Deadband(0)).feed(1, 1, 1) == [1, 1, 1]


def test_deadband_starts_with_zero_as_with_any_other_value():
    assert Bench(Deadband(5)).feed(0, 1, -5) == [0, -5]


def test_deadband_throttle_and_toggle_keep_sources_apart():
    bench = Bench(Deadband(5))
    assert bench.feed(10, source=A) + bench.feed(12, source=B) == [10, 12]
    assert bench.feed(13, source=A) + bench.feed(15, source=A) == [15]
    bench = Bench(Throttle(100))
    assert bench.feed(1, source=A) + bench.feed(2, source=B) + bench.feed(3, source=A) == [1, 2]
    bench = Bench(Toggle())
    assert bench.feed(1, source=A) + bench.feed(1, source=B) + bench.feed(1, source=A) == [
        True,
        False,
    ]


def test_throttle_passes_the_first_of_each_period():
    bench = Bench(Throttle(period_ms=100))
    passed = bench.feed("a", "b")
    bench.advance_ms(99)
    passed += bench.feed("c")
    bench.advance_ms(1)
    passed += bench.feed("d", "e")
    bench.advance_ms(250)
    passed += bench.feed("f")
    assert passed == ["a", "d", "f"]


def test_throttle_is_not_stuck_when_site_time_jumps_back():
    bench = Bench(Throttle(100))
    assert bench.feed(1) == [1]
    bench.clock.advance_ms(-5000)
    assert bench.feed(2, 3) == [2]


def test_toggle_turns_at_each_rising_edge_and_passes_only_changes():
    assert Bench(Toggle()).feed(0, 1, 1, 0, 0, 1, 0, 1) == [True, False, True]
    assert Bench(Toggle(on=True)).feed(True, False, True) == [False, True]
    assert Bench(Toggle()).feed(0, 0, False) == []


def test_mean_is_of_one_window_and_of_all_sources():
    bench = Bench(Mean(window_ms=100))
    assert bench.feed(1, 2) + bench.feed(6, source=A) == []
    assert bench.advance_ms(99) == []
    assert bench.advance_ms(1) == [3.0]
    bench.feed(10)
    assert bench.advance_ms(100) == [10.0]


def test_an_empty_window_has_no_mean_and_a_count_of_0():
    assert Bench(Mean(50)).advance_ms(200) == []
    assert Bench(Count(50)).advance_ms(200) == [0, 0, 0, 0]


def test_a_window_value_is_its_own_source_at_the_moment_the_window_closes():
    bench = Bench(Mean(100))
    bench.feed(4, source=A)
    bench.advance_ms(100)
    assert bench.outputs == [(4.0, 1700000000100000, "bench/device/actor")]


def test_count_counts_all_that_came_in_its_window():
    bench = Bench(Count(window_ms=100))
    bench.feed(1, None, "x")
    bench.feed(2, source=B)
    bench.advance_ms(50)
    bench.feed(0)
    assert bench.advance_ms(50) == [5]
    assert bench.advance_ms(100) == [0]


def test_window_passes_full_lists_side_by_side():
    assert Bench(Window(3)).feed(1, 2, 3, 4, 5, 6, 7) == [[1, 2, 3], [4, 5, 6]]
    assert Bench(Window(1)).feed(1, 2) == [[1], [2]]


def test_window_slides_by_its_step():
    assert Bench(Window(3, 1)).feed(1, 2, 3, 4, 5) == [[1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert Bench(Window(4, step=3)).feed(*range(8)) == [[0, 1, 2, 3], [3, 4, 5, 6]]


def test_window_leaves_out_values_between_wide_steps():
    assert Bench(Window(2, step=5)).feed(*range(13)) == [[0, 1], [5, 6], [10, 11]]


def test_a_list_that_was_passed_on_is_not_changed_afterwards():
    bench = Bench(Window(2, step=1))
    first = bench.feed(1, 2)[0]
    bench.feed(3, 4)
    assert first == [1, 2]


def test_a_window_without_size_or_step_is_refused():
    for size, step in ((0, None), (-1, None), (3, 0), (3, -2)):
        assert "1 or more" in refusal(ValueError, Window, size, step)


def join_of(*sources):
    """A bench whose inputs are known before the first value, as after wiring."""
    bench = Bench(Join())
    for source in sources:
        bench._inlet(source)
    return bench


def test_join_waits_for_every_input_and_then_passes_every_change():
    bench = join_of(B, A)
    assert bench.feed(1, 2, source=A) == []
    assert bench.feed("x", source=B) == [[2, "x"]]
    assert bench.feed(3, source=A) + bench.feed("y", source=B) == [[3, "x"], [3, "y"]]


def test_join_orders_inputs_by_path_and_takes_false_and_zero_for_values():
    bench = join_of(C, A, B)
    bench.feed(0, source=C)
    bench.feed(False, source=B)
    assert bench.feed("", source=A) == [["", False, 0]]


def test_join_tells_wires_apart_and_not_the_sources_of_their_values():
    bench = join_of(A, B)
    inlet = bench._inlet(A)
    inlet.put(1, 0, C)
    inlet.put(2, 0, "lab/one/d")
    assert bench.feed(9, source=B) == [[2, 9]]


def test_a_list_of_join_is_not_changed_afterwards():
    bench = join_of(A)
    first = bench.feed(1, source=A)[0]
    bench.feed(2, source=A)
    assert first == [1]


def test_print_writes_one_line_per_value_with_source_or_label():
    lines = []
    operators.print = lambda *words: lines.append(words)
    try:
        Bench(Print()).feed(1, "two", source=A)
        Bench(Print("soil")).feed(3, source=A)
    finally:
        del operators.print
    assert lines == [(A, 1), (A, "two"), ("soil", 3)]
