"""What a licence key looks like, what a site is called, and whether a licence has room for it."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import idna

_KEY_BYTES = 16
_TOKEN_BYTES = 32
#: Crockford's base 32: no I, L, O and U, so that a key can be read out over the telephone.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011", "- ")
_SECRET_CHARACTERS = 26
_GROUP = 4
# The largest prime below 32 * 32: the remainder fits two characters, and because it is prime every
# single wrong character and every swap of two neighbours changes it.
_CHECK_MODULUS = 1021

_LONGEST_ADDRESS = 2000
_LONGEST_HOST = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


class NotASite(ValueError):
    """A text that names no site a licence could be used on."""


class NotALicenseKey(ValueError):
    """A text that no licence key can be: mistyped, cut off, or something else altogether."""


def site_name(address: str) -> str:
    """The one name of the site at `address`: "https://WWW.Example.com:8443/shop" -> "example.com".

    Scheme, "www.", port, path and letter case do not make another site; internationalised names
    are turned to ASCII (IDNA 2008) and IP addresses to their shortest form. Naming a name again
    changes nothing. Raises NotASite.
    """
    host = _host_of(address)
    if ":" in host:
        return _ip_name(host)
    host = host.removesuffix(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").removesuffix(".")
        except (idna.IDNAError, UnicodeError):
            raise NotASite(f"{_short(address)} is not the address of a site") from None
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise NotASite(f"{_short(address)} is not the address of a site")
    if labels[-1].isdigit():
        return _ip_name(host)
    while labels[0] == "www" and len(labels) > 2:
        del labels[0]
    return ".".join(labels)


def new_key(random_bytes: Callable[[int], bytes]) -> str:
    """A fresh licence key: 128 random bits and two check characters in seven groups of four."""
    secret = _base32(int.from_bytes(random_bytes(_KEY_BYTES), "big"), _SECRET_CHARACTERS)
    text = secret + _check_characters(secret)
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def check_key(text: str) -> str:
    """`text` as the key it was meant to be, in its written form; raises NotALicenseKey.

    Forgives small letters, missing dashes, spaces, and O, I or L for the digits they look like.
    """
    key = _plain(text)
    secret, check = key[:_SECRET_CHARACTERS], key[_SECRET_CHARACTERS:]
    if (
        len(key) != _SECRET_CHARACTERS + 2
        or not set(key) <= set(_ALPHABET)
        or check != _check_characters(secret)
    ):
        raise NotALicenseKey("the licence key is mistyped: its check characters do not fit")
    return "-".join(key[start : start + _GROUP] for start in range(0, len(key), _GROUP))


def key_hash(text: str) -> bytes:
    """What is kept of a licence key, the same however it was typed; any text has one."""
    return hashlib.sha256(_plain(text).encode("utf-8", "surrogatepass")).digest()


def new_token(random_bytes: Callable[[int], bytes]) -> str:
    """A fresh secret of 256 bits that a program keeps and shows: 43 letters, digits, - and _."""
    return urlsafe_b64encode(random_bytes(_TOKEN_BYTES)).rstrip(b"=").decode("ascii")


def token_hash(token: str) -> bytes:
    """What is kept of a token; any text has one."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def has_room(site: str, active_sites: Collection[str], sites_limit: int) -> bool:
    """May a licence in use on `active_sites` be used on `site`? A site it is on takes no more."""
    return site in active_sites or len(active_sites) < sites_limit


def is_usable(state: str, expires_at: datetime | None, now: datetime) -> bool:
    """Does a licence in this state still give the right to begin using it somewhere?"""
    return state == "active" and (expires_at is None or now < expires_at)


def _host_of(address: str) -> str:
    if len(address) > _LONGEST_ADDRESS:
        raise NotASite(f"the address of a site has at most {_LONGEST_ADDRESS} characters")
    text = address.strip()
    if not text.isprintable() or " " in text or "\\" in text:
        raise NotASite(f"{_short(address)} is not the address of a site")
    try:
        parts = urlsplit(text if "://" in text or text.startswith("//") else f"//{text}")
        host = parts.hostname
        _ = parts.port  # reading it checks it
    except ValueError:
        raise NotASite(f"{_short(address)} is not the address of a site") from None
    if parts.scheme not in ("", "http", "https") or "@" in parts.netloc or not host:
        raise NotASite(f"{_short(address)} is not the address of a site")
    return host


def _ip_name(host: str) -> str:
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        raise NotASite(f"{_short(host)} is neither a site's name nor an IP address") from None
    if isinstance(address, IPv6Address):
        if address.scope_id:
            raise NotASite(f"{_short(host)} means another machine on every network")
        return f"[{address.compressed}]"
    return str(address)


def _plain(text: str) -> str:
    return text.upper().translate(_MISREAD)


def _base32(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))


def _check_characters(secret: str) -> str:
    number = 0
    for character in secret:
        number = number * 32 + max(_ALPHABET.find(character), 0)
    return _base32(number % _CHECK_MODULUS, 2)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
