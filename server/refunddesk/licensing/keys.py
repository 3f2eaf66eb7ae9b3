"""What licence keys and tokens look like, and what is kept of them."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable

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

#: 16 characters of 36 are 82 bits: what the licence plugins of WooCommerce make at the least.
_LEAST_IMPORTED = 16
_LONGEST_IMPORTED = 200
_LEAST_DIFFERENT = 6
_PREFIX = 6


class NotALicenseKey(ValueError):
    """A text that no licence key can be: mistyped, cut off, or something else altogether."""


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


def imported_key(text: str) -> str:
    """`text` as a key that another program made. Raises NotALicenseKey.

    Whoever sold it handed it out, so it need not look like ours; it must not be guessable.
    """
    key = text.strip()
    letters = _plain(key)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise NotALicenseKey("the key holds spaces or characters that no key has")
    if not _LEAST_IMPORTED <= len(letters) <= _LONGEST_IMPORTED:
        raise NotALicenseKey(
            f"the key has {len(letters)} characters besides dashes: from {_LEAST_IMPORTED} to "
            f"{_LONGEST_IMPORTED} are taken, since shorter ones can be guessed"
        )
    if len(set(letters)) < _LEAST_DIFFERENT:
        raise NotALicenseKey("the key repeats so few characters that it can be guessed")
    return key


def key_prefix(text: str) -> str:
    """The part of a key by which attempts are counted: all guesses at one key share it."""
    return _plain(text)[:_PREFIX]


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
