"""DHT11 and DHT22 against the five bytes they send."""

from around import Desk, is_near, refusal, world

from mp_actors.sensors import dht as driver
from mp_actors.sensors.dht import DHT11, DHT22
from mp_actors.wired import PartError


def fresh(cls, pin, measure="temperature"):
    """A sensor whose pin was not read before."""
    driver._lines.clear()
    return cls(pin, measure)


def test_a_dht22_gives_tenths():
    for celsius, percent in ((-40, 0), (-0.1, 12.3), (0, 50), (21.7, 99.9), (80, 100)):
        world(temperature=celsius, humidity=percent, parts={15: "dht22"})
        is_near(fresh(DHT22, 15).sample(), celsius, 0.05)
        is_near(fresh(DHT22, 15, "humidity").sample(), percent, 0.05)


def test_a_dht11_gives_whole_numbers():
    for celsius, percent in ((0, 20), (21.7, 54.4), (50, 90)):
        world(temperature=celsius, humidity=percent, parts={4: "dht11"})
        value = fresh(DHT11, 4).sample()
        assert type(value) is int
        is_near(value, celsius, 0.5)
        is_near(fresh(DHT11, 4, "humidity").sample(), percent, 0.5)


def test_two_actors_at_a_pin_share_one_reading():
    around = world(temperature=20, humidity=50, parts={4: "dht11"})
    first, second = fresh(DHT11, 4), DHT11(4, "humidity")
    assert first.sample() == 20
    around.humidity = 60
    assert second.sample() == 50


def test_without_a_sensor_it_says_what_to_look_at():
    world(parts={4: None})
    said = refusal(PartError, fresh(DHT11, 4).sample)
    assert said == "DHT11 at pin 4: does not answer; check power, wire and the pull-up of 5 kΩ"


def test_lost_bits_are_told_and_the_actor_goes_on():
    around = world(temperature=20, parts={4: "dht11"}, damaged=True)
    driver._lines.clear()
    desk = Desk(lambda: DHT11(4))
    assert desk.run(2000) == []
    assert "DHT11 at pin 4: checksum error" in desk.lines[0]
    around.damaged = False
    assert desk.run(2000) == [20]


def test_the_other_kind_at_the_pin_is_told_from_its_nonsense():
    world(temperature=25, parts={4: "dht11"})
    assert "is it of the other kind?" in refusal(PartError, fresh(DHT22, 4).sample)


def test_a_quantity_it_does_not_measure_is_refused():
    assert "got 'light'" in refusal(ValueError, lambda: DHT11(4, "light"))


def test_it_is_asked_no_more_often_than_its_datasheet_allows():
    assert DHT11(4, period_ms=10).period_ms == 2000
    assert DHT22(15, period_ms=10).period_ms == 2000
