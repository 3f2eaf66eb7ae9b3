"""The public page of a store's policy, as anybody may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from refunddesk.db import orders, stores
from refunddesk.policy.claim import Store
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.page import Publisher, page_content, page_html
from refunddesk.policy.version import NoSuchVersion, Policy, PolicyVersion
from refunddesk.policy.wording import Language
from refunddesk.services.edges import Edges
from refunddesk.services.policies import load_named_policy
from refunddesk.services.refusal import Refusal


class NoPolicyPage(Refusal):
    """There is no store with this number, or its policy has no such version."""


class PolicyUnreadable(Refusal):
    """The store's policy cannot be read just now, so nothing can be shown of it."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the page's links lead: itself in each language, and each version by its name."""

    languages: Mapping[Language, str]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """The page as HTML; `tag` names these very bytes."""

    html: str
    tag: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a page depends on; two with the same `key` are the same page."""

    key: str
    policy: Policy = field(compare=False)
    terms: PolicyVersion = field(compare=False)
    publisher: Publisher = field(compare=False)
    language: Language = field(compare=False)


def version_names(edges: Edges, store_id: int) -> list[str]:
    """The versions of the store's policy, oldest first. Raises NoPolicyPage, PolicyUnreadable."""
    return [version.version for version in _policy_of(edges, store_id)[0].versions]


def show_policy(
    edges: Edges, store_id: int, language: Language, version: str | None, addresses: Addresses
) -> PolicyPage:
    """The page of the version named, or of the one in force now.

    Raises NoPolicyPage, PolicyUnreadable.
    """
    policy, publisher = _policy_of(edges, store_id, addresses)
    try:
        terms = policy.get_version(version) if version else policy.version_for(edges.clock())
    except NoSuchVersion:
        raise NoPolicyPage("This policy has no such version.") from None
    key = repr((policy, terms.version, publisher, language))
    html = _rendered(_Wanted(key, policy, terms, publisher, language))
    return PolicyPage(html, sha256(html.encode()).hexdigest()[:32])


def _policy_of(
    edges: Edges, store_id: int, addresses: Addresses | None = None
) -> tuple[Policy, Publisher]:
    with edges.database.read() as transaction:
        try:
            store = stores.get_store(transaction, store_id)
        except stores.NoSuchStore:
            raise NoPolicyPage(f"There is no store {store_id}.") from None
        currency, decimals = orders.find_currency(transaction, store_id) or ("EUR", 2)
    try:
        policy = load_named_policy(edges, store.policy)
    except PolicyNotValid:
        # What is wrong with the document is for its owner, who is told by the doctor.
        raise PolicyUnreadable("The policy of this store cannot be shown just now.") from None
    facts = Store(timezone=store.timezone, country=store.country or None)
    links = addresses or Addresses({}, {})
    publisher = Publisher(facts, store.name, currency, decimals, links.languages, links.versions)
    return policy, publisher


# Judging the examples takes a fifth of a second: strangers must not have it done at will.
@lru_cache(maxsize=64)
def _rendered(wanted: _Wanted) -> str:
    return page_html(page_content(wanted.policy, wanted.terms, wanted.publisher, wanted.language))
