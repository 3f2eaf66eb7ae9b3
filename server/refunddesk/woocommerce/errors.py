"""How a call to a store can fail: not reached, refused, or answered with something unusable."""

from __future__ import annotations

import re

from refunddesk.woocommerce.fields import text_of
from refunddesk.woocommerce.strictjson import IllJson, read_json


class StoreCallFailed(Exception):
    """A call to a store did not bring what was asked; the kinds below say how far it got."""


class StoreUnreachable(StoreCallFailed):
    """No complete answer. `not_sent` is True only if no byte of the request can have left."""

    def __init__(self, call: str, trouble: str, *, not_sent: bool) -> None:
        ending = "Nothing was sent." if not_sent else "The store may have acted on it all the same."
        super().__init__(f"{call} got no answer: {trouble}. {ending}")
        self.trouble = trouble
        self.not_sent = not_sent


class StoreRefused(StoreCallFailed):
    """The store answered with another status than 2xx.

    `code` is WooCommerce's own ("" when the body was not its JSON), `message` its text cut to
    300 characters, in the store's language; `points_to` the path a redirect names.
    """

    def __init__(
        self, call: str, status: int, code: str, message: str, points_to: str | None = None
    ) -> None:
        advice = f" It redirects to {points_to}: correct the store's address." if points_to else ""
        super().__init__(f"{call} was refused with {status} {code}".rstrip() + "." + advice)
        self.status = status
        self.code = code
        self.message = message
        self.points_to = points_to


class StoreGarbled(StoreCallFailed):
    """The store answered 2xx, but not with the JSON that belongs there."""

    def __init__(self, call: str, status: int, fault: str) -> None:
        super().__init__(f"{call} was answered with {status}, but unusably: {fault}")
        self.status = status
        self.fault = fault


def error_of(body: bytes) -> tuple[str, str]:
    """WooCommerce's `code` and `message` in an error body; empty for HTML and anything else."""
    try:
        value = read_json(body)
    except IllJson:
        return "", ""
    if not isinstance(value, dict):
        return "", ""
    code = text_of(value.get("code"))
    return (code if re.fullmatch(r"[a-z0-9_\-]{1,100}", code) else ""), text_of(
        value.get("message")
    )
