"""Give money back through the store once, and say exactly what is known afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from refunddesk.money import Money, total
from refunddesk.woocommerce.client import StoreClient
from refunddesk.woocommerce.errors import StoreGarbled, error_of
from refunddesk.woocommerce.fields import decimal_of, mapping_of
from refunddesk.woocommerce.payloads import OrderBody, RefundBody, UnusableBody, read_refund
from refunddesk.woocommerce.strictjson import IllJson, read_json
from refunddesk.woocommerce.transport import Answer, AnswerTooLong, NoAnswer

# Crockford's alphabet: no I, L, O or U, which are misread or spell words.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MARKER = re.compile(r"\s*(RD-[0-9A-HJKMNP-TV-Z]{8})(?![0-9A-Za-z])")
_LONGEST_NOTE = 120
_KEY_META = "_refunddesk_refund"

_CANNOT_CREATE = "woocommerce_rest_cannot_create_order_refund"
# WooCommerce gives these texts before it calls the gateway. The code alone proves nothing: it
# also covers a gateway that failed after the money had moved. A translated text is not known
# here and so stays unknown.
_TOO_MUCH = "Invalid refund amount."
_NO_GATEWAY = (
    "The payment gateway for this order does not exist.",
    "The payment gateway for this order does not support automatic refunds.",
)
_NOT_EXECUTED_STATUSES = frozenset({401, 403, 404, 429})
_REJECTED_PARAMETERS = frozenset({"rest_invalid_param", "rest_invalid_json"})
_NO_SUCH_ORDER = "woocommerce_rest_invalid_order_id"
# What only the bridge says; each time before it began anything.
_BRIDGE_WAITS = frozenset({"refund_desk_order_busy", "refund_desk_record_unavailable"})
_BRIDGE_REFUSES = "refund_desk_key_reused"
_GATEWAY_CALLED = frozenset({"gateway_called", "declined", "paid"})


class Outcome(Enum):
    """What a refund call came to. Only NOT_SENT may be called again without a new look."""

    NOT_SENT = "not_sent"  # no byte of the request can have left: try later
    PAID = "paid"  # the store's row says its gateway paid this amount for this marker
    ODD = "odd"  # a row was made, but not the one asked for: a person looks
    NOT_EXECUTED = "not_executed"  # refused before the refund code ran: keys, route, throttle
    REJECTED = "rejected"  # the call itself or its order id is wrong
    TOO_MUCH = "too_much"  # more than what the store has left on the order
    NO_GATEWAY = "no_gateway"  # the order's gateway is gone or cannot refund
    UNKNOWN = "unknown"  # money may have moved: read back, never send again


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What to give back of one order line: its net amount and the tax per tax rate id."""

    woo_item_id: int
    quantity: Decimal
    net: Money
    taxes: tuple[tuple[int, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class RefundCall:
    """One refund as it will be asked of the store; the lines must add up to `amount`.

    `marker` comes first in the refund's reason, which the customer can see; `note` follows it.
    `key` is the refund's alone for ever, sent along for gateways and bridges that honour one.
    `by_bridge` goes through the store's bridge, and nowhere if it has none; of the tries in its
    record the first `settled_tries` moved no money, by a person's word.
    """

    woo_order_id: int
    amount: Money
    marker: str
    note: str
    lines: tuple[RefundLine, ...]
    key: str
    restock: bool = False
    by_bridge: bool = False
    settled_tries: int = 0


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What one call came to; `evidence` holds status, code, message, seconds, never a secret."""

    outcome: Outcome
    woo_refund_id: int | None
    evidence: Mapping[str, object]

    @property
    def in_words(self) -> str:
        status, code = self.evidence.get("status"), self.evidence.get("code")
        said = " ".join(str(part) for part in (status, code) if part)
        return f"the store's answer means {self.outcome.value}" + (f" ({said})" if said else "")


class RefundDoesNotAddUp(ValueError):
    """A refund call whose lines are not its amount; nothing was built and nothing sent."""


def new_marker(random_bytes: Callable[[int], bytes]) -> str:
    """A marker such as "RD-7F3K2QXM" from 40 random bits: `random_bytes(5)`."""
    number = int.from_bytes(random_bytes(5), "big")
    return "RD-" + "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))


def marker_in(reason: str) -> str | None:
    """The marker a refund's reason begins with. One quoted further on belongs to another refund."""
    match = _MARKER.match(reason)
    return match[1] if match else None


def find_marked(rows: Iterable[RefundBody], marker: str) -> RefundBody | None:
    """The row that carries `marker`; of several the one whose payment the store confirms."""
    marked = [row for row in rows if marker_in(row.reason) == marker]
    return max(marked, key=lambda row: row.refunded_payment is True, default=None)


def read_refund_rows(client: StoreClient, order: OrderBody) -> tuple[RefundBody, ...]:
    """All refunds the store has for an order, in its currency.

    Raises StoreGarbled when one row cannot be read: it may be the very one that is looked for.
    """
    rows = []
    for entry in client.list_order_refunds(order.woo_order_id):
        try:
            row = read_refund(
                entry, currency=order.currency, decimals=order.decimals, timezone=None
            )
        except UnusableBody as fault:
            call = f"GET orders/{order.woo_order_id}/refunds"
            raise StoreGarbled(call, 200, f"a refund row is unusable ({fault.reason})") from None
        rows.append(row)
    return tuple(rows)


def body_of(call: RefundCall) -> dict[str, Any]:
    """The JSON of a refund call. Raises RefundDoesNotAddUp unless it is exact in every part.

    WooCommerce checks none of it: it takes "1,50" for 150.00, accepts more than a line's total,
    the same line twice, and lines that do not add up to the amount.
    """
    _check(call)
    return {
        "amount": str(call.amount),  # a JSON number is refused here
        "reason": f"{call.marker} {' '.join(call.note.split())[:_LONGEST_NOTE]}".rstrip(),
        "api_refund": True,
        "api_restock": call.restock,
        "line_items": [_line_of(line) for line in call.lines],
        # Saved only after the gateway was called, so the marker must not be here alone.
        "meta_data": [{"key": _KEY_META, "value": call.key}],
    }


def _check(call: RefundCall) -> None:
    if call.amount.minor <= 0:
        raise RefundDoesNotAddUp(f"A refund gives something back, not {call.amount}.")
    if marker_in(call.marker) != call.marker:
        raise RefundDoesNotAddUp(f"{call.marker!r} is not a refund marker.")
    parts = [part for line in call.lines for part in (line.net, *(tax for _, tax in line.taxes))]
    scale = (call.amount.currency, call.amount.decimals)
    if any((part.currency, part.decimals) != scale for part in parts):
        raise RefundDoesNotAddUp("Lines and amount are not in the same currency and decimals.")
    if any(part.minor < 0 for part in parts) or any(line.quantity < 0 for line in call.lines):
        raise RefundDoesNotAddUp("A line of a refund cannot be negative.")
    if len({line.woo_item_id for line in call.lines}) != len(call.lines):
        raise RefundDoesNotAddUp("A line of the order can be given back once in one refund.")
    if any(len(dict(line.taxes)) != len(line.taxes) for line in call.lines):
        raise RefundDoesNotAddUp("A tax rate can be given back once in one line.")
    if total(parts, *scale) != call.amount:
        raise RefundDoesNotAddUp(
            f"The lines add up to {total(parts, *scale)}, the refund to {call.amount}."
        )


def _line_of(line: RefundLine) -> dict[str, Any]:
    # Amounts of lines are JSON numbers in the REST schema. They stay Decimal up to the wire,
    # where they are written digit by digit.
    body: dict[str, Any] = {"id": line.woo_item_id, "refund_total": line.net.decimal}
    if line.quantity:
        whole = line.quantity == line.quantity.to_integral_value()
        body["quantity"] = int(line.quantity) if whole else line.quantity
    if line.taxes:
        body["refund_tax"] = [
            {"id": rate_id, "refund_total": tax.decimal} for rate_id, tax in line.taxes
        ]
    return body


def post_refund(client: StoreClient, call: RefundCall) -> RefundAnswer:
    """Ask the store once to give the money back, and sort its answer by what it proves.

    Raises nothing that a store or a network can cause, only RefundDoesNotAddUp before sending.
    The intent must be committed before: after this call only reading back tells more.
    """
    body = body_of(call)
    if call.by_bridge:
        body |= {"refund_desk_key": call.key, "refund_desk_settled_tries": call.settled_tries}
    begun = client.monotonic()
    status, text, trouble = None, b"", ""
    path = f"orders/{call.woo_order_id}/refunds"
    try:
        answer = client.post_once(
            path, body, waits=client.refund_waits, key=call.key, to_bridge=call.by_bridge
        )
    except NoAnswer as error:
        outcome, trouble = Outcome.NOT_SENT if error.not_sent else Outcome.UNKNOWN, str(error)
        row_id = None
    except AnswerTooLong as error:
        outcome, status, trouble = Outcome.UNKNOWN, error.status, str(error)
        row_id = None
    else:
        status, text = answer.status, answer.body
        outcome, row_id, trouble = _sort(answer, call)
    code, message = error_of(text)
    evidence = {
        "status": status,
        "code": code,
        "message": client.redact(message),
        "trouble": trouble,
        "seconds": f"{client.monotonic() - begun:.3f}",
    }
    return RefundAnswer(outcome, row_id, evidence)


def _sort(answer: Answer, call: RefundCall) -> tuple[Outcome, int | None, str]:
    """Outcome, row id and what was odd about a complete answer."""
    code, message = error_of(answer.body)
    if answer.status == 201:
        return _sort_created(answer, call)
    # Said by the bridge beside the answer, or with one that it kept: the gateway was called, so no
    # status and no code proves any more that nothing was paid. Its record tells more.
    if answer.attempt in _GATEWAY_CALLED:
        return Outcome.UNKNOWN, None, f"the bridge says {answer.attempt}"
    # Every refusal of WooCommerce's own is a 500, "no such order" too, so its code comes first.
    if answer.status in (400, 404, 500) and code == _NO_SUCH_ORDER:
        return Outcome.REJECTED, None, ""
    if answer.status == 400 and code in _REJECTED_PARAMETERS:
        return Outcome.REJECTED, None, ""
    if answer.status in _NOT_EXECUTED_STATUSES or code in _BRIDGE_WAITS:
        return Outcome.NOT_EXECUTED, None, ""
    if code == _BRIDGE_REFUSES:
        return Outcome.REJECTED, None, ""
    if answer.status == 500 and code == _CANNOT_CREATE and message == _TOO_MUCH:
        return Outcome.TOO_MUCH, None, ""
    if answer.status == 500 and code == _CANNOT_CREATE and message in _NO_GATEWAY:
        return Outcome.NO_GATEWAY, None, ""
    return Outcome.UNKNOWN, None, ""


def _sort_created(answer: Answer, call: RefundCall) -> tuple[Outcome, int | None, str]:
    try:
        body = mapping_of(read_json(answer.body))
        row = read_refund(
            body,
            currency=call.amount.currency,
            decimals=call.amount.decimals,
            timezone=None,
        )
    except (IllJson, UnusableBody) as fault:
        return Outcome.UNKNOWN, None, f"201 without a readable refund ({fault.reason})"
    said = decimal_of(body.get("amount"))  # as it stands there, neither rounded nor made positive
    oddities = [
        words
        for is_odd, words in (
            (row.refunded_payment is not True, "the gateway did not confirm the payment"),
            (
                row.amount != call.amount or (said and said != call.amount.decimal),
                f"the amount is {said or row.amount}",
            ),
            (row.woo_order_id not in (None, call.woo_order_id), "it belongs to another order"),
            (marker_in(row.reason) != call.marker, "it does not carry our marker"),
        )
        if is_odd
    ]
    return Outcome.ODD if oddities else Outcome.PAID, row.woo_refund_id, "; ".join(oddities)
