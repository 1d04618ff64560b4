"""The greenhouse's actors. The same file runs on a board, on a worker and in a test."""

from mp_actors import Filter, Sensor, Sink


class SoilMoisture(Sensor):
    """Soil moisture in percent of the probe's range, by an analogue probe on `pin`."""

    period_ms = 100

    def __init__(self, pin):
        from machine import ADC, Pin  # hardware is imported where it is used

        self.adc = ADC(Pin(pin), atten=ADC.ATTN_11DB)

    def sample(self):
        return self.adc.read_u16() * 100 / 65535


class Load(Sensor):
    """How many processes of this Linux machine want to run, averaged over one minute."""

    period_ms = 500

    def sample(self):
        with open("/proc/loadavg") as file:
            return float(file.read().split()[0])


class FreeMemory(Sensor):
    """Memory that this Linux machine has to give, in MB."""

    period_ms = 500

    def sample(self):
        with open("/proc/meminfo") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) // 1024
        return None


class Smooth(Filter):
    """Follows a noisy value slowly: each reading moves it by `share` of the difference."""

    def __init__(self, share=0.25):
        self.share = share
        self.level = None

    def apply(self, value):
        if self.level is None:
            self.level = value
        self.level += self.share * (value - self.level)
        return self.level


class Ledger(Sink):
    """Prints each value and appends it to a CSV file: time in ms, source, value."""

    def __init__(self, file):
        self.file = open(file, "w")  # noqa: SIM115 - stays open until `stopped`
        self.file.write("at_ms,source,value\n")

    def write(self, value):
        shown = "%.2f" % value if isinstance(value, float) else value
        print("%-28s %s" % (self.source, shown))
        self.file.write("%d,%s,%s\n" % (self.at_ms, self.source, value))
        self.file.flush()

    def stopped(self):
        self.file.close()
