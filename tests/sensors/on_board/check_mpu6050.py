"""Motion against the register map of an MPU-6050."""

from around import Desk, is_near, refusal, world
from peripherals.i2c import part_at

from mp_actors.sensors.mpu6050 import MPU6050
from mp_actors.wired import PartError

AWAKE = 0x01


def test_acceleration_is_exact_to_a_step_in_every_range():
    for range_g in (2, 4, 8, 16):
        world(acceleration=(0.25, -0.5, 1.0))
        value = MPU6050(range=range_g).sample()
        for got, wanted in zip(value, (0.25, -0.5, 1.0)):
            is_near(got, wanted, range_g / 32768)


def test_rotation_is_exact_to_a_step_in_every_range():
    for range_dps in (250, 500, 1000, 2000):
        world(rotation=(12.5, -100, 0))
        value = MPU6050("rotation", range_dps).sample()
        for got, wanted in zip(value, (12.5, -100, 0)):
            is_near(got, wanted, range_dps / 32768)


def test_temperature_is_exact_to_a_step():
    for celsius in (-20, 21.5, 60):
        world(temperature=celsius)
        is_near(MPU6050("temperature").sample(), celsius, 1 / 340 + 0.005)


def test_a_motion_beyond_the_range_stays_at_its_end():
    world(acceleration=(9, -9, 0))
    x, y, _ = MPU6050(range=2).sample()
    is_near(x, 2, 0.001)
    is_near(y, -2, 0.001)


def test_the_registers_are_those_of_the_datasheet():
    world()
    MPU6050(range=8)
    MPU6050("rotation", range=1000)
    registers = part_at(0x68).registers
    assert (registers[0x6B], registers[0x1C], registers[0x1B]) == (AWAKE, 2 << 3, 2 << 3)


def test_three_actors_share_a_chip():
    world(acceleration=(0, 0, 1), rotation=(1, 2, 3), temperature=30)
    actors = MPU6050(range=16), MPU6050("rotation"), MPU6050("temperature")
    is_near(actors[0].sample()[2], 1, 0.001)
    is_near(actors[1].sample()[2], 3, 0.01)
    is_near(actors[2].sample(), 30, 0.01)


def test_with_nothing_on_the_bus_it_says_where_it_looked():
    world(on_i2c={})
    said = refusal(PartError, lambda: MPU6050(scl=18, sda=19, address=0x69, bus=1))
    assert said == (
        "MPU-6050 at 0x69 of I2C bus 1 (scl 18, sda 19): nothing answers; "
        "check power, wires and address"
    )


def test_a_bus_that_is_held_low_is_told_from_one_where_nobody_is():
    around = world()
    sensor = MPU6050()
    around.on_i2c = "stuck"
    assert "the bus is held low; check its pull-ups" in refusal(PartError, sensor.sample)


def test_a_range_there_is_none_of_is_refused():
    world()
    assert "expected one of [2, 4, 8, 16], got 3" in refusal(ValueError, lambda: MPU6050(range=3))


def test_a_clone_is_warned_of_and_used():
    world(on_i2c={0x68: "mpu6050 0x70"}, acceleration=(0, 0, 1))
    desk = Desk(MPU6050)
    assert len(desk.run(300)) == 3
    assert len(desk.lines) == 1
    assert "WHO_AM_I is 0x70" in desk.lines[0]


def test_one_that_is_unplugged_says_so_and_goes_on_when_it_is_back():
    around = world(acceleration=(0, 0, 1))
    desk = Desk(MPU6050)
    assert len(desk.run(300)) == 3
    around.on_i2c = {}
    assert desk.run(2000) == []
    assert "nothing answers" in desk.cell.last_error
    around.on_i2c = {0x68: "mpu6050"}
    desk.run(6000)
    assert len(desk.run(300)) == 3


def test_one_that_lost_its_power_between_two_readings_is_woken_again():
    around = world(acceleration=(0, 0, 1))
    desk = Desk(MPU6050)
    desk.run(300)
    around.on_i2c = {}
    part_at(0x68)
    around.on_i2c = {0x68: "mpu6050"}
    assert len(desk.run(500)) == 4
    assert "has lost its power" in desk.lines[0]
