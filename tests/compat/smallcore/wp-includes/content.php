<?php
/** One post, shortcodes, post types, and the admin menu. */
$GLOBALS['shortcode_tags'] = array();
$GLOBALS['menu']           = array();
$GLOBALS['submenu']        = array();
$GLOBALS['post_types']     = array();
$GLOBALS['posts_left']     = 1;

function add_shortcode( $tag, $callback ) {
	$GLOBALS['shortcode_tags'][ $tag ] = $callback;
}
function do_shortcode( $text ) {
	$tag = trim( $text, '[]' );
	return call_user_func( $GLOBALS['shortcode_tags'][ $tag ], array(), '', $tag );
}
function wp() {
	do_action( 'wp' );
}
function have_posts() {
	return $GLOBALS['posts_left'] > 0;
}
function the_post() {
	--$GLOBALS['posts_left'];
}
function the_content() {
	echo apply_filters( 'the_content', 'Hello.' );
}
function register_post_type( $name ) {
	$GLOBALS['post_types'][ $name ] = (object) array( 'name' => $name, '_builtin' => false );
}
function get_post_types() {
	return $GLOBALS['post_types'];
}
function get_taxonomies() {
	return array();
}
function get_plugin_page_hookname( $slug ) {
	return "toplevel_page_$slug";
}
function add_menu_page( $title, $menu_title, $capability, $slug, $callback ) {
	$GLOBALS['menu'][] = array( $menu_title, $capability, $slug );
	add_action( get_plugin_page_hookname( $slug ), $callback );
}
function menu_page_url( $slug ) {
	return WP_SITEURL . '/wp-admin/admin.php?page=' . rawurlencode( $slug );
}
