"""Sessions over sealed links: a record cut anywhere is told whole on the next connection, under its
new keys, and what follows a greeting does not break it.
"""

import pytest
from schedules import Schedule
from test_resume import acceptor_late, both_dial, both_told, check_cut_everywhere

from mp_actors.guard import Guard
from mp_actors.keyring import Keys
from tests.kernel.pairs import crypto, key_dict


def sealed(seal, is_board=False):
    """A schedule of two devices that share a key."""
    guards = {
        who: Guard(crypto, Keys(key_dict(who, [3 - who], seal=seal))) for who in (1, 2)
    }
    return Schedule(is_board, guards)


@pytest.mark.parametrize("mend", [both_told, acceptor_late, both_dial])
@pytest.mark.parametrize(("seal", "every"), [("ccm", 3), ("fernet", 17)])
def test_a_cut_anywhere_costs_nothing(mend, seal, every):
    check_cut_everywhere(mend, every, lambda: sealed(seal))


@pytest.mark.parametrize("seal", ["ccm", "fernet"])
@pytest.mark.parametrize("is_board", [False, True])
def test_much_that_was_not_acknowledged_follows_the_greeting_at_once(seal, is_board):
    schedule = sealed(seal, is_board)
    schedule.say(1)
    schedule.rest()
    schedule.cut(-1)
    schedule.say(1, 40, 500)
    schedule.step(1)
    schedule.rest()
    assert len(schedule.heard[2]) == 41
    assert [node.links.link_errors for node in schedule.nodes.values()] == [{}, {}]
    assert schedule.resumed == 2
