"""Seals secrets and other keys for rest, signs what is to be proved, hashes who is not named."""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SIGNING = b"refunddesk receipts 1"
_WRAPPING = b"refunddesk vault 1"
_NONCE_BYTES = 12
_TAGGING = b"refunddesk reply addresses 1"
_HASHING = b"refunddesk erased 1"
_FILING = b"refunddesk files 1 "


#: So many bytes a sealed part of a file is longer than the part.
SEAL_BYTES = 16


class SealBroken(Exception):
    """A sealed secret cannot be opened with any of the keys at hand."""


class FileSeal:
    """Seals the parts of one file with AES-256-GCM, by a key that only this file has.

    A part opens only where it was sealed. So no place may be sealed twice: two texts under one
    nonce give both away.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = [AESGCM(key) for key in keys]

    def seal(self, part: bytes, place: int, about: bytes = b"") -> bytes:
        """`SEAL_BYTES` longer than the part; `about` is proven with it and not contained."""
        return self._ciphers[0].encrypt(_nonce_of(place), part, about)

    def open(self, sealed: bytes, place: int, about: bytes = b"") -> bytes:
        """Raises SealBroken where none of the keys at hand sealed it so, or it is damaged."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(_nonce_of(place), sealed, about)
            except (InvalidTag, ValueError):
                continue
        raise SealBroken(
            "A part of a file does not open with REFUNDDESK_SEALING_KEYS, or is damaged."
        )


class Sealer:
    """Seals with the first key, opens with any, so that a key can be changed without a gap."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._keys = tuple(keys)
        self._hashing = [_derived(key, _HASHING) for key in keys]

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealBroken(
                "A stored secret does not open with REFUNDDESK_SEALING_KEYS. Nothing was changed: "
                "put the key that sealed it back into the list."
            ) from None

    def wrap(self, key: bytes, about: bytes) -> bytes:
        """Seal another key with AES-256-GCM; it opens for the same `about` alone."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + _wrapper(self._keys[0]).encrypt(nonce, key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """Raises SealBroken where none of the keys at hand sealed it, or it is damaged."""
        nonce, rest = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        for key in self._keys:
            try:
                return _wrapper(key).decrypt(nonce, rest, about)
            except (InvalidTag, ValueError):
                continue
        raise SealBroken(
            "A key does not open with REFUNDDESK_SEALING_KEYS, or is damaged. Nothing was changed: "
            "put the key that sealed it back into the list."
        )

    def of_file(self, name: str) -> FileSeal:
        """The seal of the file with this name, which no other file may ever have."""
        return FileSeal([_derived(key, _FILING + name.encode()) for key in self._keys])

    def sign(self, text: bytes) -> tuple[str, str]:
        """The public key, by which anybody can check it, and the signature; both in hex."""
        signer = _signer(self._keys[0])
        return signer.public_key().public_bytes_raw().hex(), signer.sign(text).hex()

    def has_signed(self, text: bytes, public_key: str, signature: str) -> bool:
        """Was `text` signed with one of our keys, a former one that is still listed included?"""
        for key in self._keys:
            public = _signer(key).public_key()
            if public.public_bytes_raw().hex() == public_key:
                try:
                    public.verify(bytes.fromhex(signature), text)
                except (InvalidSignature, ValueError):
                    return False
                return True
        return False

    def codes(self, text: bytes) -> tuple[bytes, ...]:
        """A code over the text by each key, the current one first: 32 bytes only we can make."""
        return tuple(hmac.digest(_derived(key, _TAGGING), text, "sha256") for key in self._keys)

    def hash(self, name: str) -> bytes:
        """By which `name` is known again, and of which nobody without the key makes anything."""
        return self.hashes(name)[0]

    def hashes(self, name: str) -> list[bytes]:
        """The same by each of our keys: it may have been hashed before the first one came."""
        return [hmac.digest(key, name.encode(), "sha256") for key in self._hashing]


def _signer(key: str) -> Ed25519PrivateKey:
    """A key of its own for signatures: what seals must not sign."""
    return Ed25519PrivateKey.from_private_bytes(_derived(key, _SIGNING))


def _wrapper(key: str) -> AESGCM:
    return AESGCM(_derived(key, _WRAPPING))


def _nonce_of(place: int) -> bytes:
    return place.to_bytes(_NONCE_BYTES, "big")


def _derived(key: str, purpose: bytes) -> bytes:
    """A key for one purpose, from which neither the first nor any other can be reckoned."""
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
    return derive.derive(urlsafe_b64decode(key))


def new_key() -> str:
    return Fernet.generate_key().decode("ascii")
