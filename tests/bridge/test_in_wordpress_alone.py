"""The bridge in a real WordPress without a desk: what it says, and when it is silent."""

from __future__ import annotations

import pytest
import requests

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


#: The plugin's routes with what each needs to be asked; the status for nobody and for a customer.
_ASK_EVERY_ROUTE = """
$customer = wp_insert_user( array( 'user_login' => 'kunde', 'user_pass' => 'x', 'role' => 'subscriber' ) );
$said     = array();
foreach ( rest_get_server()->get_routes( 'wc-refund-desk/v1' ) as $route => $ways ) {
	if ( '/wc-refund-desk/v1' === $route ) {
		continue; // WordPress' own list of the others.
	}
	foreach ( $ways as $way ) {
		$path    = preg_replace( array( '/\\(\\?P<key>[^)]*\\)/', '/\\(\\?P<\\w+>[^)]*\\)/' ), array( 'RD-00000001', '1' ), $route );
		$method  = array_keys( $way['methods'] )[0];
		$request = new WP_REST_Request( $method, $path );
		$request->set_body_params( array( 'refund_desk_key' => 'RD-00000001', 'amount' => '1.00', 'order_id' => 1, 'number' => 1 ) );
		foreach ( array( 0, $customer ) as $user ) {
			wp_set_current_user( $user );
			$said[ "{$method} {$path}" ][] = rest_do_request( $request )->get_status();
		}
	}
}
return $said;
"""  # noqa: E501


def test_every_route_refuses_strangers_and_customers(small_store: SmallStore) -> None:
    said = small_store.do(_ASK_EVERY_ROUTE)
    assert {"GET /wc-refund-desk/v1/status", "POST /wc-refund-desk/v1/orders/1/refunds"} <= set(
        said
    )
    assert len(said) >= 6
    assert said == {route: [401, 403] for route in said}


def test_every_form_refuses_who_has_no_nonce_and_who_is_not_signed_in(
    small_store: SmallStore, small_admin: Administration
) -> None:
    before = small_store.inventory()
    hooks = small_store.do(
        "return array_values( preg_grep( '/^(admin_post|wp_ajax)_.*refund_desk/',"
        " array_keys( $GLOBALS['wp_filter'] ) ) );"
    )
    assert len(hooks) >= 3
    assert not [hook for hook in hooks if "nopriv" in hook]
    address = f"{small_store.address}/wp-admin/admin-post.php"
    with requests.Session() as stranger:
        stranger.trust_env = False
        for hook in hooks:
            form = {"action": hook.removeprefix("admin_post_")}
            assert small_admin.session.post(address, data=form, timeout=60).status_code == 403
            answer = stranger.post(address, data=form, timeout=60, allow_redirects=False)
            assert "Refund Desk" not in answer.text
    assert small_store.inventory() == before
