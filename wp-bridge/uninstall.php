<?php
/**
 * Runs when the plugin is deleted: ends the connection, and takes along all that the bridge made.
 *
 * The record of refund attempts goes with it. A new one has another name, by which the desk sees that
 * it knows nothing of earlier refunds.
 *
 * WooCommerce may be switched off or gone by now, and PHP too old for the rest of the plugin: then what
 * can be removed is removed by hand.
 *
 * @package RefundDesk\Bridge
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

if ( ! defined( 'REFUND_DESK_BRIDGE_VERSION' ) ) {
	// The plugin itself is not loaded now; the desk is told who calls.
	define( 'REFUND_DESK_BRIDGE_VERSION', 'being-deleted' );
}

/**
 * Cleans one site.
 *
 * @return void
 */
function refund_desk_bridge_clean_site() {
	global $wpdb;
	if ( version_compare( PHP_VERSION, '7.4', '>=' ) ) {
		require_once __DIR__ . '/includes/autoload.php';
		$settings = new \RefundDesk\Bridge\Settings();
		$access   = new \RefundDesk\Bridge\Connect\Access();
		$webhooks = new \RefundDesk\Bridge\Connect\Webhooks( $access, $settings );
		$lock     = new \RefundDesk\Bridge\Connect\ConnectLock( new \RefundDesk\Bridge\Refunds\OwnConnection() );
		( new \RefundDesk\Bridge\Connect\Connection( $settings, new \RefundDesk\Bridge\Server\Server( $settings ), $access, $webhooks, $lock ) )->disconnect();
	}
	if ( function_exists( 'as_unschedule_all_actions' ) ) {
		as_unschedule_all_actions( '', array(), 'refund-desk-bridge' );
	}
	foreach ( array( 'refund_desk_attempts', 'refund_desk_events' ) as $table ) {
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- our own tables.
		$wpdb->query( "DROP TABLE IF EXISTS {$wpdb->prefix}{$table}" );
	}
	foreach ( array( 'schema', 'record', 'connection', 'site', 'checks', 'died_until', 'contact', 'about', 'endpoint' ) as $option ) {
		delete_option( 'refund_desk_bridge_' . $option );
	}
	// What the desk said to customers, and what they wrote and could not send.
	foreach ( array( '_transient_', '_transient_timeout_' ) as $kind ) {
		$like = $wpdb->esc_like( $kind . 'refund_desk_bridge_' ) . '%';
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- WordPress lists no transients.
		$wpdb->query( $wpdb->prepare( "DELETE FROM {$wpdb->options} WHERE option_name LIKE %s", $like ) );
	}
	delete_option( 'rewrite_rules' ); // Made anew by WordPress, without the account's page.
}

if ( is_multisite() ) {
	foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $refund_desk_bridge_site ) {
		switch_to_blog( $refund_desk_bridge_site );
		refund_desk_bridge_clean_site();
		restore_current_blog();
	}
} else {
	refund_desk_bridge_clean_site();
}
