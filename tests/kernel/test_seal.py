"""Seals: what was sealed opens once, in order, at the other end; anything else ends the seal."""

from helpers import Dice, refusal
from pairs import crypto

from mp_actors import seal
from mp_actors.errors import RemoteWireError
from mp_actors.handshake import make_seal

ONE, TWO = b"1" * 32, b"2" * 32
NAMES = ("ccm", "fernet")
DATA = [b"", b"a", b"b" * 100, b"\x00" * 16, b"d" * 1016]


def ends(name):
    return make_seal(name, crypto, ONE, TWO), make_seal(name, crypto, TWO, ONE)


def spoilt(end, body, next_body):
    """Assert that a body is refused and the right one after it too, for ever."""
    refusal(RemoteWireError, end.open, body)
    for _ in range(2):
        assert "close the connection" in refusal(RemoteWireError, end.open, next_body)


def test_records_open_in_order_both_ways():
    for name in NAMES:
        one, two = ends(name)
        assert one.name == name
        for data in DATA:
            assert two.open(one.seal(data)) == data
            assert one.open(two.seal(data)) == data


def test_the_same_data_is_never_sealed_to_the_same_body():
    for name in NAMES:
        one, two = ends(name)
        bodies = {one.seal(b"same") for _ in range(20)} | {two.seal(b"same") for _ in range(20)}
        assert len(bodies) == 40


def test_a_replayed_record_is_refused():
    for name in NAMES:
        one, two = ends(name)
        body = one.seal(b"again")
        two.open(body)
        spoilt(two, body, one.seal(b"next"))


def test_a_record_after_a_lost_one_is_refused():
    for name in NAMES:
        one, two = ends(name)
        lost, body = one.seal(b"lost"), one.seal(b"after it")
        spoilt(two, body, lost)


def test_a_record_that_comes_back_to_its_sender_is_refused():
    for name in NAMES:
        one, two = ends(name)
        body = one.seal(b"mirror")
        spoilt(one, body, two.seal(b"next"))


def test_a_record_of_another_connection_is_refused():
    for name in NAMES:
        _, two = ends(name)
        other = make_seal(name, crypto, b"3" * 32, b"4" * 32)
        spoilt(two, other.seal(b"stranger"), b"")


def test_a_record_with_any_bit_turned_is_refused():
    for name in NAMES:
        one, _ = ends(name)
        body = one.seal(b"bits")
        step = 1 if name == "ccm" else 7
        for bit in range(0, 8 * len(body), step):
            _, two = ends(name)
            wrong = bytearray(body)
            wrong[bit // 8] ^= 1 << bit % 8
            refusal(RemoteWireError, two.open, bytes(wrong))


def test_a_record_that_was_cut_anywhere_or_goes_on_is_refused():
    for name in NAMES:
        one, _ = ends(name)
        body = one.seal(b"cut here")
        for size in range(len(body)):
            _, two = ends(name)
            refusal(RemoteWireError, two.open, body[:size])
        _, two = ends(name)
        refusal(RemoteWireError, two.open, body + b"\x00")


def test_noise_is_refused():
    dice = Dice(4)
    for name in NAMES:
        for size in (0, 1, 7, 8, 9, 72, 100, 300):
            _, two = ends(name)
            refusal(RemoteWireError, two.open, bytes([dice.below(256) for _ in range(size)]))


def test_a_token_with_the_right_key_and_the_wrong_number_is_refused():
    one, two = ends("fernet")
    token = crypto.Fernet(ONE).seal(b"\x00" * 7 + b"\x01" + b"data", 0)
    spoilt(two, token, one.seal(b"data"))
    one, two = ends("fernet")
    spoilt(two, crypto.Fernet(ONE).seal(b"\x00" * 7, 0), one.seal(b"data"))


def test_a_record_of_the_fernet_seal_is_a_token_of_its_direction_s_key():
    one, _ = ends("fernet")
    one.seal(b"first")
    assert crypto.Fernet(ONE).open(one.seal(b"second")) == b"\x00" * 7 + b"\x01" + b"second"


def test_a_record_of_the_ccm_seal_has_its_number_in_the_nonce():
    one, _ = ends("ccm")
    one.seal(b"first")
    aead = crypto.Ccm(ONE[:16], 8)
    assert aead.open(bytes(11) + b"\x01", one.seal(b"second")) == b"second"


def test_an_attempt_that_ran_out_of_memory_spoils_the_seal():
    one, two = ends("ccm")
    # No bytes at all is the nearest to it that can be had at will.
    try:
        two.open(None)
    except Exception as error:
        assert not isinstance(error, RemoteWireError)
    assert "earlier" in refusal(RemoteWireError, two.open, one.seal(b"next"))


def test_the_room_is_what_fits_and_not_a_byte_more():
    for name in NAMES:
        one, _ = ends(name)
        for limit_bytes in (100, 101, 103, 120, 121, 128, 1020, 1024, 2044):
            size = seal.room(name, limit_bytes)
            assert len(one.seal(b"x" * size)) <= limit_bytes
            assert len(one.seal(b"x" * (size + 1))) > limit_bytes
        assert len(one.seal(b"")) == one.overhead_bytes
        assert seal.room(name, 7) == 0
    assert seal.room("plain", 100) == 100


def test_a_seal_of_no_known_name_is_a_mistake_of_ours():
    try:
        make_seal("rot13", crypto, ONE, TWO)
    except KeyError:
        return
    raise AssertionError("made")
