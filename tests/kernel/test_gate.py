"""The gate: how many strangers may greet at once, and how often one address may try."""

from mp_actors import ticks
from mp_actors.gate import ADDRESSES_KEPT, HELD_MAX, HELD_TRIES, REFILL_MS, RETRY_MS, TRIES, Gate

NOW_MS = ticks.WRAP_MS - 5000  # the counter wraps in the middle of every test that lets time pass


def used_up(gate, address, now_ms=NOW_MS):
    """Take all tries of an address."""
    for _ in range(TRIES):
        assert gate.wait_ms(address, 0, now_ms) == 0
    assert gate.wait_ms(address, 0, now_ms) == REFILL_MS


def test_a_full_house_lets_nobody_in_and_uses_no_try():
    gate = Gate(2)
    for _ in range(TRIES + 1):
        assert gate.wait_ms("here", 2, NOW_MS) == RETRY_MS
        assert gate.wait_ms(None, 2, NOW_MS) == RETRY_MS
    used_up(gate, "here")


def test_one_address_has_so_many_tries_and_another_has_its_own():
    gate = Gate(64)
    used_up(gate, "here")
    used_up(gate, "there")


def test_a_link_without_an_address_is_not_limited():
    gate = Gate(64)
    for _ in range(10 * TRIES):
        assert gate.wait_ms(None, 63, NOW_MS) == 0


def test_tries_come_back_one_by_one():
    gate = Gate(64)
    used_up(gate, "here")
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, REFILL_MS - 1)) == REFILL_MS
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, REFILL_MS)) == 0
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, 2 * REFILL_MS - 1)) == REFILL_MS
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, 2 * REFILL_MS)) == 0


def test_asking_again_and_again_does_not_keep_a_try_away():
    gate = Gate(64)
    used_up(gate, "here")
    came_in = 0
    for passed_ms in range(0, 20 * REFILL_MS, 50):
        came_in += gate.wait_ms("here", 0, ticks.add(NOW_MS, passed_ms)) == 0
    assert came_in == 19


def test_a_try_between_two_refills_takes_nothing_of_the_second_s_time():
    gate = Gate(64)
    used_up(gate, "here")
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, REFILL_MS * 3 // 2)) == 0
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, REFILL_MS * 2 - 1)) == REFILL_MS
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, REFILL_MS * 2)) == 0


def test_a_place_that_was_held_for_nothing_costs_tries_and_the_address_comes_back_in_time():
    gate = Gate(1)
    assert gate.wait_ms("here", 0, NOW_MS) == 0
    gate.held("here", TRIES // HELD_TRIES * REFILL_MS, NOW_MS)
    assert gate.wait_ms("here", 0, NOW_MS) == REFILL_MS
    assert gate.wait_ms("there", 0, NOW_MS) == 0
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, 2 * REFILL_MS)) == 0
    for _ in range(9):
        gate.held("here", 1000 * REFILL_MS, NOW_MS)
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, HELD_MAX * REFILL_MS)) == REFILL_MS
    assert gate.wait_ms("here", 0, ticks.add(NOW_MS, (HELD_MAX + 1) * REFILL_MS)) == 0
    gate.held("unknown", 5000, NOW_MS)
    gate.held(None, 5000, NOW_MS)
    used_up(gate, "unknown")


def test_one_place_of_many_may_be_held_for_a_while():
    gate = Gate(64)
    for _ in range(TRIES):
        assert gate.wait_ms("here", 0, NOW_MS) == 0
        gate.held("here", 5000, NOW_MS)


def test_no_more_tries_gather_than_there_are():
    gate = Gate(64)
    used_up(gate, "here")
    used_up(gate, "here", ticks.add(NOW_MS, 100 * TRIES * REFILL_MS))


def test_who_proves_a_key_gets_the_try_back():
    gate = Gate(64)
    for _ in range(10 * TRIES):
        assert gate.wait_ms("here", 0, NOW_MS) == 0
        gate.proved("here")
    used_up(gate, "here")
    gate.proved("here")
    assert gate.wait_ms("here", 0, NOW_MS) == 0
    assert gate.wait_ms("here", 0, NOW_MS) == REFILL_MS


def test_a_proof_gives_nothing_to_an_address_that_used_nothing():
    gate = Gate(64)
    for _ in range(5):
        gate.proved("here")
        gate.proved(None)
    used_up(gate, "here")


def test_only_so_many_addresses_are_remembered_and_the_longest_unseen_goes_first():
    gate = Gate(64)
    used_up(gate, "first")
    later_ms = ticks.add(NOW_MS, 1)
    used_up(gate, "second", later_ms)
    for number in range(ADDRESSES_KEPT - 1):
        assert gate.wait_ms(number, 0, ticks.add(later_ms, 1)) == 0
    assert len(gate._used) == ADDRESSES_KEPT
    assert gate.wait_ms("second", 0, later_ms) == REFILL_MS
    assert gate.wait_ms("first", 0, later_ms) == 0


def test_any_number_of_addresses_is_forgotten_again():
    gate = Gate(64)
    for number in range(10 * ADDRESSES_KEPT):
        assert gate.wait_ms(number, 0, ticks.add(NOW_MS, number)) == 0
        assert len(gate._used) <= ADDRESSES_KEPT
