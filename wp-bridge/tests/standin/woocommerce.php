<?php
/**
 * Plugin Name: WooCommerce (a stand-in for tests)
 * Version:     8.2.0
 *
 * As much of WooCommerce as the bridge uses, for a real WordPress where WooCommerce itself cannot be
 * had: the same functions, classes, tables, hooks and REST routes, with no shop around them. Orders are
 * posts, as in WooCommerce's older storage. tests/bridge/test_standin.py holds it to the real one.
 *
 * Put the folder into wp-content/plugins as "woocommerce": WordPress knows a required plugin by that.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

define( 'WC_VERSION', '8.2.0' ); // The oldest that the bridge is for.

require __DIR__ . '/account.php';
require __DIR__ . '/features.php';
require __DIR__ . '/orders.php';
require __DIR__ . '/gateways.php';
require __DIR__ . '/refunding.php';
require __DIR__ . '/webhooks.php';
require __DIR__ . '/scheduler.php';
require __DIR__ . '/keys.php';
require __DIR__ . '/routes.php';

/**
 * The plugin as a whole.
 */
final class WooCommerce {

	/**
	 * Knows where the store is.
	 *
	 * @var WC_Countries
	 */
	public $countries;

	/**
	 * Begins.
	 */
	public function __construct() {
		$this->countries = new WC_Countries();
	}
}

/**
 * Where the store is.
 */
class WC_Countries {

	/**
	 * The store's country.
	 *
	 * @return string
	 */
	public function get_base_country() {
		return 'DE';
	}
}

/**
 * The plugin.
 *
 * @return WooCommerce
 */
function WC() { // phpcs:ignore WordPress.NamingConventions.ValidFunctionName -- its name.
	static $woocommerce = null;
	return $woocommerce ?? $woocommerce = new WooCommerce();
}

/**
 * Its log: what the bridge writes there must not be lost in a test.
 *
 * @return WC_Logger
 */
function wc_get_logger() {
	return new WC_Logger();
}

/**
 * Writes into PHP's own log.
 */
class WC_Logger {

	/**
	 * Writes.
	 *
	 * @param string               $message What.
	 * @param array<string, mixed> $context About.
	 * @return void
	 */
	public function error( $message, $context = array() ) {
		error_log( "woocommerce: {$message} " . wp_json_encode( $context ) ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
	}
}

/**
 * Makes the tables, and lets the administrator manage the store.
 *
 * @return void
 */
function standin_install() {
	global $wpdb;
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	dbDelta(
		"CREATE TABLE {$wpdb->prefix}woocommerce_api_keys (
		key_id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		user_id bigint(20) unsigned NOT NULL,
		description varchar(200) NULL,
		permissions varchar(10) NOT NULL,
		consumer_key char(64) NOT NULL,
		consumer_secret char(43) NOT NULL,
		nonces longtext NULL,
		truncated_key char(7) NOT NULL,
		last_access datetime NULL,
		PRIMARY KEY  (key_id)
		);
		CREATE TABLE {$wpdb->prefix}wc_webhooks (
		webhook_id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		status varchar(200) NOT NULL,
		name text NOT NULL,
		user_id bigint(20) unsigned NOT NULL,
		delivery_url text NOT NULL,
		secret text NOT NULL,
		topic varchar(200) NOT NULL,
		api_version smallint(4) NOT NULL,
		failure_count smallint(10) NOT NULL DEFAULT 0,
		PRIMARY KEY  (webhook_id)
		);
		CREATE TABLE {$wpdb->prefix}actionscheduler_actions (
		action_id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		hook varchar(191) NOT NULL,
		status varchar(20) NOT NULL,
		scheduled_date_gmt datetime NULL,
		args varchar(191) NULL,
		schedule longtext NULL,
		group_name varchar(255) NOT NULL DEFAULT '',
		PRIMARY KEY  (action_id)
		);"
	);
	add_option( 'woocommerce_queue_flush_rewrite_rules', 'no' );
	$administrator = get_role( 'administrator' );
	$types         = array( 'shop_order', 'product' );
	$administrator->add_cap( 'manage_woocommerce' );
	foreach ( $types as $type ) {
		foreach ( array( 'edit_%ss', 'edit_others_%ss', 'publish_%ss', 'read_private_%ss', 'delete_%ss', 'delete_others_%ss', 'edit_published_%ss', 'delete_published_%ss', 'edit_private_%ss', 'delete_private_%ss' ) as $may ) {
			$administrator->add_cap( sprintf( $may, $type ) );
		}
	}
}

register_activation_hook( __FILE__, 'standin_install' );

add_action(
	'plugins_loaded',
	static function (): void {
		do_action( 'before_woocommerce_init' );
	},
	-1
);
add_action(
	'init',
	static function (): void {
		register_post_type( 'shop_order', array( 'capability_type' => 'shop_order', 'map_meta_cap' => true, 'rewrite' => false ) );
		register_post_type( 'shop_order_refund', array( 'capability_type' => 'shop_order', 'map_meta_cap' => true, 'rewrite' => false ) );
		foreach ( array( 'pending', 'processing', 'completed', 'refunded' ) as $status ) {
			register_post_status( "wc-{$status}", array( 'label' => $status ) );
		}
	},
	1
);
add_action(
	'init',
	static function (): void {
		do_action( 'action_scheduler_init' );
	},
	1
);
// The parts of the customer's account that plugins add, and their addresses once somebody asked for it.
add_action(
	'init',
	static function (): void {
		foreach ( apply_filters( 'woocommerce_get_query_vars', array() ) as $part ) {
			add_rewrite_endpoint( $part, EP_PAGES );
		}
		if ( 'yes' === get_option( 'woocommerce_queue_flush_rewrite_rules' ) ) {
			update_option( 'woocommerce_queue_flush_rewrite_rules', 'no' );
			flush_rewrite_rules();
		}
	}
);
add_action(
	'admin_menu',
	static function (): void {
		add_menu_page( 'WooCommerce', 'WooCommerce', 'manage_woocommerce', 'woocommerce', '__return_null' );
	}
);
