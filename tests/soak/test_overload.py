"""A board that is sent twice what it takes goes on as it was; one that leaks is found out."""

from tests.soak.overload import run, shortcomings


def test_a_board_under_twice_its_load_keeps_its_heap_in_one_piece():
    made = run(20_000)
    assert made.wrong == []
    assert made.sent == 20_000
    assert made.delivered > 0


def test_a_board_that_keeps_what_it_is_given_is_found_out():
    assert any("emory" in text for text in run(20_000, taker="Hoard").wrong)


def test_a_piece_that_shrinks_look_by_look_is_found_out():
    assert shortcomings([(n, 60_000, 30_000 + n % 300) for n in range(21)]) == []
    (text,) = shortcomings([(n, 60_000, 30_000 - 300 * n) for n in range(21)])
    assert "shrank from 30000 to 25800" in text
    assert shortcomings([(0, 60_000, 30_000)]) != []
