"""UNIX sockets: between processes of one host, chosen by themselves.

Who listens on a TCP address also listens on a file named by it; who dials looks for the file first.
The folder is one per user and per network namespace, so an address means the same to whoever finds
a file in it: a process in another namespace finds none and takes TCP, as does one on a board.
Whatever goes wrong here is no error: there is no file, and TCP serves.

*Source*: Linux unix(7) and network_namespaces(7); elsewhere there is no /proc/self/ns and no file.
"""

import os
import socket
import struct

from mp_actors.links import SocketLink

FOLDER = "/tmp/mp-actors-links-%d"  # of a user; in it one folder per network namespace
BACKLOG = 128
_OTHERS_BITS = 0o077  # of a mode; those of a link are all set
_FAMILY = getattr(socket, "AF_UNIX", None)


class UnixLink(SocketLink):
    """One connected socket."""

    transport = "unix"


def listen(host, port):
    """A socket that listens for the processes of this host, or None.

    Call it when TCP is bound to the address: that one process can, so a file found here was left by
    a killed one and is removed. *Raises* OSError if no socket can be made at all.
    """
    path = _path(host, port)
    if path is None:
        return None
    _unlink(path)
    sock = socket.socket(_FAMILY, socket.SOCK_STREAM)
    try:
        sock.bind(_address(path))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        return None
    sock.setblocking(False)
    return sock


def dial(host, port):
    """A connected socket, or None: no such file, a killed process's, or a full backlog.

    *Raises* OSError if no socket can be made at all.
    """
    path = _path(host, port)
    if path is None:
        return None
    sock = socket.socket(_FAMILY, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect(_address(path))
    except OSError:
        sock.close()
        return None
    return sock


def remove(host, port):
    """Remove the file; call it while TCP still listens on the address, for it is its lock."""
    path = _path(host, port)
    if path is not None:
        _unlink(path)


def _path(host, port):
    """The file of an address; None where there can be none."""
    if _FAMILY is None or "/" in host:
        return None
    try:
        user = os.stat("/proc/self")[4]  # MicroPython has no getuid
        namespace = os.stat("/proc/self/ns/net")[1]
    except OSError:
        return None
    private = FOLDER % user
    if not _is_private(private, user):
        return None
    folder = "%s/net-%d" % (private, namespace)
    _make(folder)
    return "%s/%s-%d.sock" % (folder, host, port)


def _is_private(folder, user):
    """Whether nobody else can put a file there: /tmp is everybody's, and so may be this name."""
    if hasattr(os, "chmod"):  # MicroPython cannot make a private folder; it uses one it finds
        _make(folder)
    try:
        found = getattr(os, "lstat", os.stat)(folder)
    except OSError:
        return False
    return found[4] == user and not found[0] & _OTHERS_BITS


def _make(folder):
    try:
        if hasattr(os, "chmod"):
            os.mkdir(folder, 0o700)
        else:
            os.mkdir(folder)
    except OSError:
        pass  # it is there, or opening a file in it will fail


def _unlink(path):
    try:
        os.remove(path)
    except OSError:
        pass  # it is gone, or binding will fail


def _address(path):
    """What bind and connect take: MicroPython's unix port wants the packed sockaddr_un."""
    if hasattr(socket, "sockaddr"):
        return struct.pack("H", _FAMILY) + path.encode() + b"\0"
    return path
