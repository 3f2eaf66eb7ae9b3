"""What became of a subscription that was to be cancelled."""

from __future__ import annotations

from dataclasses import dataclass

# A subscription in one of these has no next payment any more; writing to it can only do harm:
# from "cancelled" the store accepts a step back to "pending-cancel", from others it answers 500.
ENDED_SUBSCRIPTIONS = frozenset({"cancelled", "expired", "switched", "trash"})


@dataclass(frozen=True, slots=True)
class Cancellation:
    """How a subscription stood before and after; `written` False when it had ended already."""

    before: str
    after: str
    written: bool

    @property
    def has_ended(self) -> bool:
        return self.after in ENDED_SUBSCRIPTIONS
