"""The only reader of the time. Everything else is handed an instant."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

#: Answers the present instant, always in UTC.
Clock = Callable[[], datetime]


def now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only grow, for measuring how long something took."""
    return time.monotonic()
