"""The pages of docs/policy say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from refunddesk.policy.document import load_policy
from refunddesk.policy.judge import judge
from tests.policy.claims import ONE_TIME, claim, verdict
from tests.policy.coverage import PAGE as COVERAGE
from tests.policy.coverage import coverage_page, holders
from tests.policy.reference import PAGE, with_tables

README = PAGE.parent / "README.md"


def test_the_computed_tables_are_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "renew them: python -m tests.policy.reference"


def test_the_table_of_tests_is_up_to_date() -> None:
    written = COVERAGE.read_text(encoding="utf-8")
    assert written == coverage_page(), "renew it: python -m tests.policy.coverage"


def test_every_clause_of_every_document_that_comes_with_us_has_a_test() -> None:
    untested = [
        f"{document}: {clause}"
        for document, clauses in holders().items()
        for clause, (_, names) in clauses.items()
        if not names
    ]
    assert untested == []


def test_the_example_document_judges(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    path = tmp_path / "example.toml"
    path.write_text(example[1], encoding="utf-8")
    policy = load_policy(path)
    assert verdict(judge(claim(ONE_TIME), policy)) == "review by None", "day 16 is too late"
    policy = load_policy(path, {"window": "30 days"})
    assert verdict(judge(claim(ONE_TIME), policy)) == "refund 199.00 by 2"
    still_on = claim(ONE_TIME, {"license.active_sites": ["https://a.example"]})
    assert verdict(judge(still_on, policy)) == "await by 3"
