"""Seals the stores' API keys and webhook secrets for rest, and signs what is to be proved later."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SIGNING = b"refunddesk receipts 1"


class SealBroken(Exception):
    """A sealed secret cannot be opened with any of the keys at hand."""


class Sealer:
    """Seals with the first key, opens with any, so that a key can be changed without a gap."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._keys = tuple(keys)

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


def _signer(key: str) -> Ed25519PrivateKey:
    """A key of its own for signatures: what seals must not sign."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_SIGNING)
    return Ed25519PrivateKey.from_private_bytes(derived.derive(urlsafe_b64decode(key)))


def new_key() -> str:
    return Fernet.generate_key().decode("ascii")
