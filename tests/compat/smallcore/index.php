<?php
require __DIR__ . '/wp-load.php';
wp();
if ( isset( $_GET['rest_route'] ) ) {
	do_action( 'rest_api_init' );
	die( '{}' );
}
do_action( 'wp_head' );
while ( have_posts() ) {
	the_post();
	the_content();
}
do_action( 'wp_footer' );
