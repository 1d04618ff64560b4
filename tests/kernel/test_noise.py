"""Noise: messages repeat known runs to the byte, and nothing that was touched is taken.

KK needs a cipher that boards do not have; it is tried against an oracle in `tests/wire/`.
"""

from helpers import refusal
from pairs import NNPSK0_RUN, RESUME_RUN, FixedRandom, crypto

from mp_actors import noise
from mp_actors.errors import RemoteWireError

PSK = b"k" * 32


def side(row, is_initiator, psk=PSK, prologue=b"here", provider=crypto):
    return noise.Noise(provider, row, is_initiator, prologue, None, None, psk)


def read(end, message):
    return crypto.run(end.read(message))


def write(end, payload=b"payload"):
    return crypto.run(end.write(payload))


def repeat(row, run):
    initiator, responder = [
        side(row, not index, run["psk"], run["prologue"], FixedRandom(run["random"][index]))
        for index in (0, 1)
    ]
    first = write(initiator, run["payloads"][0])
    assert read(responder, first) == run["payloads"][0]
    second = write(responder, run["payloads"][1])
    assert read(initiator, second) == run["payloads"][1]
    assert (first, second) == run["messages"]
    send_key, receive_key, resumption = run["keys"]
    assert initiator.split() == (send_key, receive_key, resumption)
    assert responder.split() == (receive_key, send_key, resumption)


def test_a_run_of_nnpsk0_is_repeated_to_the_byte():
    repeat(noise.NNPSK0, NNPSK0_RUN)


def test_a_run_of_resume_is_repeated_to_the_byte():
    repeat(noise.RESUME, RESUME_RUN)


def test_a_handshake_is_done_after_both_messages_and_not_before():
    for row in (noise.NNPSK0, noise.RESUME):
        initiator, responder = side(row, True), side(row, False)
        read(responder, write(initiator))
        assert not initiator.is_done
        assert not responder.is_done
        read(initiator, write(responder))
        assert initiator.is_done
        assert responder.is_done


def test_two_handshakes_with_one_key_share_nothing():
    for row in (noise.NNPSK0, noise.RESUME):
        seen = set()
        for _ in range(2):
            initiator, responder = side(row, True), side(row, False)
            first = write(initiator)
            read(responder, first)
            second = write(responder)
            read(initiator, second)
            seen.update((first, second))
            seen.update(initiator.split())
        assert len(seen) == 10


def test_a_message_1_that_was_touched_in_any_bit_is_refused():
    for row in (noise.NNPSK0, noise.RESUME):
        message = write(side(row, True))
        for bit in range(8 * len(message)):
            wrong = bytearray(message)
            wrong[bit // 8] ^= 1 << bit % 8
            refusal(RemoteWireError, read, side(row, False), bytes(wrong))
        assert read(side(row, False), message) == b"payload"


def test_a_message_2_that_was_touched_in_any_byte_is_refused():
    for row in (noise.NNPSK0, noise.RESUME):
        mine, other = b"i" * (32 if row is noise.NNPSK0 else 16), side(row, False)
        read(other, write(side(row, True, provider=FixedRandom(mine))))
        message = write(other)
        for index in range(len(message)):
            initiator = side(row, True, provider=FixedRandom(mine))
            write(initiator)
            wrong = bytearray(message)
            # The top bit of a public key is no part of it, but it is part of the transcript.
            wrong[index] ^= 0x80
            refusal(RemoteWireError, read, initiator, bytes(wrong))


def test_a_message_that_was_cut_anywhere_or_goes_on_is_refused():
    for row in (noise.NNPSK0, noise.RESUME):
        message = write(side(row, True))
        for size in range(len(message)):
            refusal(RemoteWireError, read, side(row, False), message[:size])
        refusal(RemoteWireError, read, side(row, False), message + b"\x00")


def test_another_key_and_another_prologue_are_refused():
    for row in (noise.NNPSK0, noise.RESUME):
        message = write(side(row, True))
        refusal(RemoteWireError, read, side(row, False, psk=b"j" * 32), message)
        refusal(RemoteWireError, read, side(row, False, prologue=b"hero"), message)


def test_a_public_key_that_makes_every_secret_zero_is_refused():
    # A peer that has the key and wants the records to be readable without it.
    for point in (bytes(32), b"\x01" + bytes(31)):
        said = refusal(RemoteWireError, crypto.run, crypto.x25519(b"k" * 32, point))
        initiator = side(noise.NNPSK0, True)
        write(initiator)
        assert refusal(RemoteWireError, read, initiator, point + b"s" * 16) == said


def test_a_long_calculation_yields_between_slices():
    initiator = side(noise.NNPSK0, True)
    steps = initiator.write(b"")
    assert next(steps) is None
    assert len(crypto.run(steps)) == 48
