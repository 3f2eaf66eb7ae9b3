"""Turns instants and codes into what a person reads on a page."""

from __future__ import annotations

from datetime import datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def ago(at: datetime, now: datetime) -> str:
    """How far `at` is from `now`, in its largest unit: "3 min ago", "in 2 d", "now"."""
    seconds = int((now - at).total_seconds())
    for size, unit in _UNITS:
        if abs(seconds) >= size:
            count = abs(seconds) // size
            return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
    return "now"


def in_words(code: str) -> str:
    """A code of the program as plain words: "needs_review" -> "needs review"."""
    return code.replace("_", " ")


def sentence(code: str) -> str:
    words = in_words(code)
    return words[:1].upper() + words[1:]
