"""Prove that a webhook body came from the store: WooCommerce's HMAC over the raw bytes."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence

# WooCommerce passes the secret through WordPress' wp_specialchars_decode(ENT_QUOTES) before it
# signs. That function knows these entities and no others, so html.unescape() would go too far:
# it also decodes "&copy;" and entities without a semicolon.
_ENTITY = re.compile(
    r"&(?:(amp|#0*38|#[xX]0*26)|(lt|#0*60)|(gt|#0*62)|(quot|#0*34|#[xX]0*22)|(#0*39|#[xX]0*27));"
)
_DECODED = "&<>\"'"


def sign(secret: str, body: bytes) -> str:
    """The value of `X-WC-Webhook-Signature` for `body`: base64 of HMAC-SHA256.

    `secret` is the text as the store owner entered it; raises ValueError when it is empty.
    """
    if not secret:
        raise ValueError("an empty webhook secret signs nothing: give the endpoint a secret")
    return _mac(secret, body).decode("ascii")


def is_signed(body: bytes, header: bytes | str | None, secrets: Sequence[str]) -> bool:
    """Whether `header` is the signature of the raw `body` under one of `secrets`.

    Pass the current secret and, while a change is under way, the previous one. Empty secrets
    never match. Takes the same time whichever secret fits, and never raises.
    """
    if header is None:
        return False
    # hmac.compare_digest() raises TypeError on a str outside ASCII; bytes are always compared.
    given = header.encode("utf-8", "surrogatepass") if isinstance(header, str) else header
    matches = [hmac.compare_digest(_mac(secret, body), given) for secret in secrets if secret]
    return any(matches)


def _mac(secret: str, body: bytes) -> bytes:
    key = _ENTITY.sub(_decode, secret).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(key, body, "sha256"))


def _decode(entity: re.Match[str]) -> str:
    return _DECODED[(entity.lastindex or 1) - 1]
