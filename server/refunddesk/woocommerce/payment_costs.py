"""What a payment service took of an order, by the meta that the gateways' plugins write on it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

from refunddesk.money import Money
from refunddesk.woocommerce.fields import Scale, decimal_of, mapping_of

#: Meta of the fee, and of its currency where the plugin writes one: Stripe (by WooCommerce, now
#: and before 4.0), PayPal (the old plugin and its import), WooPayments.
_FEES = (
    ("_stripe_fee", "_stripe_currency"),
    ("Stripe Fee", "_stripe_currency"),
    ("_wcpay_transaction_fee", "_wcpay_intent_currency"),
    ("_paypal_transaction_fee", ""),
    ("PayPal Transaction Fee", ""),
)
#: PayPal Payments keeps what PayPal answered: {"paypal_fee": {"currency_code", "value"}, ...}.
_PAYPAL_BREAKDOWN = "_ppcp_paypal_fees"


def gateway_fee_of(meta: Mapping[str, object], scale: Scale) -> Money | None:
    """The fee in the order's currency, None where none is told or it was taken in another one.

    A fraction of a minor unit is dropped: it is not taken from the customer.
    """
    for name, currency in _FEES:
        fee = decimal_of(meta.get(name))
        if fee is not None:
            return _money(fee, str(meta.get(currency) or scale.currency), scale)
    taken = mapping_of(mapping_of(meta.get(_PAYPAL_BREAKDOWN)).get("paypal_fee"))
    fee = decimal_of(taken.get("value"))
    return None if fee is None else _money(fee, str(taken.get("currency_code")), scale)


def _money(fee: Decimal, currency: str, scale: Scale) -> Money | None:
    if currency.upper() != scale.currency or fee < 0:
        return None
    minor = fee.scaleb(scale.decimals).quantize(Decimal(1), rounding=ROUND_DOWN)
    return scale.money(int(minor))
