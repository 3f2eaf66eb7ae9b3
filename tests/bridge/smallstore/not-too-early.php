<?php
/** WordPress from 6.7 on complains where a plugin translates before "init"; here every release does. */

add_filter(
	'gettext_refund-desk-bridge',
	static function ( $said ) {
		if ( ! did_action( 'init' ) && ! doing_action( 'init' ) ) {
			trigger_error( "translated too early: {$said}" ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
		}
		return $said;
	}
);
