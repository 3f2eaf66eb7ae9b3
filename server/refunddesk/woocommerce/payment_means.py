"""What a store lets us know of the card or account that a subscription is charged to, masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from refunddesk.woocommerce.fields import text_of

_FOUR_DIGITS = re.compile(r"[0-9]{4}")
#: Where gateways keep the last four digits: WooPayments, and the plugins made with SkyVerge's
#: framework (Authorize.Net, Braintree, Square and others).
_LAST_FOUR = re.compile(r"last4|_wc_[a-z0-9_]+_account_four")
#: Where PayPal's plugins keep who pays: PayPal Payments, and the older PayPal Standard.
_PAYPAL_ADDRESSES = ("_ppcp_paypal_payer_email", "Payer PayPal address")


@dataclass(frozen=True, slots=True)
class PaymentMeans:
    """`title` as the store's checkout names it; `account` "•••• 4242", "a…@example.com", or ""."""

    title: str
    account: str


def payment_means(title: str, meta: Mapping[str, object]) -> PaymentMeans:
    """Reads the title and the meta of an order or subscription; never more than four digits."""
    return PaymentMeans(title, _card(meta) or _paypal(meta))


def _card(meta: Mapping[str, object]) -> str:
    for name, value in meta.items():
        digits = text_of(value)
        if _LAST_FOUR.fullmatch(name) and _FOUR_DIGITS.fullmatch(digits):
            return f"•••• {digits}"
    return ""


def _paypal(meta: Mapping[str, object]) -> str:
    for name in _PAYPAL_ADDRESSES:
        mailbox, at, domain = text_of(meta.get(name)).strip().rpartition("@")
        if mailbox and at and domain:
            return f"{mailbox[0]}…@{domain}"
    return ""
