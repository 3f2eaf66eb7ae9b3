"""Sites bought for a licence besides those its own line is for."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import extra_sites


def find_license_id(transaction: Connection, order_item_id: int) -> int | None:
    """The licence that this line's sites were given to."""
    return transaction.scalar(
        select(extra_sites.c.license_id).where(extra_sites.c.order_item_id == order_item_id)
    )


def record_extra_sites(
    transaction: Connection, license_id: int, order_item_id: int, sites: int
) -> bool:
    """Say how many sites the line adds to the licence; False if that is known."""
    query = select(extra_sites.c.sites).where(extra_sites.c.order_item_id == order_item_id)
    if transaction.scalar(query) == sites:
        return False
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    transaction.execute(
        upsert(extra_sites)
        .values(license_id=license_id, order_item_id=order_item_id, sites=sites)
        .on_conflict_do_update(index_elements=[extra_sites.c.order_item_id], set_={"sites": sites})
    )
    return True
