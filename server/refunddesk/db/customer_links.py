"""Links to the page of an order, used up by one visit; both are kept as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import Connection, delete, insert, select, update

from refunddesk.db.tables import customer_links, customer_visits
from refunddesk.policy.wording.catalogue import Language


class Purpose(StrEnum):
    """What whoever comes by a link may do: ask for a refund, or only see to the licences."""

    REFUND = "refund"
    LICENSES = "licenses"


@dataclass(frozen=True, slots=True)
class Link:
    id: int
    order_id: int
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who came by a link and is still here."""

    order_id: int
    purpose: Purpose
    language: Language


def record_link(
    transaction: Connection,
    order_id: int,
    purpose: Purpose,
    *,
    token_hash: bytes,
    made_by: str,
    at: datetime,
    expires_at: datetime,
) -> int:
    """The id of the new link."""
    new_id: int = transaction.execute(
        insert(customer_links)
        .values(
            order_id=order_id,
            purpose=purpose.value,
            token_hash=token_hash,
            made_by=made_by,
            made_at=at,
            expires_at=expires_at,
        )
        .returning(customer_links.c.id)
    ).scalar_one()
    return new_id


def use_link(transaction: Connection, token_hash: bytes, *, at: datetime) -> Link | None:
    """The link, used up by this; None for one unknown, over, or used before."""
    row = transaction.execute(
        update(customer_links)
        .where(
            customer_links.c.token_hash == token_hash,
            customer_links.c.used_at.is_(None),
            customer_links.c.expires_at > at,
        )
        .values(used_at=at)
        .returning(customer_links.c.id, customer_links.c.order_id, customer_links.c.purpose)
    ).one_or_none()
    return Link(row[0], row[1], Purpose(row[2])) if row else None


def record_visit(
    transaction: Connection,
    link_id: int,
    *,
    token_hash: bytes,
    language: Language,
    at: datetime,
    expires_at: datetime,
) -> None:
    transaction.execute(
        insert(customer_visits).values(
            token_hash=token_hash,
            link_id=link_id,
            language=language,
            began_at=at,
            expires_at=expires_at,
        )
    )


def find_visit(transaction: Connection, token_hash: bytes, *, at: datetime) -> Visit | None:
    """None for a visit unknown or over."""
    row = transaction.execute(
        select(customer_links.c.order_id, customer_links.c.purpose, customer_visits.c.language)
        .join(customer_links, customer_links.c.id == customer_visits.c.link_id)
        .where(customer_visits.c.token_hash == token_hash, customer_visits.c.expires_at > at)
    ).one_or_none()
    return Visit(row[0], Purpose(row[1]), cast(Language, row[2])) if row else None


def change_language(transaction: Connection, token_hash: bytes, language: Language) -> None:
    transaction.execute(
        update(customer_visits)
        .where(customer_visits.c.token_hash == token_hash)
        .values(language=language)
    )


def end_visit(transaction: Connection, token_hash: bytes) -> None:
    transaction.execute(delete(customer_visits).where(customer_visits.c.token_hash == token_hash))
