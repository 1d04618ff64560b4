"""A link is dead, and what was under way on it goes another way, or waits for it: R10 and L3 of
routing, rule 9 of sessions.
"""

from helpers import Row, part
from test_detours import Mesh

from mp_actors import news


def silent_link(kind="tell"):
    """A frame has got across, its acknowledgement has not, and the link dies: so the frame goes by
    the other way, unless nobody could tell it as a repeat (R10, rule 9). Returns the Mesh.
    """
    mesh = Mesh()
    mesh.run(1000)
    link = mesh.links.pop(12)
    if kind == "tell":
        mesh.nodes[1].control.tell("d/n1/me", "d/n2/hearer", "hear", ["once"])
    else:
        mesh.ask(1, 2, "once")
    mesh.nodes[1].step(0)
    link.pump()
    mesh.run(100)
    mesh.drop(link)
    mesh.run(8000)
    return mesh


def test_a_tell_that_may_have_arrived_is_not_told_again_and_counted():
    mesh = silent_link()
    assert mesh.heard(2) == ["once"] and mesh.nodes[1].control.lost == {"link": 1}


def test_a_question_that_may_have_arrived_goes_the_other_way_and_is_carried_out_once():
    mesh = silent_link("ask")
    assert mesh.heard(2) == ["once"] and mesh.answers == [(None, None)] and mesh.lost() == []


def test_frames_on_a_dead_link_take_the_other_way_in_order_and_the_next_session_is_fresh():
    mesh = Mesh()
    mesh.run(1000)
    for link in (12, 12):
        before = mesh.nodes[1].links.peers[2].incarnation
        mesh.snap(link)
        for value in range(20):
            assert mesh.ask(1, 2, value)
        mesh.settle()
        assert mesh.heard(2) == []
        mesh.run(2000)
        assert mesh.heard(2) == list(range(20)) and mesh.down() == {12}
        assert mesh.nodes[1].links.peers[2].incarnation != before
        mesh.join(link)
        mesh.run(1000)
        assert mesh.down() == set() and mesh.lost() == []
        mesh.heard(2)[:] = []


def test_a_leafs_frames_on_a_dead_link_go_by_its_other_parent():
    mesh = Mesh()
    mesh.run(1000)
    mesh.snap(81)
    for value in range(5):
        mesh.ask(8, 2, value)
    mesh.run(2000)
    assert mesh.heard(2) == list(range(5)) and mesh.lost() == []


def test_without_another_way_frames_stay_and_their_session_resumes():
    mesh = Mesh()
    mesh.run(1000)
    mesh.snap(93)
    for value in range(5):
        mesh.ask(9, 2, value)
    mesh.run(20000)
    assert mesh.heard(2) == []
    mesh.join(93)
    mesh.run(1000)
    assert mesh.heard(2) == list(range(5)) and mesh.lost() == []
    assert mesh.nodes[9].links.peers[3].resumed == 1


def test_what_waits_for_a_dead_link_takes_a_way_that_opens_before_what_is_newer():
    mesh = Mesh()
    mesh.run(1000)
    mesh.snap(41)
    mesh.run(2000)
    mesh.snap(12)
    for value in range(5):
        mesh.ask(1, 2, value)
    mesh.run(3000)
    assert list(mesh.nodes[1].neighbours) == [8] and mesh.heard(2) == []
    mesh.join(41)
    mesh.settle()
    mesh.ask(1, 2, 5)
    mesh.run(1000)
    assert mesh.heard(2) == list(range(6)) and mesh.lost() == [] and mesh.down() == {12}


def test_what_waits_for_a_link_goes_another_way_once_its_other_end_says_that_it_is_dead():
    mesh = Mesh()
    mesh.run(1000)
    mesh.links.pop(12)  # silent from now on
    for value in range(5):
        mesh.ask(1, 2, value)
    connection = mesh.nodes[1].neighbours[2].connection
    connection.heard_ms += 2000  # by here, it had been heard later
    while 12 not in mesh.nodes[1].forwarder.state.down:
        mesh.run(50)
    assert connection.is_closed
    mesh.ask(1, 2, 5)
    mesh.run(100)
    assert mesh.heard(2) == list(range(6)) and mesh.lost() == []


def test_a_connection_that_is_new_outlives_what_its_other_end_said_before():
    mesh = Mesh()
    mesh.run(1000)
    mesh.snap(12)
    mesh.run(3000)
    mesh.join(12)
    mesh.settle()
    router, connection = mesh.nodes[1].forwarder, mesh.nodes[1].neighbours[2].connection
    stamp = router.state._bits[12][2][0] + 1
    router.take_news(mesh.nodes[1].neighbours[4], news.bit_frames([(12, 2, stamp, 1)])[0])
    assert not connection.is_closed and mesh.nodes[1].neighbours[2].connection is connection


def test_a_link_that_is_back_within_a_second_was_never_down():
    mesh = Mesh()
    mesh.run(1000)
    told = []
    mesh.nodes[3].forwarder._spread = told.append
    mesh.snap(12)
    mesh.ask(1, 2, "held")
    mesh.run(800)
    mesh.join(12)
    mesh.run(1000)
    assert mesh.heard(2) == ["held"] and told == [] and mesh.down() == set()


def test_a_goodbye_brings_a_link_down_at_once():
    row = Row()
    part(row.links[0])
    assert row.nodes[0].neighbours == {} and sorted(row.nodes[1].neighbours) == [3]
    row = Row()
    row.links[0].cut()
    assert sorted(row.nodes[0].neighbours) == [2]
    row.run(1600)
    assert row.nodes[0].neighbours == {}
