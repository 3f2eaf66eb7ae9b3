"""What a customer hands over so that support can get in: its fields, their bounds, and its text."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import date

#: The ways in that there are words for.
PROTOCOLS = ("wordpress", "hosting", "sftp", "ssh", "ftps", "ftp", "database", "other")
#: Characters of each field at most.
MOST = {"host": 500, "user": 200, "password": 1_000, "notes": 10_000}


@dataclass(frozen=True, slots=True)
class Access:
    """One way into a customer's site, none of which stands in any log, mail or row unsealed.

    A key instead of a password goes into the notes. `expires_on` is the last day on which the
    customer lets it work; None: they did not say.
    """

    host: str = field(repr=False)
    protocol: str = field(repr=False)
    user: str = field(repr=False)
    password: str = field(repr=False)
    notes: str = field(default="", repr=False)
    expires_on: date | None = field(default=None, repr=False)

    def find_fault(self, today: date) -> str | None:
        """The first field that is not as it can be taken; None where all are."""
        if not _is_line(self.host, MOST["host"]) or not self.host:
            return "host"
        if self.protocol not in PROTOCOLS:
            return "protocol"
        if not _is_line(self.user, MOST["user"]):
            return "user"
        if not _is_line(self.password, MOST["password"]):
            return "password"
        if len(self.notes) > MOST["notes"] or "\0" in self.notes:
            return "notes"
        if not self.password and not self.notes:
            return "password"
        return "expires_on" if self.expires_on and self.expires_on < today else None

    def to_text(self) -> str:
        said = asdict(self) | {"expires_on": self.expires_on and self.expires_on.isoformat()}
        return json.dumps(said, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> Access:
        said = json.loads(text)
        expires_on = said.pop("expires_on")
        return cls(**said, expires_on=date.fromisoformat(expires_on) if expires_on else None)


def _is_line(text: str, most: int) -> bool:
    """Without line breaks and other controls: it was pasted wrongly then."""
    return len(text) <= most and not any(unicodedata.category(one) == "Cc" for one in text)
