"""The measurement of validations fills its databases and is answered as it should be."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.bench.licenses import as_markdown, measure


def test_a_desk_with_more_licences_than_are_asked_about_answers_every_call(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as loader:
        found = measure(loader, "SQLite", tmp_path, "", 50, rounds=1, seconds=0.2)
    assert len(found.loads[0].waits) > 0
    assert "| SQLite | 50 |" in as_markdown([found], 1, 0.2)
