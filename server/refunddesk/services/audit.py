"""The audit log's anchor outside the database, and its verification against it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from refunddesk.db import history
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal


class AnchorUnreadable(Refusal):
    """The file of kept heads holds a line that nobody of ours wrote."""


def anchor_file(edges: Edges) -> Path:
    return edges.home / "audit-heads.jsonl"


def keep_head(edges: Edges) -> bool:
    """Append the log's present head to the anchor file, durably; False if it has not moved.

    Whoever rewrites the log or cuts off its tail would have to rewrite this file too: copy it to
    another machine, or mail it, and they cannot.
    """
    with edges.database.read() as transaction:
        head = history.find_head(transaction)
    if head is None or head in list(kept_heads(edges)):
        return False
    line = json.dumps({**asdict(head), "kept_at": edges.clock().isoformat()}, sort_keys=True)
    with anchor_file(edges).open("a", encoding="ascii") as anchors:
        anchors.write(line + "\n")
        anchors.flush()
        os.fsync(anchors.fileno())
    return True


def begin_anew(edges: Edges, up_to: int) -> None:
    """After a restore: forget the heads above line `up_to`, and keep the present one.

    The file as it was stays beside the new one: it proves what the restore lost.
    """
    place = anchor_file(edges)
    heads = list(kept_heads(edges))
    still = [head for head in heads if head.seq <= up_to]
    if still != heads:
        aside = place.with_name(f"{place.name}.before-{edges.clock():%Y%m%dT%H%M%SZ}")
        lines = place.read_text(encoding="ascii").splitlines(keepends=True)[: len(still)]
        waiting = place.with_name(f"{place.name}.part")
        with waiting.open("w", encoding="ascii") as anchors:
            anchors.writelines(lines)
            anchors.flush()
            os.fsync(anchors.fileno())
        os.link(place, aside)
        os.replace(waiting, place)
    keep_head(edges)


def kept_heads(edges: Edges) -> Iterator[history.Head]:
    """The heads kept so far, oldest first. Raises AnchorUnreadable naming the line."""
    try:
        lines = anchor_file(edges).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, start=1):
        try:
            kept = json.loads(line)
            yield history.Head(int(kept["seq"]), str(kept["hash"]))
        except (ValueError, TypeError, KeyError):
            raise AnchorUnreadable(
                f"Line {number} of {anchor_file(edges)} is not a kept head of the audit log. "
                "Nothing was changed: compare the file with your copy of it."
            ) from None


def verify(edges: Edges) -> int:
    """The number of lines of the audit log, every one checked against the chain and the anchor.

    Raises history.HistoryBroken naming the first bad line, or AnchorUnreadable.
    """
    heads = list(kept_heads(edges))
    with edges.database.read() as transaction:
        return history.verify(transaction, heads)
