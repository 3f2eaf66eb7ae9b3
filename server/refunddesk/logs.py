"""Log lines: readable in a terminal, JSON for machines; never bodies, names or secrets."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

#: Words in the name of a value that must not stand in a log, whatever it holds.
_WITHHELD = re.compile(
    r"(^|_)(secret|token|password|authorization|cookie|signature|body|payload|claim|reply|e?mail"
    r"|key|keys|name|customer|billing|shipping)s?(_|$)"
)
#: What gives itself away wherever it stands, and what stands there instead.
_GIVEN_AWAY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[^\s@<>\"'(),;:=\[\]]+@[^\s@<>\"'(),;:\]]*\w"), "[e-mail]"),
    (re.compile(r"\b(?:Basic|Bearer)\s+\S+", re.I), "[authorization]"),
    (re.compile(r"\b(?:c[ks]_[0-9A-Za-z]{8,}|rdt_[\w-]{8,})"), "[key]"),
    (re.compile(r"\b(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}\b"), "[key]"),
    # A query can hold anything; an OAuth signature is one.
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]*=[^\s\"'<>]*"), "?[query]"),
)
_LONGEST_TEXT = 1_000


def set_up(log_format: str, stream: TextIO | None = None) -> None:
    """Send all log lines, those of libraries too, to `stream` in `log_format`.

    "console" or "json"; without a stream to standard output.
    """
    stream = stream or sys.stdout
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_exception,
        redact,
    ]
    if log_format == "json":
        render: Processor = structlog.processors.JSONRenderer(sort_keys=True)
    else:
        shared[2] = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        shared.append(_join_exception)
        render = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            pad_event_to=0,
            exception_formatter=structlog.dev.plain_traceback,
        )
    # Not cached in the loggers: the application this is mounted in may set them up anew.
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    _send_libraries_to(stream, shared, render)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The line without what may be a secret or tell who somebody is.

    The second line of defence: whoever logs names ids and states, nothing else.
    """
    return {name: _redacted(name, value) for name, value in event.items()}


def tell_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Where an exception came from: its kinds and places, neither texts nor local variables.

    The text of a database's error quotes rows, that of a reader quotes bodies.
    """
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event["exception"] = list(_chain(found))
    return event


def _chain(error: BaseException) -> Iterator[str]:
    """The exception and those it came from, each followed by its places, the innermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        kind = type(current)
        yield f"{kind.__module__}.{kind.__qualname__}"
        yield from _places(current.__traceback__)
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )


def _places(trace: TracebackType | None) -> Iterator[str]:
    for frame in reversed(traceback.extract_tb(trace)):
        place = "/".join(PurePath(frame.filename).parts[-3:])
        yield f"  {place}:{frame.lineno} in {frame.name}"


def _join_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if isinstance(event.get("exception"), list):
        event["exception"] = "\n".join(event["exception"])
    return event


def _redacted(name: str, value: Any) -> Any:
    if _WITHHELD.search(name.lower()) and value is not None:
        return "[withheld]"
    if isinstance(value, str):
        return _without_secrets(value)
    if isinstance(value, dict):
        return {key: _redacted(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if name.startswith("_"):
        return value  # structlog's own, taken out before the line is written
    return _without_secrets(str(value))


def _without_secrets(text: str) -> str:
    for pattern, instead in _GIVEN_AWAY:
        text = pattern.sub(instead, text)
    return text[:_LONGEST_TEXT]


class _LibraryHandler(logging.StreamHandler[TextIO]):
    """Writes the lines of libraries; a class of its own to be found again."""


def _send_libraries_to(stream: TextIO, shared: list[Processor], render: Processor) -> None:
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _LibraryHandler)]:
        root.removeHandler(handler)
    handler = _LibraryHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    handler.setLevel(logging.WARNING)
    root.addHandler(handler)
