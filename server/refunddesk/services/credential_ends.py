"""Ends what customers handed over: shown to nobody from then on, its key destroyed, both told."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import cases, credentials, orders, outbox
from refunddesk.db.cases import Case
from refunddesk.db.credentials import Because, Credential, CredentialState
from refunddesk.db.history import record_deed
from refunddesk.jobnames import JobName
from refunddesk.mail.notices import NoticeKind
from refunddesk.policy.decision import instant_text
from refunddesk.services.edges import Edges
from refunddesk.services.notices import tell_customer
from refunddesk.vault import Vault

_ACTOR = "vault"
_STRAY_AFTER = timedelta(hours=1)


def vault_of(edges: Edges) -> Vault:
    return Vault(edges.vault or edges.home / "vault", edges.sealer, edges.random_bytes)


def end_all(transaction: Connection, case: Case, now: datetime) -> None:
    """Support has ended its work: nothing that was given for the case outlives that."""
    for credential in credentials.list_of_case(transaction, case.id):
        end(transaction, credential, Because.CASE_ENDED, by=_ACTOR, now=now)


def end(
    transaction: Connection, credential: Credential, because: Because, *, by: str, now: datetime
) -> bool:
    """Show it to nobody once this is committed, and promise that its key is destroyed.

    What was asked for and not given is withdrawn. False where it had ended before.
    """
    if credential.state is CredentialState.ASKED:
        action = "credential_withdrawn"
        moved = credentials.record_withdrawn(transaction, credential.id, because, by=by, now=now)
    else:
        action = "credential_ended"
        moved = credentials.record_ending(transaction, credential.id, because, by=by, now=now)
        if moved:
            promise_destruction(transaction, credential.id, at=now)
    if moved:
        tell(transaction, credential, now, by, action, because=because.value)
    return moved


def promise_destruction(transaction: Connection, credential_id: int, *, at: datetime) -> None:
    outbox.promise(transaction, JobName.DESTROY_CREDENTIAL, credential_id, due_at=at)


def destroy(edges: Edges, credential_id: int) -> datetime | None:
    """Destroy its key if it has ended or its time is over; when to come back where neither is so.

    Killed at any point and begun again it comes to the same: it is said to be destroyed only after
    its key was gone from the disk. Raises VaultAway, OSError; it is shown to nobody all the same.
    """
    with edges.database.write() as transaction:
        credential = _lock(transaction, credential_id)
        now = edges.clock()
        if credential and credential.state is CredentialState.GIVEN:
            if not credential.is_over(now):
                return credential.destroy_at
            end(transaction, credential, Because.TIME_OVER, by=_ACTOR, now=now)
        elif not credential or credential.state is not CredentialState.ENDING:
            return None
    assert credential.key_name
    vault_of(edges).destroy(credential.key_name)
    with edges.database.write() as transaction:
        ended, now = _lock(transaction, credential_id), edges.clock()
        if ended and credentials.record_destroyed(transaction, credential_id, now=now):
            _tell_destroyed(transaction, ended, now)
    return None


def keep_vault(edges: Edges) -> None:
    """Destroy what is due, should no worker have done so, and the keys that no row knows.

    One that cannot be destroyed holds up no other. Raises VaultAway, OSError, at the end.
    """
    now, failed = edges.clock(), []
    with edges.database.read() as transaction:
        due = credentials.list_to_destroy(transaction, now)
    for credential_id in due:
        try:
            destroy(edges, credential_id)
        except OSError as error:
            failed.append(error)
    with edges.database.read() as transaction:
        known = {one.key_name or "" for one in credentials.list_alive(transaction)}
    vault_of(edges).destroy_strays(known, now - _STRAY_AFTER)
    if failed:
        raise failed[0]


def tell(
    transaction: Connection,
    credential: Credential,
    now: datetime,
    by: str,
    action: str,
    **data: object,
) -> None:
    """A line of the audit log; never with what was given, nor with anybody's words."""
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=action,
        subject=f"case:{credential.case_id}",
        data={"credential": credential.id, **data},
    )


def _lock(transaction: Connection, credential_id: int) -> Credential | None:
    """As it is once its order is locked, as for every change of a case."""
    credential = credentials.find_credential(transaction, credential_id)
    case = cases.find_case(transaction, credential.case_id) if credential else None
    if case is None:
        return None
    orders.lock_order(transaction, case.order_id)
    return credentials.find_credential(transaction, credential_id)


def _tell_destroyed(transaction: Connection, ended: Credential, now: datetime) -> None:
    tell(transaction, ended, now, _ACTOR, "credential_destroyed")
    case = cases.find_case(transaction, ended.case_id)
    assert case
    assert ended.because
    tell_customer(
        transaction,
        NoticeKind.CREDENTIAL_DESTROYED,
        orders.get_order(transaction, case.order_id),
        about=f"case:{case.id}",
        reference=f"credential_destroyed:{ended.id}",
        facts={"case": case.id, "because": ended.because.value, "at": instant_text(now)},
        now=now,
    )
