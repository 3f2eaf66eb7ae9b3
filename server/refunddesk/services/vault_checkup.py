"""Looks whether the vault lies where no backup takes it, its owner's alone, with all its keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from refunddesk.db import copies, credentials
from refunddesk.db.credentials import CredentialState
from refunddesk.sealing import SealBroken
from refunddesk.services.credential_ends import vault_of
from refunddesk.services.edges import Edges
from refunddesk.services.observation import Grade, Observation
from refunddesk.vault import KeyGone

#: The dispatcher destroys what is due every five minutes.
_DESTROYED_WITHIN = timedelta(minutes=15)
_PART = "vault"
_KEYS = "vault keys"


def look_at_vault(edges: Edges) -> Iterator[Observation]:
    """Where the folder of keys is, and who may read it."""
    vault, well = vault_of(edges), True
    for place in _backed_up(edges):
        if vault.folder.resolve().is_relative_to(place.resolve()):
            well = False
            yield Observation(
                _PART,
                Grade.BAD,
                f"The keys lie in {vault.folder}, which is copied into backups with {place}: what "
                "is destroyed there stays readable in them.",
                "Move the folder, set REFUNDDESK_VAULT to where it is, and remove older backups.",
            )
    for path in vault.list_open_to_others():
        well = False
        yield Observation(
            _PART,
            Grade.BAD,
            f"Others on this machine may read or change {path}.",
            f"chmod {'700' if path.is_dir() else '600'} {path}",
        )
    if well:
        says = f"Keys lie in {vault.folder}. `refunddesk backup` leaves it out; so must any other."
        yield Observation(_PART, Grade.OK, says)


def look_at_keys(edges: Edges) -> Observation:
    """Is what should open there, and what should be gone gone?"""
    vault, now = vault_of(edges), edges.clock()
    with edges.database.read() as transaction:
        alive = credentials.list_alive(transaction)
    gone, shut, late = 0, 0, 0
    for one in alive:
        due_at = one.ended_at or one.destroy_at
        late += due_at is not None and now - due_at > _DESTROYED_WITHIN
        try:
            vault.check(one.key_name or "")
        except KeyGone:
            gone += one.state is CredentialState.GIVEN
        except (SealBroken, OSError):
            shut += one.state is CredentialState.GIVEN
    if late:
        says = f"{late} credentials of customers should be destroyed, and their keys are not."
        mend = "Start `refunddesk schedule`; its log says why if it runs."
        return Observation(_KEYS, Grade.BAD, says, mend)
    if shut:
        says = f"{shut} credentials of customers do not open with REFUNDDESK_SEALING_KEYS."
        return Observation(_KEYS, Grade.BAD, says, "Put the former key behind the new one.")
    if gone:
        says = (
            f"{gone} credentials of customers have no key in {vault.folder} and count as destroyed."
        )
        mend = (
            "After a restore from a backup that is as it should be. Else mount the folder, or ask "
            "the customers anew."
        )
        return Observation(_KEYS, Grade.WARN, says, mend)
    return Observation(_KEYS, Grade.OK, f"{len(alive)} credentials of customers are held.")


def _backed_up(edges: Edges) -> Iterator[Path]:
    """The folders that a backup copies whole, and that of the database's file."""
    yield edges.home / "attachments"
    yield edges.home / "compat"
    live = copies.file_of(edges.database)
    if live is not None and vault_of(edges).folder.resolve() == live.parent.resolve():
        yield live.parent
