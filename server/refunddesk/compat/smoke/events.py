"""Reads what a process reported of itself: lines that a plugin may have cut, forged or flooded."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FATAL_LOGGED = re.compile(
    r"PHP (?:Fatal|Parse) error: +(?P<message>.*) in (?P<file>/.*) on line (?P<line>\d+)"
)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a report. `request` is the page or entry point it happened in.

    `file` is below the plugin's folder, "" where no line of the plugin was involved; `symbol` is
    what core named, `trace` the way there, nearest first.
    """

    kind: str
    request: str
    symbol: str = ""
    message: str = ""
    file: str = ""
    line: int = 0
    what: str = ""
    since: str = ""
    instead: str = ""
    at: str = ""
    trace: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One process: what happened, in order, and how it ended.

    `whole` is False where the process did not live to say that it ends. `finished` are the entry
    points that returned, `running` the one that had not.
    """

    events: tuple[Event, ...] = ()
    loaded: frozenset[str] = frozenset()
    whole: bool = False
    status: int = 0
    redirect: str = ""
    finished: tuple[str, ...] = ()
    running: str = ""
    known: tuple[str, ...] = ()
    runnable: tuple[str, ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    pages: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    taxonomies: tuple[str, ...] = ()

    def of_kind(self, *kinds: str) -> tuple[Event, ...]:
        return tuple(event for event in self.events if event.kind in kinds)


def read_report(path: Path, request: str, most: int) -> Report:
    """What the report at `path` says, up to `most` bytes; lines without sense are passed over."""
    text = _read(path, most)
    events: list[Event] = []
    finished: list[str] = []
    loaded: set[str] = set()
    rest: dict[str, Any] = {}
    running = ""
    for told in _objects(text):
        kind = _text(told.get("kind"))
        if kind == "begin":
            running = _text(told.get("entry"))
        elif kind == "done":
            finished.append(running)
            running = ""
        elif kind == "loaded":
            loaded.update(_texts(told.get("files")))
        elif kind == "end":
            rest |= {
                "whole": True,
                "status": _number(told.get("status")),
                "redirect": _text(told.get("redirect")),
            }
        elif kind == "offers":
            rest |= {name: _texts(told.get(name)) for name in ("known", "runnable")}
        elif kind == "survey":
            rest |= {name: _texts(told.get(name)) for name in ("pages", "types", "taxonomies")}
        elif kind == "cookies" and isinstance(told.get("cookies"), dict):
            rest["cookies"] = tuple((_text(k), _text(v)) for k, v in told["cookies"].items())
        elif kind:
            events.append(_event(kind, told, running or request))
    return Report(
        events=tuple(events),
        loaded=frozenset(loaded),
        finished=tuple(finished),
        running=running,
        **rest,
    )


def read_log(path: Path, plugin: str, request: str, most: int) -> tuple[Event, ...]:
    """The fatal errors of PHP's own log, for a process that could not report them.

    `plugin` is the plugin's folder, for paths below it.
    """
    events = []
    for found in _FATAL_LOGGED.finditer(_read(path, most).decode("utf-8", "replace")):
        own = found["file"].startswith(plugin + "/")
        file = found["file"].removeprefix(plugin + "/") if own else ""
        line = int(found["line"]) if own else 0
        at = f"{Path(found['file']).name}:{found['line']}"
        events.append(
            Event("fatal", request, message=found["message"], file=file, line=line, at=at)
        )
    return tuple(events)


def _read(path: Path, most: int) -> bytes:
    """The file's beginning; nothing where it is no plain file, which a plugin could see to."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return b""
    with os.fdopen(opened, "rb") as stream:
        return stream.read(most)


def _objects(text: bytes) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            yield told


def _event(kind: str, told: dict[str, Any], request: str) -> Event:
    words = ("symbol", "message", "file", "since", "instead", "at")
    return Event(
        kind=kind,
        request=request,
        line=_number(told.get("line")),
        what=_text(told.get("what") or told.get("level")),
        trace=_texts(told.get("trace")),
        **{word: _text(told.get(word)) for word in words},
    )


def _text(value: object) -> str:
    return value[:2000] if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 31 else 0


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(_text(one) for one in value[:5000] if isinstance(one, str))
