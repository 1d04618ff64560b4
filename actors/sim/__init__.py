"""The simulator: a whole site in one process, in virtual time, from one seed.

It runs the unmodified kernel and the unmodified controller of every device. What it replaces is
the street: clocks, sockets, chance, and the hardware at both ends of a pipeline.

    pipe       one direction of a connection: bytes with latency, bandwidth, stalls
    network    links and connections between devices; cut, repair, reset, hold
    device     one device: its node, its clock, its dialling, the time its handlers take
    standins   what sensors, sinks and flash are replaced by
    probe      what an experiment says of work, and sees of it
    faults     random and written plans of what goes wrong when
    ledger     the omniscient account: where every single reading is
    world      `Sim`: the event loop, and the verbs a test says

    time     the heap of events in `world` -> device.turn -> node.step; nothing else moves
    chance   one generator, made from the seed; no order of a dict or set is ever used for a choice
"""
