"""Sessions keep their laws over every transport; a session or a link that breaks one is caught."""

from unittest import mock

import pytest
import session_conformance
from session_conformance import LAWS, check_law, check_session
from test_link_conformance import pair_of  # noqa: F401 - a fixture
from wrong_sessions import SLIPS

from mp_actors.links import memory
from tests.wire.slips import standing_in


@pytest.mark.parametrize("transport", ["memory", "tcp", "unix", "uart"])
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_sessions_keep_the_law(law, transport, pair_of):  # noqa: F811
    check_law(law, pair_of[transport])


@pytest.mark.parametrize(
    "name",
    ["nothing is sent again", "repeats are taken", "an acknowledgement covers one more",
     "first is one late"],
)
def test_a_wrong_session_is_caught(name):
    with (
        standing_in(SLIPS[name]),
        mock.patch.object(session_conformance, "PATIENCE_S", 0.5),
        pytest.raises(AssertionError),
    ):
        check_session(memory.pair)


class _Lossy:
    """A link that loses a byte now and then, which a stream never does."""

    name = transport = "lossy"
    address = None

    def __init__(self, good):
        self._good = good
        self._reads = 0
        self.write = good.write
        self.close = good.close

    def read(self, size_max):
        data = self._good.read(size_max)
        self._reads += bool(data)
        return data[1:] or None if data and not self._reads % 7 else data


class _Forgetful(_Lossy):
    """A link that takes more than it passes on."""

    def __init__(self, good):
        super().__init__(good)
        self.write = lambda data: good.write(data[:1000]) and len(data)


@pytest.mark.parametrize("wrong", [_Lossy, _Forgetful])
def test_a_link_that_is_no_stream_is_caught(wrong):
    def make_pair():
        return [wrong(end) for end in memory.pair()]

    with mock.patch.object(session_conformance, "PATIENCE_S", 0.5), pytest.raises(AssertionError):
        check_session(make_pair)
