"""Makes the one-time codes by which a store connects itself, and knows them again."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from refunddesk.db import connect_codes, stores
from refunddesk.db.connect_codes import ConnectCode
from refunddesk.db.history import record_deed
from refunddesk.policy.document import PolicyNotValid
from refunddesk.services.edges import Edges
from refunddesk.services.policies import load_named_policy
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import NoSuchStore, StoreNotValid, random_text
from refunddesk.woocommerce.access import StoreAccess, StoreAccessUnusable, usable_address

#: Long enough to change to the store's window and sign in there, and no longer.
CODE_TIME = timedelta(minutes=30)
# No 0, 1, 8 or 9, which are taken for letters. 25 of these are 125 bits.
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_NAME_LENGTH = 8
_SECRET_LENGTH = 25
_NAME = re.compile(f"[{_LETTERS}]{{{_NAME_LENGTH}}}")


class CodeNotKnown(Refusal):
    """No code has this name, or the call was not signed by who has the code."""


class CodeExpired(Refusal):
    """The code's time is over."""


class CodeUsed(Refusal):
    """Another installation has used the code."""


class CodeForAnotherStore(Refusal):
    """The code was made for a store at another address."""


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A new code, told this once. `store_url` is where its store is, if that was said."""

    text: str = field(repr=False)
    expires_at: datetime
    store_url: str | None


def make_code(
    edges: Edges,
    *,
    by: str,
    policy: str | None = None,
    store_id: int | None = None,
    store_url: str | None = None,
) -> MadeCode:
    """A code for a new store under `policy`, or for the store `store_id` to join again.

    A store that joins again may have moved: so its address is not asked for. `by` is the actor,
    such as "staff:3". Raises StoreNotValid or NoSuchStore.
    """
    url = _checked_url(store_url) if store_url and store_url.strip() else None
    if store_id is None:
        _check_policy(edges, policy)
    now = edges.clock()
    name, secret = (
        random_text(edges, _LETTERS, length) for length in (_NAME_LENGTH, _SECRET_LENGTH)
    )
    with edges.database.write() as transaction:
        if store_id is not None:
            try:
                url = url or stores.get_store(transaction, store_id).url
            except stores.NoSuchStore:
                raise NoSuchStore(f"There is no store {store_id}. No code was made.") from None
        code_id = connect_codes.insert_connect_code(
            transaction,
            name=name,
            key_sealed=edges.sealer.seal(_key_of(name + secret).hex()),
            store_id=store_id,
            store_url=url if store_id is None else None,
            policy=policy if store_id is None else None,
            made_by=by,
            now=now,
            expires_at=now + CODE_TIME,
        )
        record_deed(
            transaction,
            at=now,
            actor=by,
            action="connect_code_made",
            subject=f"connect_code:{code_id}",
            data={"store": store_id, "policy": policy} if store_id else {"policy": policy},
        )
    return MadeCode(_grouped(name + secret), now + CODE_TIME, url)


def link_to_store(made: MadeCode, base_url: str) -> str | None:
    """Where the owner finds the form with everything filled in; None if no address was said.

    Behind the #, so that the code stays in the browser: no server sees it, and no log.
    """
    if made.store_url is None:
        return None
    filled_in = urlencode({"server": base_url, "code": made.text})
    return f"{made.store_url}/wp-admin/admin.php?page=refund-desk#{filled_in}"


def get_code(edges: Edges, name: str) -> ConnectCode:
    """Raises CodeNotKnown."""
    if _NAME.fullmatch(name):
        with edges.database.read() as transaction:
            found = connect_codes.find_connect_code(transaction, name)
        if found is not None:
            return found
    raise CodeNotKnown("This code is not known here. Nothing was changed: make a new one.")


def open_key(edges: Edges, code: ConnectCode) -> bytes:
    """What calls are signed with by who has the code."""
    return bytes.fromhex(edges.sealer.open(code.key_sealed))


def check_usable(code: ConnectCode, now: datetime, *, used_by: str | None = None) -> None:
    """Raises CodeExpired or CodeUsed.

    The installation that used a code may do so again: the answer to its call may have been lost.
    """
    if now >= code.expires_at:
        raise CodeExpired("This code's time is over. Nothing was changed: make a new one.")
    if code.used_by is not None and code.used_by != used_by:
        raise CodeUsed("This code was used before. Nothing was changed: make a new one.")


def _key_of(code: str) -> bytes:
    """A hash of the whole code: what is kept of it, and what both sides sign with."""
    return hashlib.sha256(f"refund-desk code\n{code}".encode()).digest()


def _grouped(code: str) -> str:
    """The code as a person sees it: its name, then fives with hyphens between."""
    name, secret = code[:_NAME_LENGTH], code[_NAME_LENGTH:]
    return "-".join([name, *(secret[at : at + 5] for at in range(0, len(secret), 5))])


def _checked_url(url: str) -> str:
    url = url.strip()
    with_scheme = url if "://" in url else f"https://{url}"
    try:
        return usable_address(StoreAccess(with_scheme, "ck", "cs", allow_private=True))
    except StoreAccessUnusable as error:
        raise StoreNotValid(f"{error} No code was made.") from None


def _check_policy(edges: Edges, name: str | None) -> None:
    try:
        load_named_policy(edges, name or "")
    except PolicyNotValid as error:
        raise StoreNotValid(f"The policy cannot be used: {error} No code was made.") from None
