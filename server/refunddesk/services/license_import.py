"""Takes over licences that another program issued, from a CSV file: all of it, or nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from refunddesk import licensing
from refunddesk.db import licenses, orders, staging_patterns
from refunddesk.db.history import record_deed
from refunddesk.db.licenses import License, NewLicense
from refunddesk.licensing import NotALicenseKey, NotASite
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import get_store

NEEDED = ("key", "product", "sites_limit")
OPTIONAL = ("order", "expires_at", "sites")
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_MOST_SITES = 1_000_000
_MOST_PROBLEMS = 1_000
_KEY_TAIL = 4
_BETWEEN_SITES = re.compile(r"[\s,;|]+")


class LicensesNotImported(Refusal):
    """Lines of the file cannot be taken over; the message has one line for each."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought: new licences, those that were known already, and sites switched on."""

    issued: int
    known: int
    taken_up: int
    sites: int


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the file, checked by itself."""

    number: int
    key: str
    product: str
    sites_limit: int
    woo_order_id: int | None
    expires_at: datetime | None
    sites: tuple[str, ...]


class _BadLine(ValueError):
    """This line cannot be taken over; the text says why."""


class _NotMeant(Exception):
    """Nothing of what was tried is to stay."""


def import_licenses(edges: Edges, store_id: int, content: bytes, *, dry_run: bool) -> Imported:
    """Take over the licences that `content` lists: UTF-8, with a header line of column names.

    Lines known from an earlier run change nothing. With `dry_run` nothing is kept whatever comes
    of it. Raises NoSuchStore, and LicensesNotImported with a line for every bad line; nothing is
    kept then either.
    """
    get_store(edges, store_id)
    problems: list[str] = []
    lines = list(_read(content, problems))
    done = Imported(0, 0, 0, 0)
    try:
        with edges.database.write() as transaction:
            done = _take_over(transaction, edges, store_id, lines, problems)
            if dry_run or problems:
                raise _NotMeant
    except _NotMeant:
        pass
    if problems:
        raise LicensesNotImported(_told(problems))
    return done


def _told(problems: list[str]) -> str:
    more = len(problems) - _MOST_PROBLEMS
    shown = sorted(problems[:_MOST_PROBLEMS], key=_line_number)
    last = f"\n… and {more} more lines." if more > 0 else ""
    return "Nothing was imported. Mend these lines and run it again:\n" + "\n".join(shown) + last


def _line_number(problem: str) -> int:
    found = re.match(r"line (\d+)", problem)
    return int(found[1]) if found else 0


def _read(content: bytes, problems: list[str]) -> Iterator[_Line]:
    """The lines that are right by themselves; what is wrong with the others goes to `problems`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problems.append(f"line {line}: it is not UTF-8; save the file as UTF-8 first")
        return
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        _check_header(header)
    except (_BadLine, csv.Error) as error:
        problems.append(f"line 1: {error}")
        return
    seen: dict[bytes, int] = {}
    number = rows.line_num + 1
    try:
        for row in rows:
            try:
                if any(cell.strip() for cell in row):
                    yield _first(seen, _line(number, header, row))
            except _BadLine as error:
                problems.append(f"line {number}: {error}")
            number = rows.line_num + 1
    except csv.Error as error:
        problems.append(f"line {rows.line_num}: {error}; the rest was not read")


def _check_header(header: list[str]) -> None:
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in NEEDED + OPTIONAL]
    if missing or unknown or len(set(header)) != len(header):
        raise _BadLine(
            f"the columns must be {', '.join(NEEDED)} and, where there are any, "
            f"{', '.join(OPTIONAL)}, each once, and nothing else"
        )


def _first(seen: dict[bytes, int], line: _Line) -> _Line:
    earlier = seen.setdefault(licensing.key_hash(line.key), line.number)
    if earlier != line.number:
        raise _BadLine(
            f"its key is that of line {earlier} (dashes, spaces, letter case, and O for 0, I or L "
            "for 1 make no other key)"
        )
    return line


def _line(number: int, header: list[str], row: list[str]) -> _Line:
    if len(row) != len(header):
        raise _BadLine(f"it has {len(row)} cells, and the first line has {len(header)}")
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    product = cells["product"]
    if not product or len(product) > 200 or not product.isprintable():
        raise _BadLine("product must be a name of at most 200 characters")
    try:
        key = licensing.imported_key(cells["key"])
    except NotALicenseKey as error:
        raise _BadLine(str(error)) from None
    limit = _number(cells["sites_limit"], "sites_limit")
    if not 1 <= limit <= _MOST_SITES:
        raise _BadLine(f"sites_limit must be from 1 to {_MOST_SITES}")
    order = cells.get("order", "")
    return _Line(
        number,
        key,
        product,
        limit,
        _number(order, "order") if order else None,
        _instant(cells.get("expires_at", "")),
        _sites(cells.get("sites", "")),
    )


