"""Counts attempts, so that nobody can try passwords or keys by the thousand."""

from __future__ import annotations

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from refunddesk.services.refusal import Refusal


class TooManyAttempts(Refusal):
    """The attempts allowed within some time are used up, for `retry_after` seconds at the most."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many attempts. Nothing was done: please wait some minutes.")
        self.retry_after = retry_after


class Throttle:
    """One process's count of attempts. Several web processes each count for themselves."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limits: dict[str, RateLimitItem] = {}

    def attempt(self, limit: str, *key: str) -> None:
        """Count one attempt of `key` against `limit` ("10/minute"). Raises TooManyAttempts."""
        allowed = self._parsed(limit)
        if not self._limiter.hit(allowed, *key):
            raise TooManyAttempts(allowed.get_expiry())

    def forget(self, limit: str, *key: str) -> None:
        """The attempts of `key` were honest after all."""
        self._limiter.clear(self._parsed(limit), *key)

    def _parsed(self, limit: str) -> RateLimitItem:
        return self._limits.setdefault(limit, parse(limit))
