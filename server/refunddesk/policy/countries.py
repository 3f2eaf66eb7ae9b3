"""Countries and groups of them, as a policy may name its customers' countries."""

from __future__ import annotations

from collections.abc import Collection

#: The European Union since February 2020, by ISO 3166-1 code; Northern Ireland is not in it.
_EU = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()
)
GROUPS: dict[str, frozenset[str]] = {
    "EU": _EU,
    "EEA": _EU | {"IS", "LI", "NO"},
}


def is_in(country: str, names: Collection[str]) -> bool:
    """Whether the two-letter `country` is among `names`, which may be groups such as "EU"."""
    code = country.upper()
    return code in names or any(code in GROUPS[name] for name in names if name in GROUPS)


def is_country(name: str) -> bool:
    """Whether `name` can stand in a policy: a two-letter code in capitals, or a group."""
    return name in GROUPS or (len(name) == 2 and name.isascii() and name.isupper())
