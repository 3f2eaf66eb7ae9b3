"""`refunddesk run`: the whole desk with a sandbox store in one terminal, to try it out."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import socket
import sys
import time
from pathlib import Path
from typing import IO

import click
from honcho.manager import Manager
from honcho.printer import Printer

from refunddesk import clock
from refunddesk.cli.opening import opened_database
from refunddesk.db import schema
from refunddesk.jobnames import QueueName
from refunddesk.sandbox.certificates import ensure_certificates
from refunddesk.sandbox.server import MAIL_FOLDER
from refunddesk.sealing import new_key
from refunddesk.settings import SETTINGS_FILE, Settings, home_folder, read_settings

#: A desk that was killed a moment ago leaves its ports within this time.
_PORTS_FREE_WITHIN = 5.0


@click.command()
def run() -> None:
    """Start everything, with a sandbox store to try it on; Ctrl-C stops it.

    All data is kept in REFUNDDESK_HOME, by default the folder var, and found again by the next
    start.
    """
    home = home_folder()
    # What is in there is for this user alone: orders, keys, passwords.
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = _only_one(home)
    ca_file = ensure_certificates(home / "sandbox", clock.now()).ca_file
    _ensure_settings(home, ca_file)
    settings = read_settings()
    if settings.store_ca_file != ca_file:
        raise click.ClickException(
            f"{home} holds a desk that was not made for trying out; nothing was started. "
            "Start it by its Procfile, or name another folder in REFUNDDESK_HOME."
        )
    for port in (settings.port, sandbox_port(settings)):
        _check_free(settings.host, port)
    with opened_database(settings) as database:
        schema.upgrade(database)
    code = _start_all(settings)
    held.close()
    sys.exit(code)


def sandbox_port(settings: Settings) -> int:
    """The sandbox store listens on the port after the desk's."""
    return settings.port + 1


def processes(settings: Settings) -> dict[str, str]:
    """Name -> arguments of `refunddesk`, for all processes of the trial."""
    workers = {
        "worker" if queue == QueueName.DESK else queue.value: f"worker {queue.value}"
        for queue in QueueName
    }
    folder = settings.home / "sandbox"
    return {
        "queue": "queue",
        "sandbox": f"sandbox --deliver --port {sandbox_port(settings)} --directory '{folder}'",
        "web": "serve",
        **workers,
        "schedule": "schedule",
        "guide": "guide",
    }


def _start_all(settings: Settings) -> int:
    """Run all processes until one ends or we are told to stop; the code to exit with."""
    manager = Manager(Printer(sys.stdout, time_format=""))
    # Each keeps company with this process: when it is killed, they end too.
    program = f"exec '{sys.executable}' -m refunddesk --while {os.getpid()}"
    for name, arguments in processes(settings).items():
        manager.add_process(name, f"{program} {arguments}")
    manager.loop()
    stopped_by_us = manager.returncode in (130, 143)
    click.echo("Everything is stopped." if stopped_by_us else "A part failed; all is stopped.")
    return 0 if stopped_by_us else 1


def _only_one(home: Path) -> IO[str]:
    """Hold the folder for this process; the lock ends with it, however it ends."""
    held = (home / "run.lock").open("w")
    try:
        # lockf rather than flock: the children that honcho forks must not inherit it.
        fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise click.ClickException(
            f"Refund Desk is running already with the folder {home}. Nothing was started."
        ) from None
    return held


def _ensure_settings(home: Path, ca_file: Path) -> None:
    path = home / SETTINGS_FILE
    if path.exists():
        return
    lines = (
        "# Made by `refunddesk run` for trying out on this machine. Keep it to yourself.",
        f"REFUNDDESK_SECRET_KEY={new_key()}",
        f"REFUNDDESK_SEALING_KEYS={new_key()}",
        f"REFUNDDESK_STORE_CA_FILE={ca_file}",
        "REFUNDDESK_ALLOW_PRIVATE_STORES=yes",
        "REFUNDDESK_MAIL_FROM=support@refunddesk.example",
        f"REFUNDDESK_MAIL_FOLDER={home / 'sandbox' / MAIL_FOLDER}",
        # The page of caught mails plays the mail server by which answers come in.
        "REFUNDDESK_MAIL_REPLY_TO=reply@refunddesk.example",
        "REFUNDDESK_MAIL_RECEIVER=mx.refunddesk.example",
        f"REFUNDDESK_MAIL_IN_TOKEN={new_key()}",
    )
    write_secret(path, "\n".join(lines) + "\n")


def write_secret(path: Path, text: str) -> None:
    """Write a file only this user may read, whole or not at all."""
    waiting = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(waiting, path)


def _check_free(host: str, port: int) -> None:
    deadline = clock.monotonic() + _PORTS_FREE_WITHIN
    while not _is_free(host, port):
        if clock.monotonic() > deadline:
            raise click.ClickException(
                f"Port {port} is taken by another program. Nothing was started: set another "
                f"REFUNDDESK_LISTEN, such as {host}:{port + 1000}."
            )
        time.sleep(0.2)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise click.ClickException(f"{host}:{port} cannot be used: {error.strerror}.") from None
    return True
