"""Handshakes: two devices that know each other agree on a seal; everybody else learns nothing."""

from helpers import refusal
from pairs import crypto, key_dict, keys_of, resumable, shake

from mp_actors import handshake
from mp_actors.errors import LocalWireError, RemoteWireError
from mp_actors.handshake import Handshake
from mp_actors.keyring import Keys

KK, NNPSK0, RESUME = 1, 2, 3


def refused(end, frame):
    """The error with which an end refuses a frame."""
    try:
        crypto.run(end.read(frame))
    except RemoteWireError as error:
        # Over for good, whatever comes.
        refusal(RemoteWireError, crypto.run, end.read(frame))
        assert end.seal is None
        assert not end.is_done
        return error
    raise AssertionError("%r was not refused" % frame)


def silence(end, frame, reason):
    error = refused(end, frame)
    assert error.reason == reason, error
    assert error.answer is None


def dial(keys, to, payload=b"hello"):
    """(dialler, its first frame)."""
    end = Handshake(crypto, keys, True, to)
    return end, crypto.run(end.write(payload))


def accept(keys):
    return Handshake(crypto, keys, False)


def changed(frame, index, value):
    """The frame with another byte at an index."""
    return frame[:index] + bytes([value]) + frame[index + 1 :]


# --- agreement ------------------------------------------------------------------------------------


def test_two_devices_agree_on_a_seal():
    for name in ("ccm", "fernet"):
        one, two = [Keys(key_dict(a, [b], seal=name)) for a, b in ((1, 2), (2, 1))]
        dialler, acceptor = shake(one, two)
        assert dialler.is_done
        assert acceptor.is_done
        assert (dialler.peer_number, acceptor.peer_number) == (2, 1)
        assert dialler.seal.name == acceptor.seal.name == name
        assert acceptor.seal.open(dialler.seal.seal(b"there")) == b"there"
        assert dialler.seal.open(acceptor.seal.seal(b"back")) == b"back"
        assert not dialler.is_resumed


def test_a_frame_has_the_head_that_the_protocol_prescribes():
    _, frame = dial(keys_of(0x0102, 0x0304), 0x0304, b"")
    assert frame[:8] == b"\x02\x03\x02\x01\x01\x02\x03\x04"
    assert len(frame) == 8 + 32 + 16


def test_two_devices_that_resume_agree_on_new_keys():
    one, two = resumable()
    seen = set()
    for pair in ((one, two), (two, one), (one, two)):
        dialler, acceptor = shake(*pair)
        assert dialler.is_resumed
        assert acceptor.is_resumed
        body = dialler.seal.seal(b"same")
        assert acceptor.seal.open(body) == b"same"
        seen.add(body)
        for end in (dialler, acceptor):
            end.confirm()
    assert len(seen) == 3


def test_no_secret_is_kept_before_the_other_end_is_known_to_be_there():
    one, two = keys_of(1, 2), keys_of(2, 1)
    dialler, acceptor = shake(one, two)
    assert one.resumption(2) is None
    assert two.resumption(1) is None
    dialler.confirm()
    acceptor.confirm()
    assert one.resumption(2) == two.resumption(1)
    assert len(one.resumption(2)) == 32


def test_a_resumed_connection_leaves_the_secret_as_it_is():
    one, two = resumable()
    secret = one.resumption(2)
    for end in shake(one, two):
        end.confirm()
    assert one.resumption(2) == two.resumption(1) == secret


def test_a_replayed_message_1_does_not_replace_the_secret():
    one, two = keys_of(1, 2), keys_of(2, 1)
    dialler, frame = dial(one, 2)
    acceptor = accept(two)
    crypto.run(acceptor.read(frame))
    crypto.run(dialler.read(crypto.run(acceptor.write(b""))))
    dialler.confirm()
    acceptor.confirm()
    replayed = accept(two)
    crypto.run(replayed.read(frame))
    crypto.run(replayed.write(b""))
    refusal(RemoteWireError, replayed.seal.open, dialler.seal.seal(b""))
    assert shake(one, two)[0].is_resumed


# --- strangers ------------------------------------------------------------------------------------


def test_a_stranger_and_a_wrong_key_are_answered_with_the_same_silence():
    _, frame = dial(keys_of(1, 2), 2)
    silence(accept(keys_of(2, 3)), frame, "unknown")
    other = key_dict(2, [1])
    other["neighbours"]["1"]["psk"] = "00" * 32
    silence(accept(Keys(other)), frame, "key")


def test_a_device_of_another_site_is_one_with_a_wrong_key():
    _, frame = dial(keys_of(1, 2), 2)
    silence(accept(Keys(key_dict(2, [1], site=bytes(16)))), frame, "key")


