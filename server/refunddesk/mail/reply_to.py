"""Addresses that lead a reply back: each says what it is about, with a tag only we can make.

In letters that no mail program changes: `reply+c12.k3q7...@example.com` is c for a case, o for an
order, its number, and the tag.
"""

from __future__ import annotations

import re
from base64 import b32encode
from dataclasses import dataclass
from typing import Literal

_KINDS: dict[str, Literal["case", "order"]] = {"c": "case", "o": "order"}
_MARK = re.compile(r"([co])([1-9][0-9]{0,18})\.([a-z2-7]{16})")
#: 80 bits: nobody guesses one, and the address stays below the 64 letters that are allowed.
_TAG_BYTES = 10


@dataclass(frozen=True, slots=True)
class Marked:
    """What an address says of itself; proven only once the tag was compared."""

    kind: Literal["case", "order"]
    id: int
    tag: str


def reply_address(base: str, kind: Literal["case", "order"], number: int, mac: bytes) -> str:
    """`base` is the mailbox that replies come to, such as "reply@example.com"."""
    local, _, domain = base.rpartition("@")
    return f"{local}+{kind[0]}{number}.{tag_of(mac)}@{domain}"


def tag_of(mac: bytes) -> str:
    """The tag made of a code over what it is about; small letters and digits from 2 to 7."""
    return b32encode(mac[:_TAG_BYTES]).decode("ascii").lower()


def read_reply_address(base: str, address: str) -> Marked | None:
    """What an address below `base` is about; None for any other. Letters' case means nothing."""
    local, _, domain = base.lower().rpartition("@")
    given, _, given_domain = address.strip().lower().rpartition("@")
    if given_domain != domain or not given.startswith(f"{local}+"):
        return None
    found = _MARK.fullmatch(given.removeprefix(f"{local}+"))
    return Marked(_KINDS[found[1]], int(found[2]), found[3]) if found else None
