"""Of the card or account that is charged no more is shown than lets its owner know it again."""

from __future__ import annotations

import pytest

from refunddesk.woocommerce.payment_means import payment_means


@pytest.mark.parametrize(
    ("meta", "account"),
    [
        pytest.param({"last4": "4242", "_card_brand": "visa"}, "•••• 4242", id="WooPayments"),
        pytest.param({"_wc_square_credit_card_account_four": "0005"}, "•••• 0005", id="Square"),
        pytest.param({"last4": 4242}, "•••• 4242", id="a number"),
        pytest.param({"last4": "4242424242424242"}, "", id="a whole card number is never shown"),
        pytest.param({"last4": "12ab"}, "", id="no digits"),
        pytest.param(
            {"Payer PayPal address": "ada@example.com"}, "a…@example.com", id="PayPal Standard"
        ),
        pytest.param(
            {"_ppcp_paypal_payer_email": "ada@example.com"}, "a…@example.com", id="PayPal Payments"
        ),
        pytest.param({"Payer PayPal address": "nobody"}, "", id="no address"),
        pytest.param({"_stripe_source_id": "src_1", "last4": ["4242"]}, "", id="nothing usable"),
    ],
)
def test_four_digits_or_a_masked_address_are_shown(meta: dict[str, object], account: str) -> None:
    assert payment_means("Credit card", meta).account == account
