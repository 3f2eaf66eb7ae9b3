"""The browser of somebody who administers a store, by its forms and without a screen."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

_TWO_MINUTES = 120


@dataclass(slots=True)
class Administration:
    """Signed in at `url`. REST calls go by `key` and `secret`, or without them by the cookie."""

    url: str
    user: str
    password: str = field(repr=False)
    key: str = ""
    secret: str = field(default="", repr=False)
    ca_file: str = ""
    session: requests.Session = field(default_factory=requests.Session)
    _nonce: str = ""

    def sign_in(self) -> None:
        self.session.trust_env = False
        self.session.verify = self.ca_file or True
        self.get("wp-login.php")
        form = {"log": self.user, "pwd": self.password, "testcookie": "1"}
        answer = self.session.post(
            f"{self.url}/wp-login.php", data=form, timeout=60, allow_redirects=False
        )
        assert answer.status_code == 302, "the administrator cannot sign in"

    def get(self, path: str) -> str:
        return self.session.get(f"{self.url}/{path}", timeout=60).text

    def post(self, path: str, data: dict[str, str], **more: Any) -> str:
        address = f"{self.url}/{path}"
        return self.session.post(address, data=data, timeout=_TWO_MINUTES, **more).text

    # -- the plugin's page

    def page(self) -> str:
        return self.get("wp-admin/admin.php?page=refund-desk")

    def press(self, action: str, **fields: str) -> str:
        """Send the page's form; what the page says then."""
        name = f"refund_desk_bridge_{action}"
        form = re.search(
            rf'name="action" value="{name}">.*?name="_wpnonce" value="([^"]+)"', self.page(), re.S
        )
        assert form, f"the page has no form to {action}"
        data = {"action": name, "_wpnonce": form[1], **fields}
        return html.unescape(self.post("wp-admin/admin-post.php", data))

    def order_page(self, order: int) -> str:
        """Where an order is edited; WordPress leads on to wherever the store keeps it."""
        return html.unescape(self.get(f"wp-admin/post.php?post={order}&action=edit"))

    def press_link(self, page: str, action: str) -> requests.Response:
        """Follow the button of this name on a page."""
        link = re.search(rf'href="([^"]+action=refund_desk_bridge_{action}[^"]*)"', page)
        assert link, f"the page has no button to {action}"
        return self.session.get(link[1], timeout=60)

    # -- WordPress' own pages

    def install(self, packed: bytes) -> None:
        """Upload a plugin's zip, and activate it by the link that WordPress shows then."""
        form = self.get("wp-admin/plugin-install.php?tab=upload")
        nonce = re.search(r'wp-upload-form.*?name="_wpnonce" value="([^"]+)"', form, re.S)
        assert nonce, "there is no form to upload a plugin"
        said = self.post(
            "wp-admin/update.php?action=upload-plugin",
            {"_wpnonce": nonce[1], "install-plugin-submit": "Install Now"},
            files={"pluginzip": ("refund-desk-bridge.zip", packed, "application/zip")},
        )
        link = re.search(r'href="([^"]*plugins\.php\?action=activate[^"]*)"', said)
        assert link, re.sub(r"<[^>]+>", " ", said)[-600:]
        found = html.unescape(link[1]).rpartition("wp-admin/")[2]
        assert "Plugin activated" in self.get(f"wp-admin/{found}")

    def activate(self, plugin: str) -> None:
        """By its link in the list of plugins."""
        listed = self.get("wp-admin/plugins.php")
        link = re.search(
            rf'href="([^"]*action=activate&amp;plugin={quote(plugin, "")}[^"]*)"', listed
        )
        assert link, f"{plugin} cannot be activated"
        assert "Plugin activated" in self.get(f"wp-admin/{html.unescape(link[1])}")

    def leave_out(self, action: str, plugin: str) -> str:
        """`deactivate-selected` or `delete-selected` one plugin in the list; what is said then."""
        nonce = re.search(
            r'id="bulk-action-form".*?name="_wpnonce" value="([^"]+)"',
            self.get("wp-admin/plugins.php"),
            re.S,
        )
        assert nonce, "there is no list of plugins"
        form = {
            "action": action,
            "checked[]": plugin,
            "_wpnonce": nonce[1],
            "verify-delete": "1",
        }
        return html.unescape(self.post("wp-admin/plugins.php", form))

    def rest(self, method: str, path: str, body: Any = None) -> requests.Response:
        """With the administrator's own REST key, or as the pages of the administration call it."""
        own = {"auth": (self.key, self.secret)} if self.key else {"headers": self._as_a_page()}
        address = f"{self.url}/wp-json/wc/v3/{path}"
        return self.session.request(method, address, json=body, timeout=60, **own)  # type: ignore[arg-type]

    def _as_a_page(self) -> dict[str, str]:
        if not self._nonce:
            self._nonce = self.get("wp-admin/admin-ajax.php?action=rest-nonce")
        return {"X-WP-Nonce": self._nonce}

    def webhooks_of_the_desk(self) -> list[str]:
        found = self.rest("GET", "webhooks?per_page=100").json()
        return [one["topic"] for one in found if one["name"].startswith("Refund Desk ")]
