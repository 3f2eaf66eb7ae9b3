"""Where a store is and with which keys, checked before anything is sent there."""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """Where a store is and the keys of its REST API. `ca_file` trusts a certificate of our own.

    `allow_private` permits addresses inside our network, and plain http on this machine.
    """

    url: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    ca_file: str | None = None
    allow_private: bool = False


class StoreAccessUnusable(ValueError):
    """The address or keys of a store cannot be used as they are; nothing was sent."""


def usable_address(access: StoreAccess) -> str:
    """The store's address in one spelling: scheme and host in small letters, no slash at the end.

    A store known under two spellings would be two stores, and pay each refund twice.
    """
    parts = urlsplit(access.url)
    try:
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.username is not None or parts.query or parts.fragment:
        raise StoreAccessUnusable("A store's address looks like https://shop.example/path.")
    # The package takes anything but a small "https" for http, and would sign instead of encrypt.
    local = access.allow_private and _is_this_machine(host)
    if parts.scheme.lower() != "https" and not (parts.scheme.lower() == "http" and local):
        raise StoreAccessUnusable(f"The store {host} must be reached over https.")
    for secret in (access.consumer_key, access.consumer_secret):
        if not re.fullmatch(r"[!-~]+", secret):
            raise StoreAccessUnusable(f"The REST API keys of {host} are missing or damaged.")
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def redact(text: str, access: StoreAccess) -> str:
    """`text` without the keys of the store, on one line, cut to 300 characters."""
    pair = f"{access.consumer_key}:{access.consumer_secret}".encode()
    for secret in (
        base64.b64encode(pair).decode(),
        access.consumer_secret,
        access.consumer_key,
    ):
        text = text.replace(secret, "***")
    return " ".join(text.split())[:_LONGEST_MESSAGE]
