"""The world of virtual boards, told by `world.py` beside a site file, and the parts in it.

With the real interpreter, in the heap of a board; what no driver uses is read by hand here.
"""

import subprocess

import pytest

from actors.boards import virtual
from actors.check import check
from actors.site import load


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def said(tmp_path, site):
    """Lays a board out beside `world.py`, runs a source there, gives the lines it prints."""

    def run(source, world=None, path="field/probe"):
        if world is not None:
            (site / "world.py").write_text(world)
        (site / "program.py").write_text(source)
        virtual.prepare(tmp_path / "flash", site, {"path": path}, seed=5)
        argv, environment = virtual.command(tmp_path / "flash")
        done = subprocess.run(
            [*argv[:-1], "-c", "import program"],
            env=environment,
            cwd=tmp_path / "flash",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return run


DHT = "from mp_actors.sensors.dht import DHT22\nprint(DHT22(15).sample())\n"


def test_a_constant_is_what_the_parts_measure(said):
    assert said(DHT, "temperature = 21.7\n") == ["21.7"]


def test_a_function_is_told_which_board_asks_and_at_what_time(said):
    world = (
        "import math\n_NAMES = {'field/probe': 10, 'field/other': 20}\n\n\n"
        "def temperature(board, time_s):\n"
        "    assert 0 <= time_s < 60\n    return _NAMES[board] + math.floor(0.5)\n"
    )
    assert said(DHT, world) == ["10.0"]
    assert said(DHT, world, path="field/other") == ["20.0"]


def test_where_there_is_a_pin_it_is_told_the_pin(said):
    world = "def voltage(board, time_s, pin):\n    return pin / 20\n"
    source = "from machine import ADC\nfor pin in 32, 36:\n    print(ADC(pin, atten=3).read_uv())\n"
    assert [round(int(line) / 1e4) for line in said(source, world)] == [160, 180]


REPLAYED = (
    "from peripherals.replay import replayed\n"
    "for time_s in (0, 5, 10, 14, 19.5, 20, 25, 7, 45):\n"
    "    print(replayed(%r, 'day.csv:warm', time_s))\n"
)


def test_a_csv_is_replayed_in_straight_lines_and_from_the_beginning_again(said, site):
    (site / "day.csv").write_text("time_s, warm ,x\n100,0,1\n110,20,1\n120,10,3\n")
    lines = said(REPLAYED % str(site), "temperature = 'day.csv:warm'\n")
    assert [float(line) for line in lines] == [0, 10, 20, 16, 10.5, 0, 10, 14, 10]


def test_several_columns_are_the_axes_of_one_quantity(said, site):
    (site / "walk.csv").write_text("time_s,ax,ay,az\n0,0.5,0,1\n1000,0.5,0,1\n")
    source = "from mp_actors.sensors.mpu6050 import MPU6050\nprint(MPU6050().sample())\n"
    assert said(source, "acceleration = 'walk.csv:ax,ay,az'\n") == ["[0.5, 0.0, 1.0]"]


@pytest.mark.parametrize(
    ("table", "told", "expected"),
    [
        ("time_s,warm\n0,1\n1,2\n", "day.csv:cold", "no column 'cold'; it has time_s, warm"),
        ("time_s,warm\n0,1\n", "day.csv:warm", "expected two rows or more"),
        ("time_s,warm\n0,1\n1,hot\n", "day.csv:warm", "'1,hot': expected numbers, one a column"),
        ("time_s,warm\n0,1\n1,2\n", "day.csv", "expected 'FILE.csv:COLUMN'"),
    ],
)
def test_a_csv_that_cannot_be_replayed_says_why(said, site, table, told, expected):
    (site / "day.csv").write_text(table)
    source = (
        "from peripherals.surroundings import sense\nimport machine\n"
        "try:\n    sense(machine.here, 'temperature', None)\n"
        "except ValueError as error:\n    print(error)\n"
    )
    (line,) = said(source, f"temperature = {told!r}\n")
    assert expected in line


SITE = """
from actors import Pipeline, Topology
site = Topology("field")
field = site.domain("field")
field.device("probe"%s), field.device("desk")
flow = Pipeline("flow")
"""


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("BASE = 3\n\n\ndef temprature(board, time_s):\n    return 1\n", 4, "'temperature'?"),
        ("import math\n_half = 2\nco2, Humidity = 3, 4\n", 3, "'humidity'?"),
        ("co2 = (\n", 1, "SyntaxError: '(' was never closed"),
    ],
)
def test_a_world_that_no_board_asks_for_is_told_with_its_line(site, text, line, expected):
    (site / "world.py").write_text(text)
    (site / "site.py").write_text(SITE % ', board="virtual"')
    (problem,) = check(load(site / "site.py"))
    assert (problem.file, problem.line) == (str(site / "world.py"), line)
    assert expected in str(problem)
    # Without a virtual board it may be any module of the person's.
    (site / "site.py").write_text(SITE % "")
    assert check(load(site / "site.py")) == []


