"""Whether a mail comes from whom it names, and when it came: by our own mail server's word alone.

What a sender writes into a mail proves nothing: not From, not Date, and no header that claims a
check. The receiving server puts its findings above all that (RFC 8601), so they are looked for
there, under the name it is known by, and only the first one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: The headers of a mail from the top: name in small letters, and what it says.
Headers = Sequence[tuple[str, str]]

_LONGEST = 8_000
_METHOD = re.compile(r"([a-z0-9-]+)(?:/\d+)?=([a-z]+)$", re.I)
_PROPERTY = re.compile(r"([a-z]+\.[a-z0-9-]+)=(\S+)$", re.I)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the server found by one method, such as ("dkim", "pass", {"header.d": "a.example"})."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


def is_domain_proven(headers: Headers, receiver: str, domain: str) -> bool:
    """Does our server vouch for the domain in From?

    By DMARC; where the domain has none, by DKIM or SPF of that very domain. A domain above or
    below it is not enough: whether both have one owner, only the server's DMARC can tell.
    """
    findings = findings_of(headers, receiver)
    dmarc = [one for one in findings if one.method == "dmarc"]
    if any(one.result not in ("pass", "none") for one in dmarc):
        return False
    if any(one.result == "pass" for one in dmarc):
        return all(_domain(one, "header.from") in ("", domain) for one in dmarc)
    return any(
        one.result == "pass" and domain in _named(one)
        for one in findings
        if one.method in ("dkim", "spf")
    )


def findings_of(headers: Headers, receiver: str) -> list[Finding]:
    """What our server found; nothing where it did not take the mail or says nothing of it."""
    taken = _taken_at(headers, receiver)
    if taken is None:
        return []
    for number, (name, value) in enumerate(headers):
        if name == "received" and number > taken:
            return []  # below the next server's line all is the sender's
        if name != "authentication-results":
            continue
        first, *others = _split(_without_comments(value[:_LONGEST]))
        if is_name_of(receiver, first.split(maxsplit=1)[0] if first.strip() else ""):
            return list(_findings(others))
    return []


def received_at(headers: Headers, receiver: str) -> datetime | None:
    """When our server took the mail; None where no line of it says so."""
    taken = _taken_at(headers, receiver)
    return _instant(headers[taken][1]) if taken is not None else None


def is_name_of(receiver: str, host: str) -> bool:
    """Is `host` the server called `receiver`, or one of several below that name?"""
    known, named = receiver.lower().rstrip("."), host.lower().rstrip(".")
    return bool(known) and (named == known or named.endswith(f".{known}"))


def _taken_at(headers: Headers, receiver: str) -> int | None:
    """Which header is the first Received that our server wrote: any below may be made up."""
    for number, (name, value) in enumerate(headers):
        if name == "received" and is_name_of(receiver, _by(value)):
            return number
    return None


def _by(received: str) -> str:
    words = _without_comments(received[:_LONGEST]).partition(";")[0].split()
    lowered = [word.lower() for word in words]
    if "by" not in lowered[:-1]:
        return ""
    return words[lowered.index("by") + 1]


def _instant(received: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(_without_comments(received[:_LONGEST]).rpartition(";")[2])
        # A zone of "-0000" leaves the zone open; the time is UTC all the same (RFC 5322, 3.3).
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _findings(parts: Sequence[str]) -> Iterator[Finding]:
    for part in parts:
        words = re.sub(r"\s*=\s*", "=", part).split()
        method = _METHOD.match(words[0]) if words else None
        if method is None:
            continue
        said = (_PROPERTY.match(word) for word in words[1:])
        properties = {one[1].lower(): one[2].strip('"') for one in said if one}
        yield Finding(method[1].lower(), method[2].lower(), properties)


def _named(finding: Finding) -> set[str]:
    """The domains that a passed check is about."""
    names = ("header.d", "header.i") if finding.method == "dkim" else ("smtp.mailfrom",)
    return {_domain(finding, name) for name in names}


def _domain(finding: Finding, name: str) -> str:
    return finding.properties.get(name, "").rpartition("@")[2].lower().rstrip(".")


def _split(text: str) -> list[str]:
    """At each semicolon that stands in no quotation."""
    parts, quoted = [""], False
    for character in text:
        quoted ^= character == '"'
        if character == ";" and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _without_comments(text: str) -> str:
    """Without what stands in parentheses, which may stand in each other and hold anything."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in text:
        if escaped or character == "\\":
            escaped = not escaped and character == "\\"
            if not depth:
                kept.append(character)
        elif character == '"' and not depth:
            quoted = not quoted
            kept.append(character)
        elif character == "(" and not quoted:
            depth += 1
        elif character == ")" and not quoted and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)
