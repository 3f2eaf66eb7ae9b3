<?php
/**
 * Runs when the plugin is deleted: takes its table and its options along.
 *
 * The record of refund attempts goes with it. A new one has another name, by which the desk sees that
 * it knows nothing of earlier refunds.
 *
 * @package RefundDesk\Bridge
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * Cleans one site.
 *
 * @return void
 */
function refund_desk_bridge_clean_site() {
	global $wpdb;
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- our own table.
	$wpdb->query( "DROP TABLE IF EXISTS {$wpdb->prefix}refund_desk_attempts" );
	delete_option( 'refund_desk_bridge_schema' );
	delete_option( 'refund_desk_bridge_record' );
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
