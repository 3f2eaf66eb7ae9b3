"""Looks at each page that opens: what a person meets there whatever the page is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request

#: Run in the page, so that what is seen is what the browser made of it and not what was sent.
_FAULTS = (Path(__file__).parent / "faults.js").read_text("utf-8")
#: Where the focus is, and whether one can see it there.
_FOCUS = """() => {
  const e = document.activeElement, style = getComputedStyle(e);
  return {
    tag: e.tagName, words: (e.ariaLabel || e.name || e.textContent).trim(),
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  };
}"""


@dataclass(slots=True)
class Eyes:
    """One window of a browser, and what was wrong on the pages that were open in it."""

    context: BrowserContext
    page: Page
    address: str
    width: int
    pictures: Path
    faults: list[str] = field(default_factory=list)
    _taken: int = 0

    @classmethod
    def open(
        cls, browser: Browser, address: str, width: int, has_script: bool, pictures: Path
    ) -> Eyes:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=has_script,
            locale="en-GB",
        )
        context.set_default_timeout(30_000)
        page = context.new_page()
        eyes = cls(context, page, address, width, pictures)
        context.on("request", lambda request: eyes._on_request(request))
        page.on("console", lambda said: eyes._note(f"the console says: {said.text}"))
        page.on("pageerror", lambda error: eyes._note(f"an error: {error}"))
        page.on("requestfailed", lambda request: eyes._note(f"not loaded: {request.url}"))
        return eyes

    def go(self, path: str) -> None:
        answer = self.page.goto(self.address + path)
        assert answer
        assert answer.status < 400, (path, answer.status)
        self.look()

    def press(self, words: str, *, within: str = "main") -> None:
        """Press the button that says this, and look at the page that comes."""
        self.page.locator(within).get_by_role("button", name=words, exact=True).click()
        self.look()

    def follow(self, words: str, *, within: str = "body") -> None:
        self.page.locator(within).get_by_role("link", name=words, exact=True).first.click()
        self.look()

    def look(self) -> None:
        """Take a picture, and note whatever no page of ours may be like."""
        self.page.wait_for_load_state("load")
        self._taken += 1
        picture = self.pictures / f"{self._taken:02d}.png"
        self.page.screenshot(path=picture, full_page=True, animations="disabled")
        for fault in self.page.evaluate(_FAULTS):
            self._note(fault)

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def tab(self) -> dict[str, Any]:
        """Go on with the keyboard; where it stands now."""
        self.page.keyboard.press("Tab")
        found: dict[str, Any] = self.page.evaluate(_FOCUS)
        return found

    def judge(self) -> None:
        assert not self.faults, "\n".join(self.faults)

    def close(self) -> None:
        self.context.close()

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(self.address + "/"):
            self._note(f"asked somebody else: {request.url}")

    def _note(self, fault: str) -> None:
        self.faults.append(f"{self.page.url} at {self.width} px: {fault}")
