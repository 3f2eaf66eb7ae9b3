<?php
/**
 * Plugin Name:          Refund Desk Bridge
 * Description:          Connects a WooCommerce store to its Refund Desk: makes refunds safe to ask for again.
 * Version:              0.2.0
 * Requires at least:    6.2
 * Requires PHP:         7.4
 * Requires Plugins:     woocommerce
 * WC requires at least: 8.2
 * Author:               The Refund Desk contributors
 * License:              GPL-2.0-or-later
 * License URI:          https://www.gnu.org/licenses/old-licenses/gpl-2.0.html
 * Text Domain:          refund-desk-bridge
 * Domain Path:          /languages
 *
 * The guards below run on every PHP that WordPress may be on: this file keeps to syntax that PHP 5.6
 * can read, so that an old server is told what is missing instead of breaking.
 *
 * @package RefundDesk\Bridge
 */

defined( 'ABSPATH' ) || exit;

define( 'REFUND_DESK_BRIDGE_VERSION', '0.2.0' );
define( 'REFUND_DESK_BRIDGE_FILE', __FILE__ );
define( 'REFUND_DESK_BRIDGE_PHP', '7.4' );
define( 'REFUND_DESK_BRIDGE_WOOCOMMERCE', '8.2' );

/**
 * Looks what the store lacks.
 *
 * Without words: it is asked before the action "init", and WordPress from 6.7 on complains of a
 * translation that is wanted so early.
 *
 * @return string[] Any of "php", "no-woocommerce", "woocommerce"; none when the store is ready.
 */
function refund_desk_bridge_gaps() {
	$gaps = array();
	if ( version_compare( PHP_VERSION, REFUND_DESK_BRIDGE_PHP, '<' ) ) {
		$gaps[] = 'php';
	}
	if ( ! class_exists( 'WooCommerce' ) || ! defined( 'WC_VERSION' ) ) {
		$gaps[] = 'no-woocommerce';
	} elseif ( version_compare( WC_VERSION, REFUND_DESK_BRIDGE_WOOCOMMERCE, '<' ) ) {
		$gaps[] = 'woocommerce';
	}
	return $gaps;
}

/**
 * Says what the store lacks.
 *
 * @param string $gap One of the gaps.
 * @return string A translated sentence: what is missing, and what to do.
 */
function refund_desk_bridge_words_of( $gap ) {
	if ( 'php' === $gap ) {
		return sprintf(
			/* translators: 1: the PHP version that is needed, 2: the PHP version that is there. */
			__( 'Refund Desk Bridge needs PHP %1$s or newer; this server has PHP %2$s. Ask your host for a newer one.', 'refund-desk-bridge' ),
			REFUND_DESK_BRIDGE_PHP,
			PHP_VERSION
		);
	}
	if ( 'no-woocommerce' === $gap ) {
		return __( 'Refund Desk Bridge needs WooCommerce. Install and activate it; until then the bridge does nothing.', 'refund-desk-bridge' );
	}
	return sprintf(
		/* translators: 1: the WooCommerce version that is needed, 2: the WooCommerce version that is there. */
		__( 'Refund Desk Bridge needs WooCommerce %1$s or newer; this store has %2$s. Update WooCommerce.', 'refund-desk-bridge' ),
		REFUND_DESK_BRIDGE_WOOCOMMERCE,
		WC_VERSION
	);
}

/**
 * Shows the gaps to whoever can close them.
 *
 * @return void
 */
function refund_desk_bridge_on_admin_notices() {
	if ( ! current_user_can( 'activate_plugins' ) ) {
		return;
	}
	foreach ( refund_desk_bridge_gaps() as $gap ) {
		printf( '<div class="notice notice-error"><p>%s</p></div>', esc_html( refund_desk_bridge_words_of( $gap ) ) );
	}
}

/**
 * Loads the translations.
 *
 * @return void
 */
function refund_desk_bridge_on_init() {
	load_plugin_textdomain( 'refund-desk-bridge', false, dirname( plugin_basename( REFUND_DESK_BRIDGE_FILE ) ) . '/languages' );
}

/**
 * Tells WooCommerce that the bridge does not stand in the way of its order tables and blocks.
 *
 * @return void
 */
function refund_desk_bridge_on_before_woocommerce_init() {
	if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', REFUND_DESK_BRIDGE_FILE, true );
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'cart_checkout_blocks', REFUND_DESK_BRIDGE_FILE, true );
	}
}

/**
 * Starts the bridge where all that it needs is there.
 *
 * @return void
 */
function refund_desk_bridge_on_plugins_loaded() {
	if ( array() === refund_desk_bridge_gaps() ) {
		require_once __DIR__ . '/includes/autoload.php';
		$plugin = new \RefundDesk\Bridge\Plugin();
		$plugin->add_hooks();
	}
}

/**
 * Calls a function of the desk's rights on each site that the plugin is switched on or off for.
 *
 * @param string $what         "narrow" or "widen".
 * @param bool   $network_wide Whether it is for all sites of the network.
 * @return void
 */
function refund_desk_bridge_change_rights( $what, $network_wide ) {
	if ( version_compare( PHP_VERSION, REFUND_DESK_BRIDGE_PHP, '<' ) ) {
		return;
	}
	require_once __DIR__ . '/includes/autoload.php';
	$change = array( '\RefundDesk\Bridge\Connect\Access', $what );
	if ( ! is_multisite() || ! $network_wide ) {
		call_user_func( $change );
		return;
	}
	foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $site ) {
		switch_to_blog( $site );
		call_user_func( $change );
		restore_current_blog();
	}
}

/**
 * Gives the desk's user its rights again.
 *
 * @param bool $network_wide Whether it is for all sites of the network.
 * @return void
 */
function refund_desk_bridge_on_activation( $network_wide ) {
	refund_desk_bridge_change_rights( 'widen', $network_wide );
}

/**
 * Takes what nobody watches over while the plugin is off.
 *
 * @param bool $network_wide Whether it is for all sites of the network.
 * @return void
 */
function refund_desk_bridge_on_deactivation( $network_wide ) {
	refund_desk_bridge_change_rights( 'narrow', $network_wide );
}

register_activation_hook( __FILE__, 'refund_desk_bridge_on_activation' );
register_deactivation_hook( __FILE__, 'refund_desk_bridge_on_deactivation' );
add_action( 'plugins_loaded', 'refund_desk_bridge_on_plugins_loaded', 20 );
add_action( 'init', 'refund_desk_bridge_on_init' );
add_action( 'before_woocommerce_init', 'refund_desk_bridge_on_before_woocommerce_init' );
add_action( 'admin_notices', 'refund_desk_bridge_on_admin_notices' );
