"""What a site is called, however its address is written, and whether it is only for trying out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import idna

_LONGEST_ADDRESS = 2000
_LONGEST_HOST = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
#: "*.dev.example" (any name below it), "staging.*" (any longer name that begins so), or one name.
_PATTERN = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|[a-z0-9_-]+\.\*")


class NotASite(ValueError):
    """A text that names no site a licence could be used on."""


class NotAPattern(ValueError):
    """A text that cannot stand in a list of staging sites."""


def site_name(address: str) -> str:
    """The one name of the site at `address`: "https://WWW.Example.com:8443/shop" -> "example.com".

    Scheme, "www.", port, path and letter case do not make another site; internationalised names
    are turned to ASCII (IDNA 2008) and IP addresses to their shortest form. Naming a name again
    changes nothing. Raises NotASite.
    """
    host = _host_of(address)
    if ":" in host:
        return _ip_name(host)
    host = host.removesuffix(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").removesuffix(".")
        except (idna.IDNAError, UnicodeError):
            raise NotASite(f"{_short(address)} is not the address of a site") from None
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise NotASite(f"{_short(address)} is not the address of a site")
    if labels[-1].isdigit():
        return _ip_name(host)
    while labels[0] == "www" and len(labels) > 2:
        del labels[0]
    return ".".join(labels)


def is_staging(site: str, own: Iterable[str] = ()) -> bool:
    """Is the site named `site` one for trying out, by the list shipped along or the store's `own`?

    So is every address that the internet does not lead to: nobody sells there.
    """
    address = _address(site)
    if address is not None:
        return not address.is_global or site in own
    if "." not in site:
        return True
    return any(_fits(pattern, site) for pattern in (*_shipped(), *own))


def staging_pattern(text: str) -> str:
    """`text` as a pattern of staging sites, in its one spelling. Raises NotAPattern."""
    pattern = text.strip().lower()
    if len(pattern) > _LONGEST_HOST or not _PATTERN.fullmatch(pattern):
        raise NotAPattern(
            f"{_short(text)} is no pattern of staging sites: write one name, "
            '"*.staging.example" for all below a name, or "staging.*" for all that begin so'
        )
    return pattern


def _fits(pattern: str, site: str) -> bool:
    if pattern.startswith("*."):
        return site.endswith(pattern[1:])
    if pattern.endswith(".*"):
        # "test.example" may well be a shop of that name; "test.shop.example" is a copy of one.
        return site.startswith(pattern[:-1]) and site.count(".") > 1
    return site == pattern


@lru_cache(maxsize=1)
def _shipped() -> tuple[str, ...]:
    lines = (resources.files("refunddesk.licensing") / "staging-sites.txt").read_text("utf-8")
    kept = (line.partition("#")[0].strip() for line in lines.splitlines())
    return tuple(staging_pattern(line) for line in kept if line)


def _address(site: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(site.strip("[]"))
    except ValueError:
        return None


def _host_of(address: str) -> str:
    if len(address) > _LONGEST_ADDRESS:
        raise NotASite(f"the address of a site has at most {_LONGEST_ADDRESS} characters")
    text = address.strip()
    if not text.isprintable() or " " in text or "\\" in text:
        raise NotASite(f"{_short(address)} is not the address of a site")
    try:
        parts = urlsplit(text if "://" in text or text.startswith("//") else f"//{text}")
        host = parts.hostname
        _ = parts.port  # reading it checks it
    except ValueError:
        raise NotASite(f"{_short(address)} is not the address of a site") from None
    if parts.scheme not in ("", "http", "https") or "@" in parts.netloc or not host:
        raise NotASite(f"{_short(address)} is not the address of a site")
    return host


def _ip_name(host: str) -> str:
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        raise NotASite(f"{_short(host)} is neither a site's name nor an IP address") from None
    if isinstance(address, IPv6Address):
        if address.scope_id:
            raise NotASite(f"{_short(host)} means another machine on every network")
        return f"[{address.compressed}]"
    return str(address)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
