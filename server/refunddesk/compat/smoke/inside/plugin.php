<?php
/** Activates, deactivates or uninstalls plugins, in the order given. */

require __DIR__ . '/begin.php';

define( 'WP_ADMIN', true );
require REFUNDDESK_ORDER['core'] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';

foreach ( REFUNDDESK_ORDER['plugins'] as $refunddesk_plugin ) {
	switch ( REFUNDDESK_ORDER['deed'] ) {
		case 'activate':
			$refunddesk_answer = activate_plugin( $refunddesk_plugin );
			if ( is_wp_error( $refunddesk_answer ) ) {
				RefundDesk\Smoke\Watch::tell(
					'refused',
					array(
						'symbol'  => $refunddesk_plugin,
						'what'    => (string) $refunddesk_answer->get_error_code(),
						'message' => RefundDesk\Smoke\Watch::text( wp_strip_all_tags( $refunddesk_answer->get_error_message() ) ),
					)
				);
			}
			break;
		case 'deactivate':
			deactivate_plugins( $refunddesk_plugin );
			break;
		case 'uninstall':
			if ( is_uninstallable_plugin( $refunddesk_plugin ) ) {
				uninstall_plugin( $refunddesk_plugin );
			}
			break;
	}
}

RefundDesk\Smoke\Watch::$returned = true;
