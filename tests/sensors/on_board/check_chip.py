"""The temperature inside the chip against the model of its register."""

from around import is_near, world

from mp_actors.sensors.chip import ChipTemperature

STEP_C = 5 / 9  # the register counts degrees Fahrenheit


def test_it_is_the_rooms_the_chips_own_error_and_its_heat():
    world(temperature=20)
    cold = ChipTemperature().sample()
    assert 20 - 6 - STEP_C <= cold <= 20 + 6 + 14 + STEP_C
    world(temperature=45)
    is_near(ChipTemperature().sample() - cold, 25, 2 * STEP_C)


def test_a_chip_that_counts_celsius_is_read_as_it_is():
    import esp32

    esp32.mcu_temperature = lambda: 41
    try:
        assert ChipTemperature().sample() == 41
    finally:
        del esp32.mcu_temperature
