"""Tells the vendor of a check that calls for work."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db.checks import RecordedCheck
from refunddesk.db.history import record_deed
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Release


def tell_vendor(
    transaction: Connection,
    version: PluginVersion,
    release: Release,
    check: RecordedCheck,
    now: datetime,
) -> None:
    """Say what the check found, once for each check."""
    record_deed(
        transaction,
        at=now,
        actor="checks",
        action="vendor_told",
        subject=f"plugin:{version.plugin_id}",
        data={
            "plugin": version.title,
            "release": release.title,
            "verdict": check.verdict.value,
            "check": check.id,
        },
    )
