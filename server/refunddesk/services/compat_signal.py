"""What the checks say of a case about a plugin that broke: a signal, never a ruling."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.compat.surface import WORDPRESS
from refunddesk.compat.versions import compare, minor_of
from refunddesk.db import checks, orders, plugins, releases
from refunddesk.db.cases import Case
from refunddesk.db.checks import CheckLine
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Channel, Release

_ABOUT = "incompatible_with_new_version"


@dataclass(frozen=True, slots=True)
class Signal:
    """The newest check of what the customer uses on the release that the customer has."""

    check: CheckLine
    version: PluginVersion
    release: Release


def find_signal(transaction: Connection, case: Case) -> Signal | None:
    """None where the case is about something else, or no check tells of it.

    Where the versions are not known they are what was sold and out when the case was opened.
    """
    facts, report = case.facts, case.report
    if _ABOUT not in (facts.reason, facts.finding):
        return None
    sold = [item.product for item in orders.list_items(transaction, case.order_id)]
    return find_check(
        transaction,
        [report.product] if report.product else sold,
        opened_at=facts.opened_at,
        plugin_version=report.product_version,
        wordpress=report.environment.get("wordpress"),
    )


def find_check(
    transaction: Connection,
    products: Collection[str],
    *,
    opened_at: datetime,
    plugin_version: str | None = None,
    wordpress: str | None = None,
) -> Signal | None:
    """The check of the first of these products that is a plugin of ours."""
    release = _release(transaction, wordpress, opened_at)
    if release is None:
        return None
    for product in products:
        version = plugins.find_sold(transaction, product, plugin_version)
        check = checks.find_last(transaction, version.id, release.id) if version else None
        if version is not None and check is not None:
            return Signal(check, version, release)
    return None


def _release(transaction: Connection, wordpress: str | None, opened_at: datetime) -> Release | None:
    """The release named, else the newest of its branch before it; else the newest out by then."""
    for release in releases.list_releases(transaction, WORDPRESS):
        if release.read_at is None:
            continue
        if wordpress is None:
            if release.channel is Channel.STABLE and release.found_at <= opened_at:
                return release
        elif compare(release.version, wordpress) <= 0:
            is_near = minor_of(release.version) == minor_of(wordpress)
            return release if is_near else None
    return None
