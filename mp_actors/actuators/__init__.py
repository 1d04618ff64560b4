"""Actuators for a board, one file each, as sinks: `from mp_actors.actuators.switch import Switch`.

    switch    an LED or a relay             whatever is true switches it on
    pwm       an LED's brightness, a fan    0 to 1
    ssd1306   a display, by I2C             each source has a line
    pixels    a strip of NeoPixels          a colour, or a list of them

As with sensors, hardware is imported where it is used, and what fails says why and goes on.
"""
