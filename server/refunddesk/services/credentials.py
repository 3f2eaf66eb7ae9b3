"""Access to a customer's site: asked for, given on a page, shown to staff with a reason, destroyed.

The database holds sealed bytes alone. What opens them is in the vault, and goes when the case ends,
when its time is over, or when either side says so (S-1.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from refunddesk.access import Access
from refunddesk.casework import Turn, TurnKind
from refunddesk.db import credentials, orders, stores
from refunddesk.db.cases import Case
from refunddesk.db.credentials import Because, Credential, CredentialState, Reveal
from refunddesk.db.customer_links import Purpose
from refunddesk.mail.notices import NoticeKind
from refunddesk.policy.decision import instant_text
from refunddesk.sealing import SealBroken
from refunddesk.services import credential_ends as ends
from refunddesk.services.case_turns import CUSTOMER, CaseEnded, add_turn, check_seen
from refunddesk.services.cases import lock_case
from refunddesk.services.customer_links import LINK_TIME, link_facts
from refunddesk.services.edges import Edges
from refunddesk.services.notices import SUPPORT, tell_customer, tell_staff
from refunddesk.services.reasons import written_reason
from refunddesk.services.refusal import Refusal
from refunddesk.vault import KeyGone
from refunddesk.worktime import ONE_SECOND, end_of_day, local_date, zone


class NoSuchCredential(Refusal):
    """The case, or the order, has no credential of this number."""


class AccessAskedAlready(Refusal):
    """The customer was asked, and has not given it yet."""


class AccessNotTaken(Refusal):
    """A field of what the customer gives is not as it can be taken; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(f"Nothing was kept: {field} is missing, too long, or not what it says.")
        self.field = field


class AccessGivenAlready(Refusal):
    """It was given before, or is not wanted any more."""


class CredentialNotThere(Refusal):
    """It was never given, or has ended: there is nothing to show, and nothing to destroy."""


class CredentialKeyGone(Refusal):
    """The row is there, and the key that opens it is not."""


class CredentialNotOpened(Refusal):
    """The key is there, and does not open with what is sealed and the desk's own keys."""


class VaultNotWritable(Refusal):
    """The vault takes no key, so nothing can be kept safely."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential as both sides see it, without what was given.

    `standing` is its state in words for people: "over" where its time has run out and its key is
    about to be destroyed, "keyless" where its key is gone although its row says that it was given,
    as in a database restored from an old backup.
    """

    credential: Credential
    standing: str
    reveals: tuple[Reveal, ...]

    @property
    def is_open(self) -> bool:
        return self.standing == "given"


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the customer gave, for one person to see once."""

    credential: Credential
    access: Access


def ask_access(
    edges: Edges, case_id: int, words: str, *, by: str, seen: int | None = None
) -> Credential:
    """Ask the customer for access; a notice brings the link. Our clock stops until they answer.

    `words` say what is needed and what for, and `seen` is the last turn that the asker knew of.
    Raises NoSuchCase, CaseMovedOn, CaseEnded, AccessAskedAlready, ReasonMissing, ReasonTooLong.
    """
    words = written_reason(words, "Nothing was asked for.")
    now = edges.clock()
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        check_seen(transaction, case, seen)
        if case.facts.ended_at is not None:
            raise CaseEnded(
                f"Support ended its work on case {case_id} already. Nothing was asked for: take "
                "it up again first."
            )
        turn = Turn(now, TurnKind.ACCESS_ASKED)
        case, turn_id = add_turn(edges, transaction, case, turn, words, by, by, now)
        try:
            with transaction.begin_nested():
                credential_id = credentials.record_asking(
                    transaction, case_id, turn_id, by=by, now=now
                )
        except IntegrityError:
            raise AccessAskedAlready(
                f"The customer of case {case_id} was asked already. Nothing was asked again: wait "
                "for it, or withdraw that first."
            ) from None
        _tell_asked(edges, transaction, case, credential_id, words, now)
        return _get(transaction, credential_id)


def withdraw_asking(edges: Edges, case_id: int, credential_id: int, *, by: str) -> None:
    """Want it no more; our clock goes on.

    Raises NoSuchCase, NoSuchCredential, CredentialNotThere.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        case, credential = _lock(transaction, case_id, credential_id)
        if credential.state is not CredentialState.ASKED:
            raise CredentialNotThere(
                f"Credential {credential_id} is {credential.state}. Nothing was withdrawn."
            )
        ends.end(transaction, credential, Because.SUPPORT, by=by, now=now)
        add_turn(edges, transaction, case, Turn(now, TurnKind.ACCESS_WITHDRAWN), "", by, by, now)


