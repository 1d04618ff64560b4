"""Sensors for a board, one file each: `from mp_actors.sensors.dht import DHT22`.

    chip           temperature inside the chip     °C
    touch          a touch pad                     True, False
    potentiometer  a potentiometer                 % of its way
    hall           a linear Hall sensor            mT
    mpu6050        motion, by I2C                  g, °/s, °C
    dht            DHT11 and DHT22                 °C or % RH
    mhz19b         carbon dioxide, by UART         ppm
    mhz19b_pulse   the same, by its pulses         ppm
    hcsr04         distance by ultrasound          cm
    encoder        a rotary encoder                detents
    button         a button                        True, False

Hardware is imported where it is used, so a site file can be read anywhere. A reading that fails
raises `wired.PartError`, which says why; the actor is made anew, which sets its part up again, and
goes on. Nothing is allocated in an interrupt.
"""
