"""The store's own plugins, and each zip of theirs that was uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.compat.versions import compare, version_key
from refunddesk.db.tables import plugin_versions, plugins


@dataclass(frozen=True, slots=True)
class Plugin:
    """`slug` is its folder's name. `products` are what the store sells it as."""

    id: int
    slug: str
    name: str
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PluginVersion:
    """One zip. `uses_woocommerce` is None until it was read; `trouble` is why it could not be."""

    id: int
    plugin_id: int
    slug: str
    name: str
    version: str
    sha256: str
    size: int
    file_name: str
    uses_woocommerce: bool | None
    uploaded_at: datetime
    uploaded_by: str
    trouble: str | None

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def is_read(self) -> bool:
        return self.uses_woocommerce is not None


@dataclass(frozen=True, slots=True)
class NewVersion:
    plugin_id: int
    version: str
    sha256: str
    size: int
    file_name: str
    uploaded_by: str


def keep_plugin(
    transaction: Connection, slug: str, name: str, products: Sequence[str], now: datetime
) -> Plugin:
    """The plugin with this slug, made if need be; its name is the one of the newest upload.

    Products given are added to those it is known by.
    """
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    transaction.execute(
        upsert(plugins)
        .values(slug=slug, name=name, products=[], created_at=now)
        .on_conflict_do_update(index_elements=[plugins.c.slug], set_={"name": name})
    )
    plugin = _plugin(transaction.execute(select(plugins).where(plugins.c.slug == slug)).one())
    known = tuple(dict.fromkeys((*plugin.products, *products)))
    if known != plugin.products:
        transaction.execute(
            update(plugins).where(plugins.c.id == plugin.id).values(products=list(known))
        )
    return Plugin(plugin.id, slug, name, known)


def insert_version(transaction: Connection, new: NewVersion, now: datetime) -> int:
    """The id of the version just uploaded."""
    new_id: int = transaction.execute(
        insert(plugin_versions)
        .values(
            plugin_id=new.plugin_id,
            version=new.version,
            sha256=new.sha256,
            size=new.size,
            file_name=new.file_name,
            uploaded_by=new.uploaded_by,
            uploaded_at=now,
        )
        .returning(plugin_versions.c.id)
    ).scalar_one()
    return new_id


def record_facts(
    transaction: Connection,
    version_id: int,
    *,
    facts: bytes,
    facts_format: int,
    uses_woocommerce: bool,
) -> None:
    transaction.execute(
        update(plugin_versions)
        .where(plugin_versions.c.id == version_id)
        .values(
            facts=facts,
            facts_format=facts_format,
            uses_woocommerce=uses_woocommerce,
            trouble=None,
        )
    )


def record_trouble(transaction: Connection, version_id: int, trouble: str) -> None:
    transaction.execute(
        update(plugin_versions)
        .where(plugin_versions.c.id == version_id)
        .values(trouble=trouble[:500])
    )


def find_facts(transaction: Connection, version_id: int, facts_format: int) -> bytes | None:
    """The facts as `record_facts` kept them; None if there are none of this format."""
    return transaction.scalar(
        select(plugin_versions.c.facts).where(
            plugin_versions.c.id == version_id, plugin_versions.c.facts_format == facts_format
        )
    )


def find_version(transaction: Connection, version_id: int) -> PluginVersion | None:
    row = transaction.execute(_versions().where(plugin_versions.c.id == version_id)).one_or_none()
    return _version(row) if row else None


def list_hashes(transaction: Connection) -> set[str]:
    """The hashes of all zips that were taken in."""
    return set(transaction.scalars(select(plugin_versions.c.sha256)))


def find_by_hash(transaction: Connection, sha256: str) -> PluginVersion | None:
    row = transaction.execute(_versions().where(plugin_versions.c.sha256 == sha256)).one_or_none()
    return _version(row) if row else None


def list_plugins(transaction: Connection) -> list[Plugin]:
    return [_plugin(row) for row in transaction.execute(select(plugins).order_by(plugins.c.slug))]


def list_versions(transaction: Connection, plugin_id: int | None = None) -> list[PluginVersion]:
    """Of one plugin or of all, by slug; newest version first, of one version the last upload."""
    query = _versions()
    if plugin_id is not None:
        query = query.where(plugin_versions.c.plugin_id == plugin_id)
    found = [_version(row) for row in transaction.execute(query)]
    found.sort(key=lambda one: one.id, reverse=True)
    found.sort(key=lambda one: version_key(one.version), reverse=True)
    found.sort(key=lambda one: one.slug)
    return found


def list_current(transaction: Connection) -> list[PluginVersion]:
    """The current version of each plugin: what the vendor sells now."""
    current: dict[int, PluginVersion] = {}
    for one in list_versions(transaction):
        current.setdefault(one.plugin_id, one)
    return list(current.values())


def find_sold(transaction: Connection, product: str, version: str | None) -> PluginVersion | None:
    """The plugin sold as `product`: of that version, or the current one if none is named."""
    plugin = next(
        (one for one in list_plugins(transaction) if product in (one.slug, *one.products)), None
    )
    if plugin is None:
        return None
    versions = list_versions(transaction, plugin.id)
    if version:
        versions = [one for one in versions if compare(one.version, version) == 0]
    return versions[0] if versions else None


def has_plugins(transaction: Connection) -> bool:
    return transaction.scalar(select(plugins.c.id).limit(1)) is not None


def _versions() -> Select[Any]:
    kept = [c for c in plugin_versions.c if c.name not in ("facts", "facts_format")]
    return select(*kept, plugins.c.slug, plugins.c.name).join(plugins)


def _plugin(row: Row[Any]) -> Plugin:
    return Plugin(row.id, row.slug, row.name, tuple(row.products))


def _version(row: Row[Any]) -> PluginVersion:
    return PluginVersion(**row._mapping)
