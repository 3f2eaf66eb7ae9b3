"""The bridge in a real WordPress without a desk: what it says, and when it is silent."""

from __future__ import annotations

import pytest

from tests.bridge.administration import Administration
from tests.bridge.small_store import BRIDGE, SmallStore

pytestmark = pytest.mark.timeout(300)


def test_without_woocommerce_it_does_nothing_and_says_so(
    small_store: SmallStore, small_admin: Administration
) -> None:
    assert "needs WooCommerce" not in small_admin.get("wp-admin/index.php")
    small_store.do("deactivate_plugins( 'woocommerce/woocommerce.php' );")
    assert "Refund Desk Bridge needs WooCommerce" in small_admin.get("wp-admin/index.php")
    assert (
        small_admin.session.get(
            f"{small_store.address}/wp-json/wc-refund-desk/v1/status"
        ).status_code
        == 404
    )


def test_it_tells_woocommerce_that_it_gets_along_with_order_tables_and_blocks(
    small_store: SmallStore,
) -> None:
    asked = "\\Automattic\\WooCommerce\\Utilities\\FeaturesUtil::get_compatible_plugins_for_feature"
    for feature in ("custom_order_tables", "cart_checkout_blocks"):
        assert small_store.do(f"return {asked}( '{feature}' )['compatible'];") == [BRIDGE]
