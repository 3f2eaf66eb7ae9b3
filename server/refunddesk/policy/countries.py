"""Countries and groups of them, as a policy may name its customers' countries."""

from __future__ import annotations

from collections.abc import Collection

#: The European Union since February 2020, by ISO 3166-1 code; Northern Ireland is not in it.
_EU = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()
)
# ISO 3166-1 alpha-2 as of 2024, and XK, under which WooCommerce sells to Kosovo.
_COUNTRIES = frozenset(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA "
    "ZM ZW".split()
)
GROUPS: dict[str, frozenset[str]] = {
    "EU": _EU,
    "EEA": _EU | {"IS", "LI", "NO"},
}


def is_in(country: str, names: Collection[str]) -> bool:
    """Whether `country` is among `names`, which may be groups such as "EU"."""
    return country in names or any(country in GROUPS[name] for name in names if name in GROUPS)


def is_country(code: str) -> bool:
    """Whether this is a country's code by ISO 3166-1 alpha-2, in capitals."""
    return code in _COUNTRIES


def can_name_customers(name: str) -> bool:
    """Whether `name` can stand in a policy: a country's code, or a group."""
    return name in GROUPS or is_country(name)
