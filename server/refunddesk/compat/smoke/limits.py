"""What a plugin may take while it is watched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. `page_` is for one page, `entries_` for a run of many entry points.

    CPU time is what counts; wall time is far above it, so that a busy machine breaks no plugin.
    `folder_bytes` and `folder_files` are what a plugin may add to its site; `stalls` is after how
    many processes that did not finish a site is given up.
    """

    page_cpu: int = 20
    page_wall: int = 60
    entries_cpu: int = 120
    entries_wall: int = 300
    entry_cpu: int = 10
    memory_bytes: int = 1 << 30
    file_bytes: int = 64 << 20
    folder_bytes: int = 256 << 20
    folder_files: int = 20_000
    output_bytes: int = 64 << 20
    report_bytes: int = 8 << 20
    stalls: int = 3
    pages: int = 80
    restarts: int = 60
