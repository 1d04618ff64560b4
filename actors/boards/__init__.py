"""Boards as seen from a machine: find a MicroPython, build for it, run it as a virtual board.

    in a folder    interpreter, shorten, build, virtual    flash that a process runs
    at a port      port, remote, onboard, image            flash that mpremote reaches
                   probe, reach                            what is there; whom it reaches
    both           terminal                                a process at a port

From a site's folder to the flash of a board. Nothing here runs inside an actor, and the kernel
never imports it; `peripherals/` is the only code that runs on the board side: the parts as their
registers, and the world they measure. On a real board the hardware is in its place.
"""
