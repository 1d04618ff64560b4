"""One device by itself: actors and wires in this process, no links and no controller.

    local = Local("home/desk")
    local.add(Thermometer(4)) >> local.add(Mean(1000)) >> local.add(Print())
    local.run_ms(5000)

For a first look, and for a board that has nobody to talk to.
"""

from mp_actors import ticks
from mp_actors.clock import SystemClock
from mp_actors.inlet import Inlet
from mp_actors.path import check_device, join
from mp_actors.scheduler import Scheduler

IDLE_MS = 1000


class Local:
    """A scheduler with the system's clock; `device` is the path it lends to its actors."""

    def __init__(self, device):
        self.device = check_device(device)
        self.clock = SystemClock()
        self.scheduler = Scheduler(self.clock, self._tell_remote, self._log)
        self.wires = 0

    def add(self, actor, name=None):
        """Take an actor in, under its class name or another. Returns what `>>` wires."""
        name = name or type(actor).__name__.lower()
        return _Stage(self, self.scheduler.spawn(join(self.device, name), lambda: actor))

    def run_ms(self, duration_ms):
        """Run for that long."""
        self.scheduler.sample(True)
        end_ms = ticks.add(self.clock.ticks_ms(), duration_ms)
        while True:
            now_ms = self.clock.ticks_ms()
            left_ms = ticks.diff(end_ms, now_ms)
            if left_ms <= 0:
                break
            if not self.scheduler.step(now_ms):
                idle_ms = self.scheduler.timers.wait_ms(self.clock.ticks_ms(), IDLE_MS)
                self.clock.sleep_ms(min(left_ms, idle_ms))
        self.scheduler.sample(False)

    def _tell_remote(self, sender, path, _kind, _args):
        self._log(sender, "%s: no such actor, and there are no other devices" % path)

    def _log(self, path, text):
        print("%s: %s" % (path, text))


class _Stage:
    def __init__(self, local, cell):
        self._local = local
        self.cell = cell

    def __rshift__(self, target):
        local = self._local
        local.wires += 1
        inlet = Inlet(local.wires, self.cell.path, target.cell.queue_bound)
        self.cell.outlets.append(inlet)
        local.scheduler.connect(inlet, target.cell)
        return target
