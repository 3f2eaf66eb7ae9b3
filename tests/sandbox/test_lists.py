"""The sandbox store's lists can be read from anywhere, as WordPress allows."""

from __future__ import annotations

import pytest

from refunddesk.sandbox.store import SandboxStore
from tests.sandbox.conftest import Call


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("offset=0&per_page=2", [0, 1], id="from the first"),
        pytest.param("offset=1&per_page=2", [1, 2], id="from the second"),
        pytest.param("offset=1&per_page=2&page=3", [1, 2], id="whatever page is named"),
        pytest.param("offset=3&per_page=2", [], id="beyond the last"),
    ],
)
def test_a_list_begins_at_any_offset(
    store: SandboxStore, call: Call, query: str, expected: list[int]
) -> None:
    made = [store.add_order([{"sku": "LIC-1", "quantity": 1}])["id"] for _ in range(3)]
    shown = call("GET", f"/orders?orderby=id&order=asc&{query}").json()
    assert [order["id"] for order in shown] == [made[number] for number in expected]


def test_an_offset_below_zero_is_refused(call: Call) -> None:
    assert call("GET", "/orders?offset=-1").status_code == 400
