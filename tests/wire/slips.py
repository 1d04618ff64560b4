"""Slips of a session that the simulator and the model both have to catch, and how they are made.

What is wrong stands in for the right code: {(class, name): what stands there instead}.
"""

from contextlib import ExitStack, contextmanager
from unittest import mock

from mp_actors.session import Session

right_adopt = Session.adopt


def sends_nothing_again(session, *told):
    """Takes what had left on the broken connection for arrived."""
    sent = session.sent
    doubts = right_adopt(session, *told)
    if doubts is None:
        session.sent = min(sent, len(session.frames))
    return doubts


def resumes_with_a_stranger(session, incarnation, named, next_receive):
    """Rule 4: another incarnation is another session."""
    session.known = session.known or incarnation
    return right_adopt(session, session.known, named, next_receive)


def keeps_its_incarnation(session, _incarnation):
    """Gives up, and begins the next session under the name of the last."""
    session.known = 0
    return session._restart()


def forgets_what_is_in_doubt(session):
    """Begins afresh, and tells nobody what may not have arrived."""
    session.frames = []
    session.buffered_bytes = session.sent = 0
    session.first = session.expected = 1
    return []


@contextmanager
def standing_in(patches):
    """Let what is wrong stand where the right code stood."""
    with ExitStack() as stack:
        for (owner, name), wrong in patches.items():
            stack.enter_context(mock.patch.object(owner, name, wrong))
        yield
