"""The second word that an erasure by a program needs: what was shown, by whom, and not long ago."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from refunddesk.sealing import SealBroken
from refunddesk.services.edges import Edges
from refunddesk.services.erasure import Prospect
from refunddesk.services.refusal import Refusal

#: How long what was shown may be confirmed.
WORD_TIME = timedelta(minutes=15)


class NotConfirmed(Refusal):
    """The confirmation is not that of what was shown, or it is too old."""


def offer(edges: Edges, prospect: Prospect, *, by: str) -> str:
    """What confirms an erasure of exactly these customers, by whoever was shown them."""
    return edges.sealer.seal(
        json.dumps({"by": by, "at": edges.clock().isoformat(), "customers": _whom(prospect)})
    )


def check(edges: Edges, confirmation: str, prospect: Prospect, *, by: str) -> None:
    """Raises NotConfirmed."""
    try:
        said = json.loads(edges.sealer.open(confirmation))
        shown = said["by"], said["customers"]
        age = edges.clock() - datetime.fromisoformat(said["at"])
    except (SealBroken, ValueError, TypeError, KeyError):
        raise _not_confirmed() from None
    if shown != (by, _whom(prospect)) or not timedelta(0) <= age <= WORD_TIME:
        raise _not_confirmed()


def _whom(prospect: Prospect) -> list[int]:
    return [person.customer_id for person in prospect.known.persons]


def _not_confirmed() -> NotConfirmed:
    return NotConfirmed(
        "This confirms another erasure, or one that was shown more than 15 minutes ago. Nothing "
        "was erased: ask without a confirmation first, and look at what is shown."
    )
