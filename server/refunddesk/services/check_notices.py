"""Tells the vendor of a check that calls for work."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db.checks import RecordedCheck
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Release
from refunddesk.services.notices import tell_verdict


def tell_vendor(
    transaction: Connection,
    version: PluginVersion,
    release: Release,
    check: RecordedCheck,
    now: datetime,
) -> None:
    """Write to the owners of the desk what the check found, once for each check."""
    tell_verdict(
        transaction,
        check=f"check:{check.id}",
        facts={
            "plugin": version.name,
            "plugin_version": version.version,
            "release": release.title,
            "verdict": check.verdict.value,
            "reason": check.record["reason"],
            "findings": len(check.record["evidence"]),
            "path": f"/desk/checks/{check.id}",
        },
        now=now,
    )
