"""The documents point only at what is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.conftest import REPOSITORY

_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_CODE_BLOCK = re.compile(r"^```.*?^```", re.M | re.S)


def documents() -> list[Path]:
    ours = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    return sorted(ours)


def anchors(document: Path) -> set[str]:
    """What headings may be pointed at by, as code hosts spell it."""
    text = _CODE_BLOCK.sub("", document.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def dead_links(document: Path) -> Iterator[str]:
    text = _CODE_BLOCK.sub("", document.read_text("utf-8"))
    for target in _LINK.findall(text):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = unquote(target).partition("#")
        found = (document.parent / path).resolve() if path else document
        if not found.exists():
            yield f"{target}: not there"
        elif anchor and found.suffix == ".md" and anchor not in anchors(found):
            yield f"{target}: no such heading"


@pytest.mark.parametrize(
    "document", documents(), ids=lambda path: str(path.relative_to(REPOSITORY))
)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    assert list(dead_links(document)) == []


def test_every_document_is_within_reach_of_the_front_page() -> None:
    reached: set[Path] = set()
    waiting = [REPOSITORY / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in reached or not document.is_file():
            continue
        reached.add(document)
        for target in _LINK.findall(document.read_text("utf-8")):
            if not target.startswith(("http:", "https:")):
                found = (document.parent / target.partition("#")[0]).resolve()
                waiting += [found / "README.md" if found.is_dir() else found]
                waiting += sorted(found.glob("*.md")) if found.is_dir() else []
    lost = [str(path.relative_to(REPOSITORY)) for path in set(documents()) - reached]
    assert lost == []


def test_each_decision_has_a_number_of_its_own_and_its_line_in_the_list() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    listed = []
    for number, page in enumerate(sorted(folder.glob("0*.md")), start=1):
        title = page.read_text("utf-8").partition("\n")[0].removeprefix(f"# {number}. ")
        assert page.name.startswith(f"{number:04}-")
        listed.append(f"{number}. [{title}]({page.name})")
    assert re.findall(r"^\d+\. .+$", (folder / "README.md").read_text("utf-8"), re.M) == listed


@pytest.mark.parametrize(
    "source",
    sorted((REPOSITORY / "wp-bridge").rglob("*.php")),
    ids=lambda path: path.name,
)
def test_the_bridge_is_php(source: Path) -> None:
    php = shutil.which("php")
    if php is None:
        pytest.skip("there is no php here to read it with")
    read = subprocess.run([php, "-l", source], capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stdout
