"""What the owner says of a product: manuals and the like, and to whom they were offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import material_offers, product_pages

#: One link: its kind (manual, documentation, video, faq, demo), its title and its address.
Material = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProductPage:
    product: str
    materials: tuple[Material, ...]
    not_on_wordpress_com: bool


def record_page(transaction: Connection, store_id: int, page: ProductPage) -> None:
    """Keep what is said of the product in place of what was said before."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    said = {
        "materials": [dict(material) for material in page.materials],
        "not_on_wordpress_com": page.not_on_wordpress_com,
    }
    transaction.execute(
        upsert(product_pages)
        .values(store_id=store_id, product=page.product, **said)
        .on_conflict_do_update(
            index_elements=[product_pages.c.store_id, product_pages.c.product], set_=said
        )
    )


def find_page(transaction: Connection, store_id: int, product: str) -> ProductPage | None:
    row = transaction.execute(
        select(product_pages).where(
            product_pages.c.store_id == store_id, product_pages.c.product == product
        )
    ).one_or_none()
    if row is None:
        return None
    return ProductPage(row.product, tuple(row.materials), row.not_on_wordpress_com)


def record_offer(
    transaction: Connection,
    order_id: int,
    product: str,
    offered: Sequence[Material],
    *,
    by: str,
    at: datetime,
) -> None:
    transaction.execute(
        insert(material_offers).values(
            order_id=order_id,
            product=product,
            materials=[dict(material) for material in offered],
            offered_by=by,
            offered_at=at,
        )
    )


def was_offered(transaction: Connection, order_id: int) -> bool:
    """Were manuals offered to whoever placed the order?"""
    found = transaction.scalar(
        select(material_offers.c.id).where(material_offers.c.order_id == order_id).limit(1)
    )
    return found is not None
