"""Carbon dioxide against the bytes of an MH-Z19B."""

from around import Desk, refusal, world

from mp_actors.sensors.mhz19b import MHZ19B
from mp_actors.wired import PartError


def asked(sensor):
    """Its next value after the first question."""
    assert sensor.sample() is None
    return sensor.sample()


def test_by_uart_it_gives_every_ppm():
    for ppm in (0, 400, 855, 856, 5000):
        world(co2=ppm)
        assert asked(MHZ19B()) == ppm


def test_without_an_answer_it_says_what_to_look_at_and_goes_on():
    around = world(co2=700, on_uart=None)
    desk = Desk(MHZ19B)
    assert desk.run(4000) == []
    assert "MH-Z19B at UART 2: no answer; check power (5 V) and that tx goes to rx" in desk.lines[0]
    around.on_uart = "mhz19b"
    assert desk.run(8000)[-1] == 700


def test_a_damaged_answer_is_not_a_value():
    world(co2=700, damaged=True)
    sensor = MHZ19B()
    sensor.sample()
    assert "checksum error in ff8602ac" in refusal(PartError, sensor.sample)


def test_half_an_answer_is_not_a_value():
    world(co2=700)
    sensor = MHZ19B()
    sensor.sample()
    sensor._uart.read(4)
    assert "expected FF 86 and 7 bytes" in refusal(PartError, sensor.sample)


def test_the_consoles_port_is_refused():
    assert "UART(0)" in refusal(ValueError, lambda: MHZ19B(uart=0))
