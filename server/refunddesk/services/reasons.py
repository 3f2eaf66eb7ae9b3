"""The reasons that people write for what they decide: required, bounded, and kept as written."""

from __future__ import annotations

from refunddesk.services.refusal import Refusal

MOST_REASON = 4_000


class ReasonMissing(Refusal):
    """What a person decides by hand needs its reason in words."""


class ReasonTooLong(Refusal):
    """The reason is longer than anybody will read."""


def written_reason(text: str, kept: str) -> str:
    """The reason as it is kept. `kept` says what was left as it is, as a sentence.

    Raises ReasonMissing, ReasonTooLong.
    """
    reason = text.replace("\r\n", "\n").replace("\0", "").strip()
    if not reason:
        raise ReasonMissing(f"Say why in a few words. {kept}")
    if len(reason) > MOST_REASON:
        raise ReasonTooLong(f"The reason is longer than {MOST_REASON} characters. {kept}")
    return reason