def give_access(edges: Edges, order_id: int, credential_id: int, access: Access) -> None:
    """Seal what the customer gives, under a key of its own.

    The key is in the vault before the row says so, and is swept away if the row never comes.
    Raises NoSuchCredential, AccessGivenAlready, AccessNotTaken, VaultNotWritable.
    """
    with edges.database.write() as transaction:
        credential = _lock_own(transaction, order_id, credential_id)
        if credential.state is not CredentialState.ASKED:
            raise AccessGivenAlready(
                f"Credential {credential_id} is {credential.state}. What was given now was not "
                "kept."
            )
        now = edges.clock()
        destroy_at = _end_of(edges, transaction, order_id, access, now)
        try:
            key_name, sealed = ends.vault_of(edges).seal(access.to_text(), _about(credential_id))
        except OSError as error:
            raise VaultNotWritable(
                f"The vault takes nothing ({error.strerror}). Nothing was kept."
            ) from None
        credentials.record_given(
            transaction,
            credential_id,
            key_name=key_name,
            sealed=sealed,
            now=now,
            destroy_at=destroy_at,
        )
        ends.promise_destruction(transaction, credential_id, at=destroy_at)
        _take_down_given(edges, transaction, credential, order_id, now)


def reveal(edges: Edges, case_id: int, credential_id: int, because: str, *, by: str) -> Revealed:
    """Show it to one of the staff: on record, and told to the customer, before anybody sees it.

    Raises NoSuchCase, NoSuchCredential, ReasonMissing, ReasonTooLong, CredentialNotThere,
    CredentialKeyGone, CredentialNotOpened.
    """
    because = written_reason(because, "Nothing was shown.")
    with edges.database.write() as transaction:
        case, credential = _lock(transaction, case_id, credential_id)
        # Not before the lock: whoever waited for it must not be shown what ended meanwhile.
        now = edges.clock()
        if not credential.is_over(now) or credential.state is not CredentialState.GIVEN:
            revealed = Revealed(credential, _opened(edges, credential))
            _record_reveal(transaction, case, credential, because, by, now)
            return revealed
        ends.end(transaction, credential, Because.TIME_OVER, by=by, now=now)
    raise CredentialNotThere(
        f"The time of credential {credential_id} is over, and it is being destroyed. Nothing was "
        "shown: ask the customer anew if it is still needed."
    )


def end_by_staff(edges: Edges, case_id: int, credential_id: int, *, by: str) -> None:
    """Have it destroyed early. Raises NoSuchCase, NoSuchCredential, CredentialNotThere."""
    with edges.database.write() as transaction:
        _, credential = _lock(transaction, case_id, credential_id)
        _check_given(credential)
        ends.end(transaction, credential, Because.SUPPORT, by=by, now=edges.clock())


def end_by_customer(edges: Edges, order_id: int, credential_id: int) -> None:
    """Have it destroyed by whoever gave it. Raises NoSuchCredential, CredentialNotThere."""
    with edges.database.write() as transaction:
        credential = _lock_own(transaction, order_id, credential_id)
        _check_given(credential)
        by = _actor(order_id)
        ends.end(transaction, credential, Because.CUSTOMER, by=by, now=edges.clock())


def show_of_case(edges: Edges, transaction: Connection, case_id: int) -> tuple[Shown, ...]:
    return _shown(edges, transaction, credentials.list_of_case(transaction, case_id))


def show_of_order(edges: Edges, order_id: int) -> tuple[Shown, ...]:
    with edges.database.read() as transaction:
        return _shown(edges, transaction, credentials.list_of_order(transaction, order_id))


def _shown(edges: Edges, transaction: Connection, found: Sequence[Credential]) -> tuple[Shown, ...]:
    if not found:
        return ()
    told = credentials.list_reveals(transaction, [one.id for one in found])
    return tuple(
        Shown(
            one, _standing(edges, one), tuple(each for each in told if each.credential_id == one.id)
        )
        for one in found
    )


def _standing(edges: Edges, credential: Credential) -> str:
    if credential.state is not CredentialState.GIVEN:
        return credential.state.value
    if credential.is_over(edges.clock()):
        return "over"
    assert credential.key_name
    return "given" if ends.vault_of(edges).has(credential.key_name) else "keyless"