def test_a_handshake_for_another_device_is_refused():
    _, frame = dial(keys_of(1, 2), 2)
    silence(accept(keys_of(3, 1)), frame, "unknown")


def test_a_neighbour_whose_link_is_plain_has_no_handshake():
    plain = Keys(key_dict(2, [1], seal="plain"))
    assert plain.key_for(1) == (None, None, "plain")
    _, frame = dial(keys_of(1, 2), 2)
    silence(accept(plain), frame, "unknown")
    text = refusal(LocalWireError, Handshake, crypto, plain, True, 1)
    assert text.startswith("device 2 has no key for device 1")


def test_a_device_without_a_key_is_not_dialled():
    refusal(LocalWireError, Handshake, crypto, keys_of(1, 2), True, 3)


def test_a_pattern_that_is_not_the_pair_s_is_refused():
    _, frame = dial(keys_of(1, 2), 2)
    silence(accept(keys_of(2, 1)), changed(frame, 2, KK), "pattern")
    silence(accept(keys_of(2, 1)), changed(frame, 2, 9), "step")


def test_a_message_that_is_reflected_is_refused():
    for one, two in ((keys_of(1, 2), keys_of(2, 1)), resumable()):
        dialler, frame = dial(one, 2)
        assert refused(accept(one), frame).reason == "unknown"
        silence(dialler, frame, "unknown")
        acceptor = accept(two)
        crypto.run(acceptor.read(frame))
        answer = crypto.run(acceptor.write(b""))
        silence(accept(two), answer, "step")


def test_a_message_1_that_comes_back_with_its_numbers_exchanged_is_refused():
    # The two share one key, so only what the head says tells who began.
    for one, reason in ((keys_of(1, 2), "key"), (resumable()[0], "resume")):
        _, frame = dial(one, 2)
        frame = frame[:4] + frame[6:8] + frame[4:6] + frame[8:]
        assert refused(accept(one), frame).reason == reason


