"""In a network each store connects by itself, and deleting the plugin cleans all of them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest

from tests.bridge.conftest import BARE, administration_of
from tests.bridge.real_desk import RealDesk
from tests.bridge.small_store import BRIDGE, SmallStore, need_drop_in, releases

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

_SECOND_SITE = f"""
activate_plugin( '{BRIDGE}', '', true );
$second = wpmu_create_blog( $_SERVER['HTTP_HOST'], '/second/', 'The second store', 1 );
switch_to_blog( $second );
standin_install();
update_option( 'permalink_structure', '/%postname%/' );
return $second;
"""


@pytest.fixture
def network(small_stores: Callable[..., SmallStore], packed: bytes) -> SmallStore:
    """Two stores, the second one at /second, with the bridge active on both."""
    need_drop_in()
    store = small_stores(releases()[-1], network=True)
    store.become(BARE)
    zipfile.ZipFile(io.BytesIO(packed)).extractall(store.content / "plugins")
    assert store.do(_SECOND_SITE) == 2
    return store


def test_one_store_of_a_network_connects_and_all_are_cleaned_when_the_plugin_is_deleted(
    network: SmallStore, small_desk: RealDesk
) -> None:
    second, first = administration_of(network, "/second"), administration_of(network)
    said = second.press("connect", server=small_desk.address, code=small_desk.code())
    assert "✘" not in said
    assert said.count("✔") == 7, re.findall(r'role="status">.*?</div>', said)
    assert "refund_desk_bridge_connect" in first.page(), "the other store is not connected"
    assert network.inventory()["keys"] == []
    assert network.inventory("/second/")["keys"] == ["Refund Desk"]
    network.do(f"deactivate_plugins( '{BRIDGE}', false, true ); uninstall_plugin( '{BRIDGE}' );")
    for site in ("/", "/second/"):
        left = network.inventory(site)
        for name in ("told", "marks", "keys", "webhooks", "actions", "crons", "rules"):
            assert left[name] == [], (site, name)
        assert left["users"] == ["admin"]
        assert "refund_desk" not in left["roles"]
        assert [name for name in left["tables"] if "refund_desk" in name] == []
    assert not network.said(), "\n".join(network.said())
