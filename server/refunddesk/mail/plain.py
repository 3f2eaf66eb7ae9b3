"""What somebody wrote, as plain text: HTML reduced to its words, the history below cut off."""

from __future__ import annotations

import re
from html import unescape

#: More HTML than this nobody writes by hand; what follows is left out.
_MOST_HTML = 400_000
_BLOCKS = frozenset(
    "address article blockquote br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li "
    "ol p pre section table tr ul".split()
)
_UNSEEN = frozenset(("head", "script", "style", "title", "template"))
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
# NUL ends texts on PostgreSQL, a lone surrogate is no text at all, and a change of writing
# direction lets words look like others.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\n\r\f\v\xa0]+")

#: The line above a quoted mail, as programs write it in our languages; it may run over two lines.
_SAID = re.compile(
    r"(?:On\b.{1,300}\bwrote|Am\b.{1,300}\bschrieb\b.{0,200}|Le\b.{1,300}\ba écrit)\s*:\s*$", re.S
)
_RULE = re.compile(
    r"\s*-{2,}\s*(?:Original Message|Ursprüngliche Nachricht|Message d.origine)\s*-{2,}\s*$", re.I
)
#: Outlook puts a block of headers above the mail that is answered.
_FROM = re.compile(r"\s*\*?(?:From|Von|De)\s*:\*?\s*\S")
_SENT = re.compile(r"\s*\*?(?:Sent|Date|Gesendet|Datum|Envoyé)\s*:\*?\s*\S")


def plain_text(text: str) -> str:
    """The text with line ends of one kind, and without what is no character of a text."""
    ended = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = _NO_TEXT.sub("", _SURROGATES.sub("\ufffd", ended))
    return "\n".join(line.rstrip() for line in kept.split("\n")).strip("\n")


def text_of_html(html: str) -> str:
    """The words of a page in the order in which they are read. Never raises.

    Not by the library's parser, which takes minutes for 100 KB of `<a <a <a`: each step here goes
    forward, or ends the reading.
    """
    words = _Words()
    page, place = html[:_MOST_HTML], 0
    lowered = page.lower()
    while True:
        opening = page.find("<", place)
        if opening < 0:
            break
        words.say(page[place:opening])
        tag = _TAG.match(lowered, opening)
        if tag is None and not lowered.startswith(("<!", "<?", "</"), opening):
            words.say("<")  # "a < b" is no tag
            place = opening + 1
            continue
        place = _behind(lowered, opening)
        if place < 0:
            break
        if tag is None:
            continue
        if tag[2] in _UNSEEN and not tag[1]:
            place = lowered.find(f"</{tag[2]}", place)
            if place < 0:
                break
        else:
            words.pass_tag(tag[2], closes=bool(tag[1]))
    if place >= 0:
        words.say(page[place:])
    return words.as_text()


def _behind(lowered: str, opening: int) -> int:
    """Where what begins with a "<" is over; -1 where it never is."""
    comment = lowered.startswith("<!--", opening)
    end = lowered.find("-->" if comment else ">", opening)
    return end + (3 if comment else 1) if end >= 0 else -1


def without_history(text: str) -> str:
    """The text without the earlier mails below it; whole where nothing else would be left.

    An answer between the quoted lines is kept, quotes and all: cut is only what ends the mail.
    """
    lines = text.split("\n")
    cut = _end_of_answer(lines)
    kept = "\n".join(lines[:cut]).strip()
    return kept or text.strip()


def _end_of_answer(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if _RULE.match(line) or _begins_headers(lines, number):
            return _without_bar(lines, number)
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    if end == len(lines):
        return end
    for taken in (1, 2, 3):
        if end >= taken and _SAID.match("\n".join(lines[end - taken : end]).strip()):
            return end - taken
    return end


def _begins_headers(lines: list[str], number: int) -> bool:
    """Does Outlook's block begin here: who sent it, and within two lines when?"""
    following = lines[number + 1 : number + 4]
    return bool(_FROM.match(lines[number])) and any(_SENT.match(line) for line in following)


def _without_bar(lines: list[str], number: int) -> int:
    while number and (not lines[number - 1].strip() or set(lines[number - 1].strip()) == {"_"}):
        number -= 1
    return number


class _Words:
    """Collects the words; a block begins a new line, a quotation is marked as in plain mails."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._quoted = 0

    def say(self, text: str) -> None:
        self._said.append(_BLANKS.sub(" ", unescape(text)))

    def pass_tag(self, tag: str, *, closes: bool) -> None:
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1) if closes else min(self._quoted + 1, 5)
        if tag in _BLOCKS:
            mark = "- " if tag == "li" and not closes else ""
            self._said.append("\n" + "> " * self._quoted + mark)
        if tag == "td":
            self._said.append(" ")

    def as_text(self) -> str:
        lines = "".join(self._said).split("\n")
        text = "\n".join(_BLANKS.sub(" ", line).strip() for line in lines)
        return plain_text(re.sub(r"\n{3,}", "\n\n", text))