def test_any_bit_of_a_head_that_is_turned_is_refused():
    for one, two in ((keys_of(1, 2), keys_of(2, 1)), resumable()):
        dialler, first = dial(one, 2)
        acceptor = accept(two)
        crypto.run(acceptor.read(first))
        answer = crypto.run(acceptor.write(b"hallo"))
        for bit in range(64):
            wrong = first[bit // 8] ^ (1 << bit % 8)
            refused(accept(two), changed(first, bit // 8, wrong))
            wrong = answer[bit // 8] ^ (1 << bit % 8)
            # The answer goes to another dialler, whose own it is not: its head has to do.
            error = refused(dial(one, 2)[0], changed(answer, bit // 8, wrong))
            assert error.reason in ("step", "version", "unknown")
        assert crypto.run(dialler.read(answer)) == b"hallo"


def test_an_answer_to_another_dialling_is_refused():
    for one, two in ((keys_of(1, 2), keys_of(2, 1)), resumable()):
        _, first = dial(one, 2)
        acceptor = accept(two)
        crypto.run(acceptor.read(first))
        silence(dial(one, 2)[0], crypto.run(acceptor.write(b"")), "key")


def test_frames_out_of_turn_are_refused():
    one, two = keys_of(1, 2), keys_of(2, 1)
    dialler, acceptor = shake(one, two)
    _, frame = dial(one, 2)
    for end in (dialler, acceptor, Handshake(crypto, one, True, 2)):
        assert "none is due" in refusal(RemoteWireError, crypto.run, end.read(frame))
    # What came too late has done nothing to the connection.
    assert acceptor.seal.open(dialler.seal.seal(b"there")) == b"there"


def test_a_frame_that_was_cut_anywhere_is_refused():
    one, two = keys_of(1, 2), keys_of(2, 1)
    _, frame = dial(one, 2)
    for size in range(len(frame)):
        silence(accept(two), frame[:size], "short" if size < 8 else "key")


# --- versions -------------------------------------------------------------------------------------


def test_a_version_that_does_not_fit_is_answered_and_both_are_named():
    one, two = keys_of(1, 2), keys_of(2, 1)
    dialler, frame = dial(one, 2)
    error = refused(accept(two), changed(frame, 1, 4))
    told = "speaks protocol version 4, this node 3; bring both to one version"
    assert (error.reason, str(error)) == ("version", told)
    assert error.answer == b"\x02\x03\x02\xff\x00\x02\x00\x01"
    # What the other node, of version 4, would have answered to mine:
    error = refused(dialler, changed(error.answer, 1, 4))
    assert (error.reason, str(error)) == ("version", told)
    assert error.answer is None


def test_a_refusal_that_names_my_own_version_is_refused():
    dialler, _ = dial(keys_of(1, 2), 2)
    silence(dialler, b"\x02\x03\x02\xff\x00\x02\x00\x01", "step")


# --- resuming -------------------------------------------------------------------------------------


def test_a_secret_that_only_one_end_has_leads_to_a_full_handshake():
    one, _ = resumable()
    fresh = keys_of(2, 1)
    dialler, frame = dial(one, 2)
    assert frame[2] == RESUME
    error = refused(accept(fresh), frame)
    assert error.reason == "resume"
    assert error.answer == b"\x02\x03\x03\xfe\x00\x02\x00\x01"
    silence(dialler, error.answer, "resume")
    assert one.resumption(2) is None
    dialler, _ = shake(one, fresh)
    assert not dialler.is_resumed
    assert dialler.is_done


def test_a_resumption_is_refused_alike_whatever_is_wrong():
    one, two = resumable()
    _, frame = dial(one, 2)
    two.remember(1, bytes(32))
    errors = [refused(accept(keys), frame) for keys in (two, keys_of(2, 1), keys_of(2, 3))]
    assert [error.reason for error in errors] == ["resume", "resume", "unknown"]
    assert {error.answer for error in errors} == {errors[0].answer}


def test_a_refusal_from_another_device_or_for_nobody_forgets_nothing():
    one, _ = resumable()
    for answer in (
        b"\x02\x03\x03\xfe\x00\x03\x00\x01",
        b"\x02\x03\x03\xfe\x00\x02\x00\x03",
        b"\x02\x03\x02\xfe\x00\x02\x00\x01",
    ):
        refused(dial(one, 2)[0], answer)
        assert one.resumption(2) is not None
    full, _ = dial(keys_of(1, 2), 2)
    silence(full, b"\x02\x03\x03\xfe\x00\x02\x00\x01", "step")


def test_a_device_whose_keys_were_changed_or_revoked_does_not_resume():
    one, two = resumable()
    _, frame = dial(one, 2)
    kept = {1: two.secrets[1]}
    assert crypto.run(accept(Keys(key_dict(2, [1]), None, kept)).read(frame)) == b"hello"
    changed_keys = key_dict(2, [1])
    changed_keys["neighbours"]["1"]["psk"] = "00" * 32
    assert refused(accept(Keys(changed_keys, None, kept)), frame).reason == "resume"
    changed_keys = key_dict(2, [1])
    changed_keys["private"] = "11" * 32
    assert refused(accept(Keys(changed_keys, None, kept)), frame).reason == "resume"
    assert refused(accept(Keys(key_dict(2, [3]), None, kept)), frame).reason == "unknown"


# --- keys -----------------------------------------------------------------------------------------


def test_the_store_is_told_and_a_later_life_resumes_with_what_it_kept():
    disk = {}
    one, two = keys_of(1, 2), Keys(key_dict(2, [1]), disk.__setitem__)
    for end in shake(one, two):
        end.confirm()
    assert list(disk) == [1]
    dialler, acceptor = shake(one, Keys(key_dict(2, [1]), None, disk))
    assert dialler.is_resumed
    assert acceptor.is_done
    two.remember(1, None)
    assert disk == {1: None}
    assert Keys(key_dict(2, [1]), None, disk).resumption(1) is None


def test_keys_read_what_their_file_says():
    data = key_dict(7, [1])
    data["private"] = "22" * 32
    data["neighbours"]["0"] = {"pattern": "KK", "public": "33" * 32, "seal": "fernet"}
    keys = Keys(data)
    assert (keys.number, keys.path, keys.epoch) == (7, "lab/device7", 1)
    assert keys.site == bytes(range(16))
    assert keys.private == b"\x22" * 32
    assert keys.key_for(0) == ("KK", b"\x33" * 32, "fernet")
    assert keys.key_for(9) is None


def test_damaged_keys_are_refused():
    for entry in (
        {"pattern": "NNpsk0", "psk": "00" * 31, "seal": "ccm"},
        {"pattern": "NNpsk0", "psk": "zz" * 32, "seal": "ccm"},
        {"pattern": "XX", "psk": "00" * 32, "seal": "ccm"},
        {"pattern": "NNpsk0", "psk": "00" * 32, "seal": "rot13"},
        {"pattern": "KK", "psk": "00" * 32, "seal": "ccm"},
        {"pattern": "KK", "public": None, "seal": "ccm"},
        {},
    ):
        data = key_dict(1, [])
        data["neighbours"]["2"] = entry
        refusal((KeyError, ValueError, TypeError), Keys, data)


def test_the_number_of_the_frame_is_the_protocol_s():
    assert handshake.HANDSHAKE == 2
    assert handshake.VERSION == 3
