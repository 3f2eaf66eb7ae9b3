"""Seals the stores' API keys and webhook secrets for rest in the database."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealBroken(Exception):
    """A sealed secret cannot be opened with any of the keys at hand."""


class Sealer:
    """Seals with the first key, opens with any, so that a key can be changed without a gap."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

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


def new_key() -> str:
    return Fernet.generate_key().decode("ascii")
