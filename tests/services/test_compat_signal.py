"""A customer says that it broke after the update: staff see what our own check says."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from refunddesk.db.orders import Order
from refunddesk.db.requests import find_request
from refunddesk.services import claims
from refunddesk.services.compat_signal import Signal, find_check, find_signal
from refunddesk.services.desk import show_request
from refunddesk.services.edges import Edges
from tests import asking, building
from tests.conftest import TestClock
from tests.services.checking import (
    BREAKS,
    WORKS,
    hand_in,
    plugin_zip,
    upload,
    wordpress_zip,
)


@pytest.fixture
def checked(edges: Edges, tmp_path: Path) -> Edges:
    """Version 1.0 breaks on 8.1, version 1.1 does not; they are sold as crm-portal."""
    for version in ("8.0", "8.1"):
        hand_in(edges, wordpress_zip(tmp_path, version))
    upload(edges, plugin_zip(tmp_path, BREAKS, version="1.0"), products=["crm-portal"])
    upload(edges, plugin_zip(tmp_path, WORKS, version="1.1"))
    return edges


@pytest.fixture
def order(checked: Edges) -> Order:
    return asking.buy(checked, building.add_store(checked))


def look(edges: Edges, opened_at: datetime, **versions: str) -> tuple[str, str, str] | None:
    with edges.database.read() as transaction:
        found = find_check(transaction, ["other", "crm-portal"], opened_at=opened_at, **versions)
    return _said(found)


def _said(found: Signal | None) -> tuple[str, str, str] | None:
    if found is None:
        return None
    return found.version.version, found.release.version, found.check.verdict.value


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({}, ("1.1", "8.1", "UNVERIFIED")),
        ({"plugin_version": "1.0"}, ("1.0", "8.1", "BROKEN")),
        ({"plugin_version": "1.0", "wordpress": "8.1.2"}, ("1.0", "8.1", "BROKEN")),
        ({"plugin_version": "1.0", "wordpress": "8.0"}, ("1.0", "8.0", "UNVERIFIED")),
        ({"plugin_version": "3.0"}, None),
        ({"wordpress": "7.9"}, None),
        ({"wordpress": "8.4"}, None),
    ],
    ids=[
        "nothing known: what is sold now on what is out",
        "an older version",
        "a patch of the release",
        "the release before",
        "a version we do not know",
        "a release older than all we know",
        "a release we have not seen",
    ],
)
def test_the_signal_is_about_the_customers_versions(
    checked: Edges, clock: TestClock, versions: dict[str, str], said: tuple[str, str, str] | None
) -> None:
    assert look(checked, clock.at, **versions) == said


def test_a_release_that_came_after_the_complaint_is_not_its_cause(
    checked: Edges, clock: TestClock, tmp_path: Path
) -> None:
    opened_at = clock.at
    clock.move(days=1)
    hand_in(checked, wordpress_zip(tmp_path, "8.2"))
    assert look(checked, opened_at) == ("1.1", "8.1", "UNVERIFIED")
    assert look(checked, clock.at) == ("1.1", "8.2", "UNVERIFIED")
    assert look(checked, opened_at - timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("reason", "told"),
    [("incompatible_with_new_version", True), ("malfunction", False)],
    ids=["it broke on a new version", "something else"],
)
def test_only_a_case_about_a_new_version_asks_the_checks(
    checked: Edges, order: Order, reason: str, told: bool
) -> None:
    case = asking.report(checked, order, reason=reason, finding=None, product_version="1.0")
    with checked.database.read() as transaction:
        found = find_signal(transaction, case)
    assert (found is not None) is told


@pytest.mark.parametrize(
    ("version", "wordpress", "said"),
    [
        pytest.param("1.0", "8.1", ("1.0", "8.1", "BROKEN"), id="what breaks"),
        pytest.param("1.1", "8.1", ("1.1", "8.1", "UNVERIFIED"), id="the mended version"),
        pytest.param("1.0", "8.0", ("1.0", "8.0", "UNVERIFIED"), id="the release before"),
        pytest.param("0.9", "8.1", None, id="a version that was never checked"),
    ],
)
def test_the_check_shown_is_the_one_of_the_versions_that_the_customer_reports(
    checked: Edges,
    order: Order,
    version: str,
    wordpress: str,
    said: tuple[str, str, str] | None,
) -> None:
    case = asking.report(
        checked,
        order,
        reason="incompatible_with_new_version",
        product_version=version,
        environment={"wordpress": wordpress},
    )
    with checked.database.read() as transaction:
        assert _said(find_signal(transaction, case)) == said


def test_the_claim_carries_the_verdict_as_a_fact(
    checked: Edges, order: Order, clock: TestClock
) -> None:
    case = asking.report(
        checked, order, reason="incompatible_with_new_version", product_version="1.1"
    )
    request_id = asking.ask(checked, order, case_id=case.id)
    with checked.database.write() as transaction:
        kept = find_request(transaction, request_id)
        assert kept
        claim = claims.build_claim(transaction, kept, order, clock.at)
    assert claim.compat
    assert (claim.compat.verdict, claim.compat.release) == ("UNVERIFIED", "WordPress 8.1")
    page = show_request(checked, request_id)
    assert _said(page.signal) == ("1.1", "8.1", "UNVERIFIED")
