"""`refunddesk run` for real: it starts, a refund goes through as the README says, it is gone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.timeout(240)

_STARTS_WITHIN = 90.0
_STOPS_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One home folder and the two ports that go with it."""

    home: Path
    port: int
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "REFUNDDESK" not in name}
        return kept | {
            "REFUNDDESK_HOME": str(self.home),
            "REFUNDDESK_LISTEN": f"127.0.0.1:{self.port}",
            "REFUNDDESK_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
        }

    @property
    def output(self) -> str:
        return (self.home / "output.txt").read_text("utf-8", "replace")

    def start(self) -> subprocess.Popen[bytes]:
        with (self.home / "output.txt").open("w") as output:
            running = subprocess.Popen(
                [sys.executable, "-m", "refunddesk", "run"],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.started.append(running)
        wait_until(
            lambda: "Refund Desk is running." in self.output or running.poll() is not None,
            _STARTS_WITHIN,
            lambda: self.output,
        )
        assert running.poll() is None, self.output
        return running

    def processes_left(self) -> list[str]:
        """Every process that mentions the home folder or one that was started by the run."""
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        lines = listed.stdout.splitlines()
        return [line for line in lines if str(self.home) in line]


def wait_until(
    ready: Callable[[], bool], seconds: float, tell: Callable[[], object] = lambda: ""
) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.1)


def two_free_ports() -> int:
    for _ in range(100):
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two neighbouring ports are free")


@pytest.fixture
def trial() -> Iterator[Trial]:
    # A unix socket's path may have about a hundred bytes, and pytest's folders are deep.
    with tempfile.TemporaryDirectory(prefix="desk", ignore_cleanup_errors=True) as folder:
        trial = Trial(Path(folder), two_free_ports())
        yield trial
        for running in trial.started:
            running.kill()
            running.wait()


def readme_walk(trial: Trial) -> str:
    """The commands of the README's two minutes, for this trial's ports and folder."""
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    section = readme.partition("## Two minutes")[2].partition("\n## ")[0]
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S))
    for written, here in (
        ("8321", str(trial.port)),
        ("8322", str(trial.port + 1)),
        ("var/", f"{trial.home}/"),
        (".venv/bin", str(Path(sys.executable).parent)),
    ):
        assert written in commands
        commands = commands.replace(written, here)
    return f"set -eu -o pipefail\n{commands}"


def test_a_refund_goes_through_as_the_readme_says_and_ctrl_c_leaves_nothing_behind(
    trial: Trial,
) -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the README's walk needs bash and curl")
    running = trial.start()
    walked = subprocess.run(
        ["bash", "-c", readme_walk(trial)],
        env=trial.environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert walked.returncode == 0, (walked.stdout, walked.stderr, trial.output)
    assert "deactivate shop.example" in walked.stdout
    assert walked.stdout.count('"amount":"99.00"') == 1
    assert "The books balance" in walked.stdout
    assert "Erstattet: 99,00" in walked.stdout

    running.send_signal(signal.SIGINT)
    assert running.wait(_STOPS_WITHIN) == 0
    assert "Everything is stopped." in trial.output
    assert "Traceback" not in trial.output
    assert trial.processes_left() == []


def test_a_run_that_is_killed_takes_its_processes_along_and_starts_again(trial: Trial) -> None:
    killed = trial.start()
    password = re.search(r"password +(\S+)", trial.output)
    killed.kill()
    killed.wait()
    again = trial.start()
    assert password
    assert password[1] in trial.output
    second = subprocess.run(
        [sys.executable, "-m", "refunddesk", "run"],
        env=trial.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert "is running already" in second.stderr
    again.kill()
    again.wait()
    wait_until(lambda: not trial.processes_left(), _STOPS_WITHIN, trial.processes_left)


def test_a_port_that_is_taken_is_named_before_anything_is_started(trial: Trial) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", trial.port + 1))
        other.listen()
        run = subprocess.run(
            [sys.executable, "-m", "refunddesk", "run"],
            env=trial.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.returncode == 1
    assert run.stderr.startswith(f"Error: Port {trial.port + 1} is taken")
    assert not (trial.home / "refunddesk.db").exists()


def test_a_desk_of_a_real_store_is_not_taken_for_a_trial(trial: Trial) -> None:
    own = "\n".join(
        (
            f"REFUNDDESK_SECRET_KEY={'s' * 43}",
            "REFUNDDESK_SEALING_KEYS=MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
        )
    )
    (trial.home / "settings.env").write_text(own + "\n")
    run = subprocess.run(
        [sys.executable, "-m", "refunddesk", "run"],
        env=trial.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "was not made for trying out" in run.stderr
