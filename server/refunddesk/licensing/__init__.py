"""Keys, tokens, the names of sites, and what a licence allows: pure, without any table."""

from refunddesk.licensing.keys import (
    NotALicenseKey,
    check_key,
    imported_key,
    key_hash,
    key_prefix,
    new_key,
    new_token,
    token_hash,
)
from refunddesk.licensing.sites import (
    NotAPattern,
    NotASite,
    is_staging,
    site_name,
    staging_pattern,
)
from refunddesk.licensing.standing import (
    InUse,
    Standing,
    has_room,
    is_usable,
    license_standing,
    site_standing,
)

__all__ = [
    "InUse",
    "NotALicenseKey",
    "NotAPattern",
    "NotASite",
    "Standing",
    "check_key",
    "has_room",
    "imported_key",
    "is_staging",
    "is_usable",
    "key_hash",
    "key_prefix",
    "license_standing",
    "new_key",
    "new_token",
    "site_name",
    "site_standing",
    "staging_pattern",
    "token_hash",
]
