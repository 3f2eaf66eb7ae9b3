"""Starts the keeper, shut off as far as this machine permits, and ends it with all it started."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from refunddesk.compat.smoke.limits import Limits

#: Whom a plugin runs as where we are root: above systemd's dynamic users (61184 to 65519), below
#: nobody (65534), so that it owns nothing and nobody's processes count against it.
STRANGER = 65521
#: How much longer than it promised a keeper may take to answer.
_GRACE = 20
_KEEPER = Path(__file__).with_name("keeper.py")
OUT_OF_TIME = "did not finish in time"
_ENDS = {
    "wall": OUT_OF_TIME,
    "cpu": "used up its CPU time",
    "disk": "wrote more than it may",
    "output": "printed more than it may",
    "killed": "was killed",
}


class KeeperLost(Exception):
    """The process that ran PHP is gone; the message says so for people."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How one PHP process ended: `ended` is "" where it ended by itself; times in seconds."""

    status: int
    ended: str
    cpu: float
    wall: float
    head: str

    @property
    def in_words(self) -> str:
        return _ENDS.get(self.ended, "")


class Keeper:
    """A running keeper; `run` is one PHP process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, argv: Sequence[str], env: dict[str, str], cpu: int, wall: int) -> Ran:
        """Waits for one process. Raises KeeperLost."""
        order = {"argv": list(argv), "env": env, "cpu": cpu, "wall": wall}
        self._send(order)
        return Ran(**self._answer(wall + _GRACE))

    def _send(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise KeeperLost(_LOST) from None

    def _answer(self, patience: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], patience)
        line = self._process.stdout.readline() if ready else b""
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise KeeperLost(_LOST) from None
        return answer


_LOST = "the process that ran it was killed from within; what it reported until then was kept"


@contextmanager
def keeping(folder: Path, limits: Limits) -> Iterator[Keeper]:
    """A keeper whose processes may write into `folder`; whatever it started ends with it."""
    with subprocess.Popen(
        [*isolation().command, sys.executable, "-I", str(_KEEPER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        cwd="/",
        start_new_session=True,
    ) as process:
        try:
            keeper = Keeper(process)
            keeper._send(
                {
                    "uid": STRANGER if runs_as_stranger() else 0,
                    "folder": str(folder),
                    "folder_bytes": limits.folder_bytes,
                    "folder_files": limits.folder_files,
                    "file_bytes": limits.file_bytes,
                    "memory_bytes": limits.memory_bytes,
                    "output_bytes": limits.output_bytes,
                }
            )
            yield keeper
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            # An order that a keeper could not take any more would be written once again here.
            assert process.stdin is not None
            with contextlib.suppress(OSError):
                process.stdin.close()


def runs_as_stranger() -> bool:
    """Whether a plugin runs as a user of its own: only root can see to that."""
    return os.geteuid() == 0


@dataclass(frozen=True, slots=True)
class Isolation:
    """`command` goes in front of what is to be shut off, from `network` and other `processes`."""

    command: tuple[str, ...]
    network: bool
    processes: bool

    @property
    def in_words(self) -> str:
        if self.network:
            return "no network, no other process in sight"
        return "no network as far as PHP itself refuses it"


@lru_cache(maxsize=1)
def isolation() -> Isolation:
    """The strongest way to shut a process off that is permitted here."""
    program = shutil.which("unshare", path="/usr/bin:/bin:/usr/sbin:/sbin")
    if program is not None:
        own = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        command = (program, *own, "--net", "--ipc", "--pid", "--fork", "--kill-child", "--")
        tried = subprocess.run([*command, "true"], capture_output=True, check=False)
        if tried.returncode == 0:
            return Isolation(command, network=True, processes=True)
    return Isolation((), network=False, processes=False)
