"""A rotary encoder, its contacts moved by hand; its handlers run with the heap locked."""

from around import drive, world

from mp_actors.sensors.encoder import Encoder

A, B = 18, 19
CLOCKWISE = ((0, 1), (0, 0), (1, 0), (1, 1))


def encoder(**options):
    world(parts={})
    drive(A, 1)
    drive(B, 1)
    return Encoder(A, B, **options)


def turn(levels):
    for a, b in levels:
        drive(A, a)
        drive(B, b)


def back(levels):
    """The same way back, from where it ends to where it began."""
    return [levels[-1 - place] for place in range(1, len(levels))] + [(1, 1)]


def test_each_detent_counts_one_up_one_way_and_one_down_the_other():
    sensor = encoder()
    assert sensor.sample() is None
    turn(CLOCKWISE)
    assert sensor.sample() == 1
    turn(CLOCKWISE * 3)
    assert sensor.sample() == 4
    turn(back(CLOCKWISE) * 6)
    assert sensor.sample() == -2
    assert sensor.sample() is None


def test_a_contact_that_bounces_counts_nothing():
    sensor = encoder()
    for _ in range(50):
        drive(A, 0)
        drive(A, 1)
    assert sensor.sample() is None
    drive(A, 0)
    for _ in range(7):
        drive(B, 0)
        drive(B, 1)
    turn(CLOCKWISE[1:])
    assert sensor.sample() == 1


def test_half_a_detent_and_back_is_none():
    sensor = encoder()
    turn(CLOCKWISE[:1])
    assert sensor.sample() is None
    turn([(1, 1)])
    assert sensor.sample() is None


def test_an_encoder_of_two_steps_a_detent():
    sensor = encoder(steps=2)
    turn(CLOCKWISE)
    assert sensor.sample() == 2


def test_when_it_ends_nobody_listens_any_more():
    sensor = encoder()
    sensor.stopped()
    turn(CLOCKWISE)
    assert sensor.sample() is None


def test_an_encoder_that_turns_by_itself_is_followed():
    import time

    around = world(turned=0, parts={25: "encoder a", 26: "encoder b"})
    sensor = Encoder(25, 26)
    end_ms = time.ticks_ms() + 30000
    for step in range(1, 13):
        around.turned = step / 4
        while sensor._count < step and time.ticks_ms() < end_ms:
            time.sleep_ms(1)
    sensor.stopped()
    assert sensor.sample() == 3
