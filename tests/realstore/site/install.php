<?php
/** Step "wordpress" or "woocommerce" of making a store; the second one tells its keys as JSON. */

$_SERVER += array( 'HTTP_HOST' => getenv( 'REFUNDDESK_HOST' ), 'HTTPS' => 'on', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REMOTE_ADDR' => '127.0.0.1' );

if ( 'wordpress' === $argv[1] ) {
	define( 'WP_INSTALLING', true );
	require __DIR__ . '/wp/wp-load.php';
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	wp_install( 'The built store', 'admin', 'admin@store.test', true, '', 'built-store-pw' );
	update_option( 'permalink_structure', '/%postname%/' );
	update_option( 'timezone_string', 'Europe/Paris' );
	$active = array_filter( array( 'woocommerce/woocommerce.php', 'woocommerce-subscriptions/woocommerce-subscriptions.php' ), static function ( $plugin ) { return is_file( WP_PLUGIN_DIR . '/' . $plugin ); } );
	update_option( 'active_plugins', array_values( $active ) );
	flush_rewrite_rules();
	exit;
}

define( 'WP_ADMIN', true );
require __DIR__ . '/wp/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
WC_Install::install();
update_option( 'woocommerce_custom_orders_table_enabled', 'hpos' === getenv( 'REFUNDDESK_STORE' ) ? 'yes' : 'no' );
update_option( 'woocommerce_custom_orders_table_data_sync_enabled', 'no' );
WC_Install::install();
foreach (
	array(
		'woocommerce_default_country'    => 'FR:',
		'woocommerce_currency'           => 'EUR',
		'woocommerce_coming_soon'        => 'no',
		'woocommerce_calc_taxes'         => 'yes',
		'woocommerce_onboarding_profile' => array( 'skipped' => true ),
	) as $name => $value
) {
	update_option( $name, $value );
}
// Else the first page that the administrator opens is its wizard.
delete_transient( '_wc_activation_redirect' );
wp_set_current_user( 1 );
WC_Tax::_insert_tax_rate( array( 'tax_rate_country' => 'DE', 'tax_rate_state' => '', 'tax_rate' => '19.0000', 'tax_rate_name' => 'VAT', 'tax_rate_priority' => 1, 'tax_rate_compound' => 0, 'tax_rate_shipping' => 1, 'tax_rate_order' => 1, 'tax_rate_class' => '' ) );
foreach ( array( 'LIC-1' => '99.00', 'DOM-1' => '19.90', 'SUP-1' => '33.33' ) as $sku => $price ) {
	$product = new WC_Product_Simple();
	$product->set_name( $sku );
	$product->set_sku( $sku );
	$product->set_regular_price( $price );
	$product->set_virtual( true );
	$product->set_status( 'publish' );
	$product->save();
}
// Without blocks: a release may come without their built scripts.
wp_update_post( array( 'ID' => wc_get_page_id( 'checkout' ), 'post_content' => '[woocommerce_checkout]' ) );
flush_rewrite_rules();

global $wpdb;
$keys = array();
foreach ( array( 'read_write', 'read' ) as $permissions ) {
	$key    = 'ck_' . wc_rand_hash();
	$secret = 'cs_' . wc_rand_hash();
	$wpdb->insert( $wpdb->prefix . 'woocommerce_api_keys', array( 'user_id' => 1, 'description' => 'The tests', 'permissions' => $permissions, 'consumer_key' => wc_api_hash( $key ), 'consumer_secret' => $secret, 'truncated_key' => substr( $key, -7 ) ) );
	$keys[ $permissions ] = array( $key, $secret );
}
echo "\n", json_encode( array( 'version' => WC_VERSION, 'keys' => $keys ) );