def _opened(edges: Edges, credential: Credential) -> Access:
    _check_given(credential)
    assert credential.key_name
    assert credential.sealed
    try:
        text = ends.vault_of(edges).open(
            credential.key_name, credential.sealed, _about(credential.id)
        )
    except KeyGone:
        raise CredentialKeyGone(
            f"The key of credential {credential.id} is not in the vault: it was destroyed, or the "
            "folder was lost. Nothing was shown: ask the customer anew if it is still needed."
        ) from None
    except (SealBroken, OSError) as error:
        raise CredentialNotOpened(f"Credential {credential.id} was not shown. {error}") from None
    return Access.from_text(text)


def _record_reveal(
    transaction: Connection,
    case: Case,
    credential: Credential,
    because: str,
    by: str,
    now: datetime,
) -> None:
    reveal_id = credentials.record_reveal(transaction, credential.id, because, by=by, now=now)
    ends.tell(transaction, credential, now, by, "credential_revealed", reveal=reveal_id)
    tell_customer(
        transaction,
        NoticeKind.CREDENTIAL_REVEALED,
        orders.get_order(transaction, case.order_id),
        about=f"case:{case.id}",
        reference=f"credential_revealed:{reveal_id}",
        facts={"case": case.id, "text": because, "at": instant_text(now)},
        now=now,
    )


def _take_down_given(
    edges: Edges, transaction: Connection, credential: Credential, order_id: int, now: datetime
) -> None:
    case, by = lock_case(transaction, credential.case_id), _actor(order_id)
    turn = Turn(now, TurnKind.ACCESS_GIVEN)
    add_turn(edges, transaction, case, turn, "", CUSTOMER, by, now)
    ends.tell(transaction, credential, now, by, "credential_given")
    tell_staff(
        transaction,
        "access_given",
        case.store_id,
        about=f"case:{case.id}",
        reference=f"staff:credential:{credential.id}",
        path=f"/desk/cases/{case.id}",
        to=SUPPORT,
        now=now,
    )


def _end_of(
    edges: Edges, transaction: Connection, order_id: int, access: Access, now: datetime
) -> datetime:
    """The first instant after its time: the desk's limit, or the end of the customer's own.

    Raises AccessNotTaken.
    """
    order = orders.get_order(transaction, order_id)
    tz = zone(stores.get_store(transaction, order.store_id).timezone)
    fault = access.find_fault(local_date(now, tz))
    if fault:
        raise AccessNotTaken(fault)
    limit = now + edges.credential_life
    # A day far ahead is in no calendar, and beyond the limit in any zone.
    if access.expires_on is None or access.expires_on > local_date(limit, tz):
        return limit
    return min(limit, end_of_day(access.expires_on, tz) + ONE_SECOND)


def _tell_asked(
    edges: Edges,
    transaction: Connection,
    case: Case,
    credential_id: int,
    words: str,
    now: datetime,
) -> None:
    order = orders.get_order(transaction, case.order_id)
    tell_customer(
        transaction,
        NoticeKind.CREDENTIAL_ASKED,
        order,
        about=f"case:{case.id}",
        reference=f"credential_asked:{credential_id}",
        facts={
            "case": case.id,
            "text": words,
            "days": edges.credential_life.days,
            "hours": LINK_TIME // timedelta(hours=1),
            **link_facts(order, Purpose.REFUND, page="credentials"),
        },
        now=now,
    )


def _lock(transaction: Connection, case_id: int, credential_id: int) -> tuple[Case, Credential]:
    """Raises NoSuchCase, NoSuchCredential: also for one of another case."""
    case = lock_case(transaction, case_id)
    credential = credentials.find_credential(transaction, credential_id)
    if credential is None or credential.case_id != case_id:
        raise NoSuchCredential(f"Case {case_id} has no credential {credential_id}.")
    return case, credential


def _lock_own(transaction: Connection, order_id: int, credential_id: int) -> Credential:
    """Raises NoSuchCredential: also for one of another order."""
    orders.lock_order(transaction, order_id)
    credential = credentials.find_of_order(transaction, order_id, credential_id)
    if credential is None:
        raise NoSuchCredential("There is no such request for access. Nothing was done.")
    return credential


def _check_given(credential: Credential) -> None:
    if credential.state is not CredentialState.GIVEN:
        raise CredentialNotThere(
            f"Credential {credential.id} is {credential.state}. Nothing was shown or changed."
        )


def _get(transaction: Connection, credential_id: int) -> Credential:
    found = credentials.find_credential(transaction, credential_id)
    assert found
    return found


def _about(credential_id: int) -> str:
    return f"credential:{credential_id}"


def _actor(order_id: int) -> str:
    return f"order:{order_id}"
