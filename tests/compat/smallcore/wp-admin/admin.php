<?php
if ( ! defined( 'WP_ADMIN' ) ) {
	define( 'WP_ADMIN', true );
}
require_once dirname( __DIR__ ) . '/wp-load.php';
auth_redirect();
require_once ABSPATH . 'wp-admin/includes/admin.php';
do_action( 'admin_menu' );
do_action( 'admin_init' );
if ( isset( $_GET['page'] ) ) {
	do_action( get_plugin_page_hookname( $_GET['page'] ) );
}
