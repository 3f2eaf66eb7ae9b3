"""One line of a plugin that a release breaks, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from refunddesk.compat.surface import Place


class Level(StrEnum):
    """ERROR stops the site or the feature, WARNING works less or not for long, NOTE is worth
    knowing and changes no verdict."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` is in the plugin, `core` in the release (the last that had the symbol).

    `sentence` tells a reader what happens. `on_load`: the file is loaded on every request.
    `new`: the baseline does not have it. `confirmed_by`: "static", "dynamic" or both. What was seen
    when it ran: the `request` it happened in, the `message` as it came, and the `stack`.
    """

    rule: str
    level: Level
    product: str
    symbol: str
    place: Place
    form: str
    sentence: str
    core: Place | None = None
    since: str = ""
    deprecated_in: str = ""
    removed_in: str = ""
    last_seen: str = ""
    instead: str = ""
    on_load: bool = False
    new: bool = True
    confirmed_by: str = "static"
    remark: str = ""
    request: str = ""
    message: str = ""
    stack: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, str, str, int, str]:
        """What makes two findings the same on two releases."""
        return self.rule, self.symbol.lower(), self.place.file, self.place.line, self.form
