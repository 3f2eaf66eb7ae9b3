"""Copies that were changed for their customer, who is asked before an automatic update (S-2)."""

from __future__ import annotations

from refunddesk.db import licenses
from refunddesk.db.history import record_deed
from refunddesk.db.licenses import License
from refunddesk.services.edges import Edges
from refunddesk.services.licenses import NoSuchLicense


def mark_customized(edges: Edges, license_id: int, customized: bool, *, by: str) -> License:
    """Say whether the licence's copy was changed for its customer. Raises NoSuchLicense."""
    now = edges.clock()
    with edges.database.write() as transaction:
        license = licenses.lock_license(transaction, license_id)
        if license is None:
            raise NoSuchLicense(f"There is no licence {license_id}. Nothing was changed.")
        if license.customized != customized:
            licenses.record_customized(transaction, license_id, customized)
            record_deed(
                transaction,
                at=now,
                actor=by,
                action="license_customized" if customized else "license_not_customized",
                subject=f"license:{license_id}",
            )
        found = licenses.find_license(transaction, license_id)
        assert found
    return found