def test_without_a_world_of_its_own_a_board_has_a_seeded_one(said):
    source = (
        "from mp_actors.sensors.dht import DHT11, DHT22\n"
        "from mp_actors.sensors.mhz19b import MHZ19B\n"
        "from mp_actors.sensors.mpu6050 import MPU6050\n"
        "from mp_actors.sensors.hcsr04 import Distance\n"
        "from mp_actors.sensors.hall import Hall\n"
        "co2 = MHZ19B()\nco2.sample()\n"
        "print(DHT22(15).sample(), DHT22(15, 'humidity').sample(), DHT11(4).sample())\n"
        "print(co2.sample(), Distance(5, 18).sample(), Hall(39).sample())\n"
        "print(MPU6050().sample()[2])\n"
    )
    first, second, third = said(source)
    warm, damp, rough = map(float, first.split())
    assert 15 < warm < 30
    assert abs(warm - rough) <= 0.6
    assert 40 < damp < 70
    ppm, far_cm, field_mt = map(float, second.split())
    assert 400 <= ppm <= 1300
    assert 20 < far_cm < 220
    assert abs(field_mt) <= 20.1
    assert abs(float(third) - 1) < 0.07


def test_the_button_and_the_encoder_of_the_seeded_world_move(said):
    source = (
        "from peripherals.surroundings import seeded\n"
        "ticks = range(0, 60000, 10)\n"
        "pressed = [seeded(5, 'pressed', at, 0) for at in ticks]\n"
        "print(sum(pressed[i] and not pressed[i - 1] for i in range(1, len(pressed))))\n"
        "turned = [seeded(5, 'turned', at) for at in ticks]\n"
        "print(max(turned), max(abs(turned[i] - turned[i - 1]) for i in range(1, len(turned))))\n"
    )
    presses, turns = said(source)
    assert 7 <= int(presses) <= 9
    assert turns == "600 1"


# The rest of the chip


def test_memory_of_the_clock_outlasts_a_reset_and_has_its_size(said):
    source = (
        "from machine import RTC\nrtc = RTC()\nprint(rtc.memory())\nrtc.memory(b'kept')\n"
        "try:\n    rtc.memory(bytes(2049))\nexcept ValueError as error:\n    print(error)\n"
    )
    assert said(source) == ["b''", "buffer too long"]
    assert said(source) == ["b'kept'", "buffer too long"]


def test_the_clock_can_be_set(said):
    source = (
        "from machine import RTC\nrtc = RTC()\n"
        "rtc.datetime((2031, 5, 6, 0, 7, 8, 9, 0))\nprint(rtc.datetime())\n"
    )
    assert said(source)[0].startswith("(2031, 5, 6, 1, 7, 8, ")


STATION = """
import network, time
station = network.WLAN(network.STA_IF)
print(station is network.WLAN(), station.isconnected())
try:
    station.connect('home', 'secret')
except OSError as error:
    print(error)
station.active(True)
for name, key in (('home', 'secret'), ('home', 'wrong'), ('away', 'secret')):
    station.connect(name, key)
    first = station.status()
    while station.status() == network.STAT_CONNECTING:
        time.sleep_ms(5)
    print(first, station.status(), station.isconnected(), station.ifconfig()[0])
print([row[0] for row in station.scan()])
"""


def test_a_station_finds_the_networks_of_its_world_and_their_passwords(said):
    assert said(STATION, "networks = {'home': 'secret'}\n") == [
        "True False",
        "Wifi Not Started",
        "1001 1010 True 127.0.0.1",
        "1001 202 False 0.0.0.0",
        "1001 201 False 0.0.0.0",
        "[b'home']",
    ]


def test_a_bus_is_scanned_and_read_byte_by_byte(said):
    source = (
        "from machine import I2C, Pin, SoftI2C\n"
        "for bus in (I2C(0), SoftI2C(Pin(22), Pin(21))):\n"
        "    print(bus.scan(), bus.readfrom_mem(0x68, 0x75, 1))\n"
        "bus.writeto(0x68, b'\\x6b\\x01')\nbus.writeto(0x68, b'\\x6b', False)\n"
        "print(bus.readfrom(0x68, 1))\nbus.writeto_mem(0x68, 0x6b, b'\\x80')\n"
        "print(bus.readfrom_mem(0x68, 0x6b, 1))\n"
        "try:\n    bus.readfrom(0x50, 1)\nexcept OSError as error:\n    print(error.errno)\n"
    )
    row = "[60, 104] b'h'"
    assert said(source) == [row, row, r"b'\x01'", "b'@'", "19"]


def test_a_handler_that_allocates_in_an_interrupt_is_told(said):
    source = (
        "from machine import Pin\nfrom peripherals.interrupts import line_of\n"
        "pin = Pin(5, Pin.IN)\npin.irq(lambda pin: [pin] * 100)\nline_of(5).drive(1)\n"
    )
    lines = said(source)
    assert lines[0] == "in an interrupt of pin 5"
    assert "heap is locked" in lines[-1]
