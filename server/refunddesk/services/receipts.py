"""Receipts for sites switched off: signed, kept in the audit log, and checked by anybody.

The log holds a hash of the site's name, not the name: it may be a person's, and the log stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from refunddesk.db import history, licenses
from refunddesk.db.history import record_deed
from refunddesk.db.licenses import Activation, License
from refunddesk.policy.decision import instant_text
from refunddesk.sealing import Sealer
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal

ACTION = "site_switched_off"


class NoSuchActivation(Refusal):
    """No activation has this id."""


class NoReceipt(Refusal):
    """The site is not switched off, or was before receipts were made."""


class ReceiptBroken(Refusal):
    """A receipt is not what was once signed."""


def record_off(
    transaction: Connection,
    sealer: Sealer,
    license: License,
    activation: Activation,
    *,
    now: datetime,
    by: str,
    **also: Any,
) -> None:
    """Write the signed receipt for the activation's end into the audit log."""
    receipt = {
        "activation": activation.id,
        "by": by,
        "license": license.id,
        "off_at": instant_text(now),
        "on_at": instant_text(activation.activated_at),
        "order": license.order_id,
        "site_sha256": _site_hash(activation.site),
        "store": license.store_id,
    }
    public_key, signature = sealer.sign(_canonical(receipt))
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=ACTION,
        subject=f"license:{license.id}",
        data={
            "activation": activation.id,
            "receipt": receipt,
            "public_key": public_key,
            "signature": signature,
            **also,
        },
    )


def show_receipt(edges: Edges, activation_id: int) -> dict[str, Any]:
    """The receipt for one site, with the site's name. Raises NoSuchActivation, NoReceipt."""
    with edges.database.read() as transaction:
        activation = licenses.find_activation(transaction, activation_id)
        if activation is None:
            raise no_such_activation(activation_id)
        deeds = history.list_deeds(transaction, f"license:{activation.license_id}")
    for deed in deeds:
        if deed.action == ACTION and "receipt" in deed.data:
            signed = {name: deed.data[name] for name in ("receipt", "public_key", "signature")}
            if signed["receipt"]["activation"] == activation_id:
                return {"site": activation.site, **signed}
    raise NoReceipt(f"There is no receipt for activation {activation_id}: it was not switched off.")


def check_receipt(edges: Edges, shown: Mapping[str, Any]) -> None:
    """Raises ReceiptBroken unless `shown` is a receipt of ours, as `show_receipt` gives it."""
    try:
        receipt, site = shown["receipt"], shown["site"]
        is_ours = edges.sealer.has_signed(
            _canonical(receipt), shown["public_key"], shown["signature"]
        )
        names_site = receipt["site_sha256"] == _site_hash(site)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ReceiptBroken("This is no receipt for a site switched off.") from None
    if not is_ours:
        raise ReceiptBroken("The receipt was not signed by this desk, or was changed since.")
    if not names_site:
        raise ReceiptBroken(f"The receipt is good, but for another site than {site}.")


def verify_receipts(edges: Edges) -> int:
    """The number of receipts in the audit log, each checked. Raises ReceiptBroken for the first."""
    checked = 0
    with edges.database.read() as transaction:
        for seq, deed in history.list_deeds_of(transaction, ACTION):
            data = deed.data
            if "receipt" not in data:
                continue  # from before receipts were made
            text = _canonical(data["receipt"])
            if not edges.sealer.has_signed(text, data["public_key"], data["signature"]):
                raise ReceiptBroken(
                    f"The receipt in line {seq} of the audit log was not signed with a key that "
                    "REFUNDDESK_SEALING_KEYS lists, or was changed since."
                )
            checked += 1
    return checked


def no_such_activation(activation_id: int) -> NoSuchActivation:
    return NoSuchActivation(f"There is no activation {activation_id}.")


def _site_hash(site: str) -> str:
    return hashlib.sha256(site.encode()).hexdigest()


def _canonical(receipt: Mapping[str, Any]) -> bytes:
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
