"""Pictures and logs of a case: taken by what they are, kept apart, and never shown as a page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from refunddesk.attachments import files
from refunddesk.attachments.content import NotTaken, read_content
from refunddesk.db import attachments
from refunddesk.db.attachments import Attachment
from refunddesk.db.history import record_deed
from refunddesk.mail.letter import one_line
from refunddesk.services.case_clock import settle_case
from refunddesk.services.cases import lock_case
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal

#: Of one file as it is sent, of one as it is kept, and of all files of one case.
MOST_BYTES = 4 * 1024 * 1024
_MOST_KEPT = 12 * 1024 * 1024
_MOST_OF_CASE = 40 * 1024 * 1024
_STRAY_AFTER = timedelta(hours=1)


class AttachmentNotTaken(Refusal):
    """The file is not of a kind that is taken, or it is damaged."""


class CaseFull(Refusal):
    """The files of the case would be more than it may have."""


class NoSuchAttachment(Refusal):
    """No attachment has this number."""


class AttachmentGone(Refusal):
    """The row is there, and its bytes are not."""


@dataclass(frozen=True, slots=True)
class Served:
    """An attachment with its bytes."""

    attachment: Attachment
    data: bytes


def attach(
    edges: Edges,
    case_id: int,
    name: str,
    data: bytes,
    *,
    by: str,
    received_at: datetime | None = None,
) -> Attachment:
    """Keep a picture or log with the case; the same bytes again are the same attachment.

    `received_at` dates what came by mail, for a report that was complete from then. Raises
    NoSuchCase, AttachmentNotTaken, CaseFull.
    """
    try:
        content = read_content(data)
    except NotTaken as refused:
        raise AttachmentNotTaken(f"Nothing was kept. {refused}") from None
    if len(content.data) > _MOST_KEPT:
        raise AttachmentNotTaken("Nothing was kept. This picture is too large: make it smaller.")
    now, sha = edges.clock(), hashlib.sha256(content.data).digest()
    kept_as = edges.random_bytes(20).hex()
    with edges.database.write() as transaction:
        case = lock_case(transaction, case_id)
        same = attachments.find_same(transaction, case_id, sha)
        if same:
            return same
        if attachments.total_size(transaction, case_id) + len(content.data) > _MOST_OF_CASE:
            raise CaseFull(
                f"The files of case {case_id} may have {_MOST_OF_CASE // 1024**2} MB together. "
                "This one was not kept."
            )
        # Before the row, and swept away if the row never comes: a row without bytes is worse.
        files.keep(folder_of(edges), kept_as, content.data)
        attachment = attachments.record_attachment(
            transaction,
            case_id,
            name=_name(name, content.extension),
            media_type=content.media_type,
            size=len(content.data),
            sha=sha,
            kept_as=kept_as,
            added_by=by,
            now=now,
        )
        record_deed(
            transaction,
            at=now,
            actor=by,
            action="case_attachment_added",
            subject=f"case:{case_id}",
            data={"attachment": attachment.id, "kind": content.media_type},
        )
        settle_case(edges, transaction, case, now, received_at=received_at)
    return attachment


def open_attachment(edges: Edges, attachment_id: int) -> Served:
    """Raises NoSuchAttachment, AttachmentGone."""
    with edges.database.read() as transaction:
        found = attachments.find_attachment(transaction, attachment_id)
    if found is None:
        raise NoSuchAttachment(f"There is no attachment {attachment_id}.")
    try:
        return Served(found, files.read(folder_of(edges), found.kept_as))
    except files.FileGone:
        raise AttachmentGone(
            f"The bytes of attachment {attachment_id} are not in the folder of attachments. Was "
            "it left out of a backup?"
        ) from None


def drop_strays(edges: Edges) -> None:
    """Remove files whose rows were never committed."""
    folder = folder_of(edges)
    if folder.is_dir():
        with edges.database.read() as transaction:
            known = attachments.list_kept(transaction)
        files.drop_strays(folder, known, edges.clock() - _STRAY_AFTER)


def folder_of(edges: Edges) -> Path:
    return edges.home / "attachments"


def _name(name: str, extension: str) -> str:
    """What people called the file, without a path, and with the ending of what it is."""
    stem = one_line(name.replace("\\", "/").rpartition("/")[2], 120).rpartition(".")
    plain = (stem[0] or stem[2]).strip(" .") or "file"
    return f"{plain}.{extension}"
