"""The page of a policy as one HTML file that needs nothing else: no script, no font, no image."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from refunddesk.policy.page.content import PageContent


def page_html(content: PageContent) -> str:
    """A whole document; what the policy says is escaped, whoever wrote it."""
    return _template().render(page=content, labels=content.labels, style=_style())


@lru_cache(maxsize=1)
def content_policy() -> str:
    """The Content-Security-Policy under which the page works: its own style and nothing else."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@lru_cache(maxsize=1)
def _style() -> str:
    return _read("page.css")


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_read("page.html"))


def _read(name: str) -> str:
    file = resources.files("refunddesk") / "policy" / "page" / name
    return file.read_text(encoding="utf-8")
