"""What became of a subscription that was to be cancelled."""

from __future__ import annotations

from dataclasses import dataclass

# A subscription in one of these has no next payment any more; writing to it can only do harm:
# from "cancelled" the store accepts a step back to "pending-cancel", from others it answers 500.
ENDED_SUBSCRIPTIONS = frozenset({"cancelled", "expired", "switched", "trash"})
# Access goes on to the end of the time paid for, then the store ends it by itself.
ENDS_WITH_PERIOD = "pending-cancel"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """How a subscription stood before and after; `written` False when it had ended already."""

    before: str
    after: str
    written: bool

    @property
    def has_ended(self) -> bool:
        return self.after in ENDED_SUBSCRIPTIONS

    @property
    def takes_no_more(self) -> bool:
        """Whether nothing will be charged any more, though what was paid for may go on."""
        return self.has_ended or self.after == ENDS_WITH_PERIOD
