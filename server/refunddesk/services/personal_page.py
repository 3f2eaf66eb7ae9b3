"""The part of docs/privacy.md that is made from the one table of what is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from refunddesk.db.personal_data import PersonalTable, Treatment, personal_data
from refunddesk.services import personal_words

BEGIN = "<!-- made by `refunddesk privacy table` -->"
END = "<!-- end -->"


def held_in_words() -> str:
    """Every table: what of it is told, what an erasure takes, and how long it is kept."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    data = personal_data()
    yield "| what | table | told and kept, about nobody | told, and gone with an erasure | kept |"
    yield "|---|---|---|---|---|"
    for one in data.tables.values():
        kept = [name for name in one.exported if one.treatments[name] is Treatment.TOLD]
        gone = _names(name for name in one.exported if name not in kept)
        cells = (
            personal_words.heading(one.name, "en"),
            f"`{one.name}`",
            _names(kept),
            gone + _spared(one) + (" (rows removed)" if one.goes_whole else ""),
            one.kept,
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "| kept | means |"
    yield "|---|---|"
    yield from (f"| {name} | {text} |" for name, text in data.retention.items())
    yield ""
    yield "| about the desk's own people | holds |"
    yield "|---|---|"
    yield from (f"| `{name}` | {text} |" for name, text in data.staff.items())
    yield ""
    yield "| about nobody | holds |"
    yield "|---|---|"
    yield from (f"| `{name}` | {text} |" for name, text in data.nobody.items())


def _names(names: Iterable[str]) -> str:
    return ", ".join(name.removesuffix("_minor") for name in names)


def _spared(one: PersonalTable) -> str:
    return f" (not while `{one.spared}` is empty)" if one.spared else ""
