<?php
/** Everything that a plugin can leave in a WordPress, but for what WordPress itself notes meanwhile. */

global $wpdb;
$own = array( 'recently_activated', 'rewrite_rules', 'cron', 'uninstall_plugins', 'db_upgraded', 'recovery_keys', 'https_detection_errors' );
$column = static function ( $sql ) use ( $wpdb ) { return $wpdb->get_col( $sql ); };
return array(
	'tables'   => $column( 'SHOW TABLES' ),
	'options'  => array_values( array_filter(
		$column( "SELECT option_name FROM {$wpdb->options} ORDER BY 1" ),
		static function ( $name ) use ( $own ) {
			return ! in_array( $name, $own, true ) && 1 !== preg_match( '/^_(site_)?transient_/', $name );
		}
	) ),
	'told'     => $column( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE '%refund_desk%'" ),
	'users'    => $column( "SELECT user_login FROM {$wpdb->users} ORDER BY 1" ),
	'marks'    => $column( "SELECT meta_key FROM {$wpdb->usermeta} WHERE meta_key LIKE '%refund_desk%'" ),
	'roles'    => array_keys( wp_roles()->roles ),
	'keys'     => $column( "SELECT description FROM {$wpdb->prefix}woocommerce_api_keys" ),
	'webhooks' => $column( "SELECT topic FROM {$wpdb->prefix}wc_webhooks" ),
	'actions'  => $column( "SELECT hook FROM {$wpdb->prefix}actionscheduler_actions WHERE status = 'pending'" ),
	'crons'    => array_values( preg_grep( '/refund.desk/', array_merge( ...array_map( 'array_keys', array_filter( _get_cron_array(), 'is_array' ) ) ) ) ),
	'rules'    => array_values( preg_grep( '/refund.desk/', array_keys( (array) get_option( 'rewrite_rules' ) ) ) ),
);
