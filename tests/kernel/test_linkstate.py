"""The laws of failure bits: whose they are, which of two is newer, and what a restart does to them.

The last tests let bits wander between routers in any order, and all must agree in the end.
"""

from helpers import Dice

from mp_actors.linkstate import LinkState


def test_nothing_is_down_before_anybody_says_so():
    state = LinkState()
    assert state.down == set() and state.bits() == []


def test_what_an_end_says_of_its_own_link_is_told_once_and_each_change_has_a_new_stamp():
    state = LinkState()
    assert state.own(5, 1, 1) == (5, 1, 1, 1)
    assert state.own(5, 1, 1) is None
    assert state.own(5, 1, 0) == (5, 1, 2, 0)
    assert state.own(5, 1, 0) is None
    assert state.own(5, 1, 1) == (5, 1, 3, 1)
    assert state.bits() == [(5, 1, 3, 1)]


def test_a_link_is_down_if_either_end_says_so_and_up_when_both_say_so():
    state = LinkState()
    state.own(5, 1, 0)
    assert state.down == set()
    assert state.take(5, 2, 1, 1) and state.down == {5}
    state.own(5, 1, 1)
    assert state.take(5, 2, 2, 0) and state.down == {5}
    state.own(5, 1, 0)
    assert state.down == set()


def test_each_end_owns_its_bit_and_changes_no_other():
    state = LinkState()
    state.take(5, 1, 9, 1)
    state.take(5, 2, 1, 0)
    state.take(6, 1, 4, 0)
    assert state.bits() == [(5, 1, 9, 1), (5, 2, 1, 0), (6, 1, 4, 0)]


def test_the_newer_of_two_bits_wins_in_whatever_order_they_come():
    # Larger (stamp, down) is newer: of one stamp, `down` is.
    ordered = [(1, 0), (1, 1), (2, 0), (2, 1), (1000, 0)]
    for first in range(len(ordered)):
        for second in range(len(ordered)):
            state = LinkState()
            assert state.take(5, 2, ordered[first][0], ordered[first][1])
            is_new = state.take(5, 2, ordered[second][0], ordered[second][1])
            assert is_new == (second > first)
            newest = ordered[max(first, second)]
            assert state.bits() == [(5, 2) + newest]
            assert state.down == ({5} if newest[1] else set())


def test_a_bit_from_before_a_restart_is_put_right_with_its_stamp_and_one():
    state = LinkState()
    state.own(5, 1, 0)
    # Before the restart the link was down, with stamp 9; it is up now.
    assert state.contradicted(5, 1, 9, 1) == (5, 1, 10, 0)
    assert state.bits() == [(5, 1, 10, 0)] and state.down == set()
    assert state.contradicted(5, 1, 9, 1) is None
    assert state.contradicted(5, 1, 10, 1) == (5, 1, 11, 0)


def test_a_bit_from_before_a_restart_that_is_still_right_is_told_on():
    # Others may have one that is older still and says the opposite: it must not outlive this one.
    state = LinkState()
    state.own(5, 1, 1)
    assert state.contradicted(5, 1, 9, 1) == (5, 1, 9, 1)
    assert state.bits() == [(5, 1, 9, 1)]
    assert state.own(5, 1, 0) == (5, 1, 10, 0)


def test_what_is_older_than_the_own_bit_or_equal_to_it_needs_no_answer():
    state = LinkState()
    for down in (0, 1, 0, 1):
        state.own(5, 1, down)
    for stamp in (0, 1, 2, 3):
        assert state.contradicted(5, 1, stamp, 0) is None
        assert state.contradicted(5, 1, stamp, 1) is None
    assert state.contradicted(5, 1, 4, 1) is None
    assert state.contradicted(5, 1, 4, 0) == (5, 1, 5, 1)


def test_a_lie_about_the_last_stamp_is_as_far_as_stamps_go():
    state = LinkState()
    state.own(5, 1, 0)
    assert state.contradicted(5, 1, 0xFFFFFFFE, 1) == (5, 1, 0xFFFFFFFF, 0)
    assert state.own(5, 1, 1) == (5, 1, 0xFFFFFFFF, 1)
    assert state.contradicted(5, 1, 0xFFFFFFFF, 0) == (5, 1, 0xFFFFFFFF, 1)
    assert state.bits() == [(5, 1, 0xFFFFFFFF, 1)]


def test_links_that_a_new_map_does_not_have_are_forgotten():
    state = LinkState()
    state.own(5, 1, 1)
    state.take(6, 2, 3, 1)
    state.take(7, 2, 3, 0)
    state.keep({6, 9})
    assert state.bits() == [(6, 2, 3, 1)] and state.down == {6}


def wander(seed, owners, routers, losses):
    """Owners change their bits and restart; every bit is told to every router in any order.

    Returns the states and what each owner says. `losses` of 4 tellings are lost until the end.
    """
    dice = Dice(seed)
    states = [LinkState() for _ in range(routers)]
    truth = {}
    told = []
    for _ in range(60):
        owner = dice.below(owners)
        if dice.below(8) == 0:
            states[owner] = LinkState()  # a restart: it has forgotten all
        down = dice.below(2)
        truth[owner] = down
        bit = states[owner].own(100, owner, down)
        if bit is not None:
            told.append(bit)
        for bit in list(told):
            place = dice.below(routers)
            if dice.below(4) >= losses:
                tell(states, place, bit, told)
    # Quiet: everybody tells everybody all it has, until nothing is new any more.
    while True:
        is_new = False
        for state in states:
            for bit in state.bits():
                for place in range(routers):
                    is_new = tell(states, place, bit, told) or is_new
        if not is_new:
            return states, truth


def tell(states, place, bit, told):
    link, end, stamp, down = bit
    state = states[place]
    if place != end:
        return state.take(link, end, stamp, down)
    mended = state.contradicted(link, end, stamp, down)
    if mended is None:
        return False
    told.append(mended)
    return True


def test_all_agree_in_the_end_with_what_the_ends_say_whatever_was_lost_and_who_restarted():
    for seed in range(60):
        states, truth = wander(seed, 2, 5, seed % 4)
        for state in states:
            known = dict([(end, down) for _, end, _, down in state.bits()])
            # An end that restarted and has said nothing since is asked by nobody.
            for owner in truth:
                assert known[owner] == truth[owner], seed
            assert state.down == ({100} if max(truth.values()) else set()), seed
        assert len(set([tuple(state.bits()) for state in states])) == 1, seed
