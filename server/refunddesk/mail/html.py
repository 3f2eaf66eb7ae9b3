"""Makes the HTML of a notice out of its text: one text, so that both always say the same."""

from __future__ import annotations

import re
from html import escape

_ADDRESS = re.compile(r"https?://[^\s<>\"]+")

_PAGE = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 0; padding: 24px 12px; background: #f3f4f6; color: #1f2933; }}
main {{ max-width: 36em; margin: 0 auto; padding: 24px; background: #ffffff; border-radius: 8px; }}
body, main {{ font: 16px/1.5 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }}
h1 {{ margin: 0 0 16px; font-size: 20px; line-height: 1.3; }}
p, ul, blockquote {{ margin: 0 0 16px; overflow-wrap: anywhere; }}
ul {{ padding-left: 24px; }}
blockquote {{ padding: 0 0 0 12px; border-left: 3px solid #9aa5b1; color: #52606d; }}
.from {{ margin: 0 0 8px; font-size: 14px; color: #52606d; }}
a {{ color: #0b5cad; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #16191d; color: #e4e7eb; }}
  main {{ background: #20242a; }}
  blockquote, .from {{ color: #b8c2cc; }}
  a {{ color: #7ab8ff; }}
}}
</style>
</head>
<body>
<main>
<p class="from">{sender}</p>
<h1>{title}</h1>
{blocks}
</main>
</body>
</html>
"""


def to_html(text: str, *, language: str, title: str, sender: str) -> str:
    """The whole page of a notice's text.

    Blocks stand between blank lines: lines that all begin with "- " are a list, with ">" somebody's
    own words, an address alone on its line is a link, and anything else a paragraph.
    """
    blocks = "\n".join(_block(block.split("\n")) for block in text.strip("\n").split("\n\n"))
    return _PAGE.format(
        language=escape(language), title=escape(title), sender=escape(sender), blocks=blocks
    )


def _block(lines: list[str]) -> str:
    if all(line.startswith("- ") for line in lines):
        items = "".join(f"<li>{_linked(line[2:])}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    if all(line.startswith(">") for line in lines):
        return f"<blockquote>{'<br>'.join(escape(line[2:]) for line in lines)}</blockquote>"
    if len(lines) == 1 and _ADDRESS.fullmatch(lines[0]):
        return f"<p>{_link(lines[0])}</p>"
    return f"<p>{'<br>'.join(escape(line) for line in lines)}</p>"


def _linked(item: str) -> str:
    """A list item; "what it is: https://…" makes a link of what it is."""
    said, colon, address = item.rpartition(": ")
    if colon and _ADDRESS.fullmatch(address):
        return f'<a href="{escape(address)}">{escape(said)}</a>'
    return escape(item)


def _link(address: str) -> str:
    return f'<a href="{escape(address)}">{escape(address)}</a>'
