"""Runs PHP processes one after another within limits: a program of its own, started by keeping.py.

It reads one JSON order a line and answers each with one JSON line. It uses the standard library
alone and imports nothing of the project, as it gives up its rights before the first process starts.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

_HEAD = 2000
_LOOK_EVERY = 0.25
_OPEN_FILES = 256


def main() -> None:
    """Keeps the orders on standard input until it ends."""
    limits = json.loads(sys.stdin.readline())
    if limits["uid"]:
        os.setgroups([])
        os.setgid(limits["uid"])
        os.setuid(limits["uid"])
    allowed = None
    for line in sys.stdin:
        order = json.loads(line)
        if allowed is None:
            size, files = _weigh(limits["folder"])
            allowed = (size + limits["folder_bytes"], files + limits["folder_files"])
        print(json.dumps(_run(order, limits, allowed)), flush=True)


def _run(order: dict[str, Any], limits: dict[str, Any], allowed: tuple[int, int]) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with subprocess.Popen(
        order["argv"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=order["env"],
        cwd=limits["folder"],
        # This process has one thread, so nothing can hold a lock while it forks.
        preexec_fn=_confining(limits, order["cpu"]),
    ) as child:
        ended, head = _watch(child, order, limits, allowed)
        if ended:
            child.kill()
        status = child.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if not ended and _too_heavy(limits["folder"], allowed):
        ended = "disk"
    if not ended:
        ended = _ended_by_signal(status, cpu, order["cpu"])
    return {
        "status": status,
        "ended": ended,
        "cpu": round(cpu, 3),
        "wall": round(time.monotonic() - began, 3),
        "head": head.decode("utf-8", "replace"),
    }


def _confining(limits: dict[str, Any], cpu: int) -> Callable[[], None]:
    """What the child does to itself before it becomes PHP."""
    caps = [
        (resource.RLIMIT_CPU, cpu + 1),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        # No process of its own: the kernel counts all of the user's, so the first one is too many.
        (resource.RLIMIT_NPROC, 0),
    ]

    def confine() -> None:
        for kind, value in caps:
            hard = resource.getrlimit(kind)[1]
            if hard != resource.RLIM_INFINITY:
                value = min(value, hard)
            resource.setrlimit(kind, (value, value))

    return confine


def _watch(
    child: subprocess.Popen[bytes],
    order: dict[str, Any],
    limits: dict[str, Any],
    allowed: tuple[int, int],
) -> tuple[str, bytes]:
    """Waits for the child's output to end; why it has to be stopped, if so, and what it said."""
    assert child.stdout is not None
    until = time.monotonic() + order["wall"]
    printed, head = 0, b""
    while True:
        left = until - time.monotonic()
        if left <= 0:
            return "wall", head
        ready, _, _ = select.select([child.stdout], [], [], min(left, _LOOK_EVERY))
        if not ready:
            if _too_heavy(limits["folder"], allowed):
                return "disk", head
            # Output may have been closed while the process goes on.
            continue
        piece = os.read(child.stdout.fileno(), 1 << 16)
        if not piece:
            return _outlast(child, until, limits, allowed), head
        printed += len(piece)
        head += piece[: _HEAD - len(head)]
        if printed > limits["output_bytes"]:
            return "output", head


def _outlast(
    child: subprocess.Popen[bytes], until: float, limits: dict[str, Any], allowed: tuple[int, int]
) -> str:
    """For a child that has closed its output and may yet go on."""
    while True:
        try:
            child.wait(timeout=_LOOK_EVERY)
            return ""
        except subprocess.TimeoutExpired:
            if time.monotonic() > until:
                return "wall"
            if _too_heavy(limits["folder"], allowed):
                return "disk"


def _ended_by_signal(status: int, cpu: float, allowed: int) -> str:
    if status == -signal.SIGXFSZ:
        return "disk"
    if status in (-signal.SIGXCPU, -signal.SIGKILL) and cpu >= allowed:
        return "cpu"
    return "killed" if status < 0 else ""


def _too_heavy(folder: str, allowed: tuple[int, int]) -> bool:
    size, files = _weigh(folder)
    return size > allowed[0] or files > allowed[1]


def _weigh(folder: str) -> tuple[int, int]:
    """Bytes on the disk and entries below a folder, links not followed."""
    size = files = 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        # Blocks, not length: a file may claim a length that it does not fill.
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            # It went away, or was closed to us, while we looked.
            continue
    return size, files


if __name__ == "__main__":
    main()