def _number(text: str, name: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _BadLine(f"{name} must be a whole number")
    return int(text)


def _instant(text: str) -> datetime | None:
    """A day ends a licence with its last second, in UTC; an instant must name its offset."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
        if len(text) == 10:
            return read.replace(tzinfo=UTC) + timedelta(days=1)
        if read.tzinfo is None:
            raise ValueError
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _BadLine(
            "expires_at must be empty, a day (2027-03-31) or an instant (2027-03-31T10:00:00Z)"
        ) from None


def _sites(text: str) -> tuple[str, ...]:
    try:
        names = [licensing.site_name(part) for part in _BETWEEN_SITES.split(text) if part]
    except NotASite as error:
        raise _BadLine(str(error)) from None
    return tuple(dict.fromkeys(names))


def _take_over(
    transaction: Connection,
    edges: Edges,
    store_id: int,
    lines: list[_Line],
    problems: list[str],
) -> Imported:
    now = edges.clock()
    own = staging_patterns.list_patterns(transaction, store_id)
    counts = {"issued": 0, "known": 0, "taken_up": 0, "sites": 0}
    for line in lines:
        try:
            license_id, how = _license_for(transaction, store_id, line, now)
            on = _switch_on(transaction, license_id, line, own, now)
        except _BadLine as error:
            problems.append(f"line {line.number}: {error}")
            continue
        counts[how] += 1
        counts["sites"] += on
        if how != "known" or on:
            _tell(transaction, license_id, now, how=how, sites=on)
    return Imported(**counts)


def _license_for(
    transaction: Connection, store_id: int, line: _Line, now: datetime
) -> tuple[int, str]:
    """The licence of the line and whether it was issued, known, or its order's taken up."""
    hashed = licensing.key_hash(line.key)
    found = licenses.find_license_by_key(transaction, hashed)
    if found is not None:
        _check_same(found[0], store_id, line)
        return found[0].id, "known"
    item_id, order_id = None, None
    if line.woo_order_id is not None:
        order = orders.find_order(transaction, store_id, line.woo_order_id)
        order_id = order.id if order else None
    if order_id is not None:
        issued = _issued_for(transaction, order_id, line)
        if isinstance(issued, License):
            return _give_key(transaction, issued, line), "taken_up"
        item_id = issued
    new = NewLicense(
        store_id=store_id,
        order_id=order_id,
        order_item_id=item_id,
        woo_order_id=line.woo_order_id,
        product=line.product,
        key_hash=hashed,
        key_ends_with=line.key[-_KEY_TAIL:],
        sites_limit=line.sites_limit,
        expires_at=line.expires_at,
    )
    return licenses.record_license(transaction, new, at=now), "issued"


def _check_same(license: License, store_id: int, line: _Line) -> None:
    if license.store_id != store_id:
        raise _BadLine("its key is that of a licence of another store")
    if license.product != line.product:
        raise _BadLine(f"its key is known already, for the product {license.product!r}")
    if line.woo_order_id is not None and line.woo_order_id != license.woo_order_id:
        raise _BadLine("its key is known already, for another order or for none")


def _issued_for(transaction: Connection, order_id: int, line: _Line) -> License | int | None:
    """The unused licence we issued ourselves for the line's order, or the item that needs one."""
    items = [
        item
        for item in orders.list_items(transaction, order_id)
        if item.item_kind == "product" and item.product == line.product
    ]
    if not items:
        raise _BadLine(f"order {line.woo_order_id} has no line of the product {line.product!r}")
    held = {item.id: licenses.find_license_of_item(transaction, item.id) for item in items}
    for item_id, license in held.items():
        if license is None:
            return item_id
        if license.woo_order_id is None and not licenses.list_sites_ever_on(
            transaction, license.id
        ):
            return license
    raise _BadLine(
        f"order {line.woo_order_id} has a licence for the product {line.product!r} already, under "
        "another key that is in use"
    )


def _give_key(transaction: Connection, license: License, line: _Line) -> int:
    """The key that the customer holds replaces the one that we made and nobody was given."""
    if license.state != "active":
        raise _BadLine(f"the licence of order {line.woo_order_id} has ended")
    licenses.change_key(
        transaction,
        license.id,
        key_hash=licensing.key_hash(line.key),
        key_ends_with=line.key[-_KEY_TAIL:],
    )
    assert line.woo_order_id is not None
    licenses.record_import(
        transaction,
        license.id,
        woo_order_id=line.woo_order_id,
        sites_limit=line.sites_limit,
        expires_at=line.expires_at or license.expires_at,
    )
    return license.id


def _switch_on(
    transaction: Connection, license_id: int, line: _Line, own: list[str], now: datetime
) -> int:
    """Switch on the sites that were never on here; one switched off since stays off."""
    # Locked before its sites are counted, as by whoever switches one on at the same moment.
    license = licenses.lock_license(transaction, license_id)
    assert license is not None
    before = licenses.list_sites_ever_on(transaction, license_id)
    new = [site for site in line.sites if site not in before]
    if new and license.state != "active":
        raise _BadLine("its licence has ended, so no site of it can be switched on")
    for site in new:
        licenses.record_activation(
            transaction,
            license_id,
            site,
            token_hash=None,
            at=now,
            is_staging=licensing.is_staging(site, own),
        )
    taken = [one for one in licenses.list_active(transaction, [license_id]) if not one.is_staging]
    if new and len(taken) > license.sites_limit:
        raise _BadLine(
            f"it names {len(taken)} sites that count, and the licence is for {license.sites_limit}"
        )
    return len(new)


def _tell(transaction: Connection, license_id: int, now: datetime, **data: Any) -> None:
    record_deed(
        transaction,
        at=now,
        actor="import",
        action="license_imported",
        subject=f"license:{license_id}",
        data=data,
    )
