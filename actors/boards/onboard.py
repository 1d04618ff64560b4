"""What a real board runs beside the kernel: small programs, as text, in the order of their use.

`PROBE` is run over the wire before anything is sent; `install` makes the one that puts what was
sent into place; `MAIN` is what the board begins with from then on. All of them use what any port
of MicroPython has, and none imports the kernel, which may be half there.

    next/NAME        what is being sent; the board does not look at it
    next/ready       what was sent is complete: the program that puts it into place
    hold             while this file is there nothing is started

A cable pulled before `ready` is there leaves the board as it was. After that the board finishes by
itself: each step of `ready` can be done again.
"""

from collections.abc import Iterable

MARK = "mp-actors:"
NEXT, READY, HOLD, FLASHED = "next", "ready", "hold", "flashed.json"

# Who is there, how much room it has, what is in its flash (sha256) - and what was flashed before.
PROBE = """
import sys, os
def tell(*words):
    print("mp-actors:" + repr(words))
i = sys.implementation
v = i.version
try:
    s = os.statvfs("/" if sys.platform != "linux" else ".")
    room = (s[1] * s[4], s[0])
except Exception:
    room = (-1, 4096)
machine = getattr(i, "_machine", sys.platform)
tell("is", i.name, v[0], v[1], v[2], getattr(i, "_mpy", 0), sys.platform, machine, room[0], room[1])
def read(name):
    try:
        with open(name) as f:
            import json
            return json.load(f)
    except (OSError, ValueError):
        return {}
if i.name == "micropython":
    try:
        from network import WLAN
        tell("wlan")
    except ImportError:
        pass
    c = read("config.json")
    if type(c) is dict:
        tell("config", c.get("path"), c.get("watchdog_ms"))
    tell("flashed", read("flashed.json"))
    import hashlib, binascii
    def walk(folder):
        for entry in list(os.ilistdir(folder) if folder else os.ilistdir()):
            path = folder + "/" + entry[0] if folder else entry[0]
            if entry[1] & 0x4000:
                if path not in ("next", "peripherals"):
                    walk(path)
            else:
                h = hashlib.sha256()
                with open(path, "rb") as f:
                    while True:
                        data = f.read(512)
                        if not data:
                            break
                        h.update(data)
                tell("file", path, binascii.hexlify(h.digest()).decode())
    walk("")
tell("end")
"""

# Its watchdog would bite while files are sent, and only a reset stops one: wait for us, then.
HOLD_STILL = """
open("hold", "w").close()
import machine, time
time.sleep_ms(100)
machine.reset()
"""

COMMIT = """
import os
os.rename("next/ready.new", "next/ready")
with open("next/ready") as f:
    text = f.read()
exec(text)
print("mp-actors:('end',)")
"""

_INSTALL = """import os
for name, path in {moves}:
    name = "next/" + name
    try:
        os.stat(name)
    except OSError:
        continue
    at = path.find("/")
    while at >= 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
        at = path.find("/", at + 1)
    try:
        os.rename(name, path)
    except OSError:
        os.remove(path)
        os.rename(name, path)
for path in {gone}:
    try:
        os.remove(path)
    except OSError:
        pass
for name in os.listdir("next"):
    if name != "ready":
        os.remove("next/" + name)
os.remove("next/ready")
os.rmdir("next")
"""

# The pause is for whoever would be locked out by what comes after it.
MAIN = """# By `actors flash`. Ctrl-C ends it; while there is a file `hold`, it does not start.
import os
import sys
import time

if "next" in os.listdir() and "ready" in os.listdir("next"):
    with open("next/ready") as file:
        exec(file.read())  # the cable was pulled
if "hold" in os.listdir():
    print("mp-actors: nothing is started, because of the file hold")
else:
    print("mp-actors: starts in 2 s; Ctrl-C keeps it from that")
    time.sleep_ms(2000)
    import gc

    gc.threshold(4096)
    try:
        import mp_actors.{0}  # by its whole name, so that it can go when it is over
        from mp_actors.board import serve

        server = mp_actors.{0}.begun()
        if "wifi.json" in os.listdir():
            import mp_actors.wifi

            server.driven.append(mp_actors.wifi.Wifi(server.node))
        serve(server)
        if server.node.is_ending:
            sys.exit()  # it was told to end, and begins anew
    except Exception as error:
        sys.print_exception(error)
        time.sleep_ms(1000)
        import machine

        machine.reset()
"""

# Whether the network takes the board and how it says no; then whether it gets through to each
# address. {0}: (name, password), None for those on the board, if any. {1}: a list of (host, port).
TRY_NETWORK = """
import json, os, socket, time
told, addresses = {0!r}, {1!r}
if told is None and "wifi.json" in os.listdir():
    with open("wifi.json") as f:
        told = json.load(f)
    told = (told["name"], told["password"])
joined = told is None
if told is not None:
    import network
    sta = network.WLAN(network.STA_IF)
    sta.active(True)
    if sta.isconnected():
        sta.disconnect()
        time.sleep_ms(500)
    sta.connect(*told)
    why = ""
    for _ in range(100):
        time.sleep_ms(200)
        joined = sta.isconnected()
        now = sta.status()
        names = [n for n in dir(network) if n[:5] == "STAT_" and getattr(network, n) == now]
        why = names[0][5:] if names else ""
        if joined or why not in ("", "IDLE", "CONNECTING", "GOT_IP"):
            break
    if joined:
        print("mp-actors:" + repr(("joined", told[0], sta.ifconfig()[0])))
    else:
        print("mp-actors:" + repr(("refused", told[0], why, now)))
for host, port in addresses if joined else ():
    try:
        s = socket.socket()
        s.settimeout(5)
        s.connect(socket.getaddrinfo(host, port)[0][-1])
        s.close()
        print("mp-actors:" + repr(("reach", host, port, "")))
    except OSError as error:
        print("mp-actors:" + repr(("reach", host, port, str(error))))
print("mp-actors:('end',)")
"""


def install(moves: Iterable[tuple[str, str]], gone: Iterable[str]) -> str:
    """The program that puts the files of `next` into place and takes others away.

    `moves`: (name in `next`, path), in the order in which it is done. It can be interrupted at any
    moment and begun again.
    """
    return _INSTALL.format(moves=list(moves), gone=[*gone, HOLD])
