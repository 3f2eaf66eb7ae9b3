"""What the licence API answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refunddesk.licensing import Standing
from refunddesk.policy.decision import instant_text
from refunddesk.services.licenses import Activated
from refunddesk.services.validation import KnownLicense, Validation

Answer = dict[str, Any]

#: Half a day: a licence switched off by us is noticed the same day, and a million sites ask 23
#: times a second.
_ASK_AGAIN_AFTER = 12 * 60 * 60

MESSAGES: Mapping[Standing, str] = {
    Standing.VALID: "The licence may be used.",
    Standing.EXPIRED: "The licence has expired. Renew it to go on.",
    Standing.ENDED_REFUNDED: "The licence has ended, because its price was refunded.",
    Standing.ENDED: "The licence has ended.",
    Standing.BLOCKED: "The licence is blocked. Please write to the store.",
    Standing.SITE_NOT_ACTIVATED: "The licence is not switched on for this site.",
    Standing.OVER_LIMIT: "The licence is in use on more sites than it is for; this one is over.",
}


def activated(on: Activated) -> Answer:
    return {
        "site": on.site,
        "token": on.token,
        "is_staging": on.is_staging,
        "sites": on.sites,
        "sites_limit": on.sites_limit,
    }


def validation(found: Validation) -> Answer:
    return _license(found.license) | {
        "site": found.site,
        "is_staging": found.is_staging,
        "ask_again_after": _ASK_AGAIN_AFTER,
    }


def activations(known: KnownLicense) -> Answer:
    return _license(known) | {
        "activations": [
            {
                "site": one.site,
                "is_staging": one.is_staging,
                "activated_at": instant_text(one.activated_at),
                "seen_at": instant_text(one.seen_at) if one.seen_at else None,
            }
            for one in known.activations
        ]
    }


def _license(known: KnownLicense) -> Answer:
    return {
        "code": known.standing.value,
        "message": MESSAGES[known.standing],
        "product": known.product,
        "expires_at": instant_text(known.expires_at) if known.expires_at else None,
        "sites": known.sites,
        "sites_limit": known.sites_limit,
    }
