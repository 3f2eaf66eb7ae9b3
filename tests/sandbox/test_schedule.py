"""The sandbox reckons the next payment as WooCommerce Subscriptions does."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from refunddesk.sandbox.schedule import next_payment

RECORDED = json.loads((Path(__file__).parent / "data/next-payments.json").read_text())


@pytest.mark.parametrize("period", ["day", "week", "month", "year"])
def test_the_next_payment_is_due_when_the_plugin_says(period: str) -> None:
    rows = [row for row in RECORDED if row["period"] == period]
    reckoned = [
        next_payment(datetime.fromisoformat(row["paid"]), period, timedelta(seconds=row["offset"]))
        for row in rows
    ]
    assert [at.isoformat() for at in reckoned] == [row["next"] for row in rows]
    assert len(rows) >= 17
