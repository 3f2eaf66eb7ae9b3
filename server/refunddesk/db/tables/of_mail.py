"""What we write to people, a row per notice and reader; and what mails came in from them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from refunddesk.db.tables.columns import Json, at, metadata, one_of, ref, row_id

notices = Table(
    "notices",
    metadata,
    row_id(),
    ref("store_id", "stores", nullable=True),  # null: about no store, such as a plugin's verdict
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False),  # "case:3", "refund:7": where the history tells of it
    # What this notice tells, said once to each reader: a second row is not written.
    Column("reference", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("state", Text, nullable=False),
    at("written_at"),
    at("settled_at", nullable=True),
    Column("because", Text),  # why it was refused, or not sent, or did not arrive
    at("undelivered_at", nullable=True),  # when a server reported that it did not arrive
    at("texts_gone_at", nullable=True),  # when address and facts were removed
    one_of("state", "due", "sent", "refused", "not_sent"),
    UniqueConstraint("reference", "recipient"),
)
Index("ix_notices_about", notices.c.about)
Index("ix_notices_recipient", notices.c.recipient)
Index(
    "ix_notices_with_texts",
    notices.c.written_at,
    sqlite_where=text("texts_gone_at IS NULL"),
    postgresql_where=text("texts_gone_at IS NULL"),
)

# One mail that came in. What it says is read by a job; of what was read as much as people need.
arrivals = Table(
    "arrivals",
    metadata,
    row_id(),
    Column("sha", LargeBinary, nullable=False, unique=True),  # the same bytes come in once
    Column("came_by", Text, nullable=False),
    Column("size", Integer, nullable=False),
    at("arrived_at", nullable=True),  # when the mailbox got it, by its own server
    at("kept_at"),
    Column("state", Text, nullable=False),
    Column("because", Text),
    Column("message_id", Text),
    Column("sender", Text, nullable=False, server_default=text("''")),
    Column("subject", Text, nullable=False, server_default=text("''")),
    Column("words", Text, nullable=False, server_default=text("''")),
    Column("files", Json, nullable=False, server_default=text("'[]'")),  # [[name, why left out]]
    at("received_at", nullable=True),  # by our mail server's word; else as arrived or kept
    Column("from_account", Boolean, nullable=False, server_default=text("false")),
    ref("order_id", "orders", nullable=True),
    ref("case_id", "cases", nullable=True),
    ref("turn_id", "turns", nullable=True),
    ref("request_id", "refund_requests", nullable=True),
    ref("notice_id", "notices", nullable=True),  # the one that did not arrive
    at("settled_at", nullable=True),
    Column("settled_by", Text),
    at("dropped_at", nullable=True),  # when all but its numbers was removed
    # The last column: SQLite walks through every page of it to reach one behind.
    Column("raw", LargeBinary),  # null: too large to be taken, or its time is over
    one_of("came_by", "imap", "http"),
    # kept: to be read. landed: a turn of its case. waiting: for a person. handled: by one.
    # ignored: no person wrote it, or it came before.
    one_of("state", "kept", "landed", "waiting", "handled", "ignored"),
)
Index("ix_arrivals_message_id", arrivals.c.message_id)
Index("ix_arrivals_case_id_kept_at", arrivals.c.case_id, arrivals.c.kept_at)
Index("ix_arrivals_order_id", arrivals.c.order_id)
Index("ix_arrivals_sender", arrivals.c.sender)
Index(
    "ix_arrivals_waiting",
    arrivals.c.id,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)
Index(
    "ix_arrivals_held",
    arrivals.c.kept_at,
    sqlite_where=text("dropped_at IS NULL"),
    postgresql_where=text("dropped_at IS NULL"),
)

# How far a mailbox was read: `uid` is the highest number kept, of those under `validity`.
mailbox_marks = Table(
    "mailbox_marks",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    at("begun_at"),  # what lay there before is not read
    at("read_at"),
)
