<?php
/**
 * REST keys: who has one, and what its owner may.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

/**
 * A random text for keys.
 *
 * @return string
 */
function wc_rand_hash() {
	return bin2hex( random_bytes( 20 ) );
}

/**
 * How a key is kept.
 *
 * @param string $data The key.
 * @return string
 */
function wc_api_hash( $data ) {
	return hash_hmac( 'sha256', $data, 'wc-api' );
}

/**
 * Whether the caller may do something with orders.
 *
 * @param string $post_type The type.
 * @param string $context   What.
 * @param int    $object_id With which one.
 * @return bool
 */
function wc_rest_check_post_permissions( $post_type, $context = 'read', $object_id = 0 ) {
	$needed  = array( 'read' => 'read_private_posts', 'create' => 'publish_posts', 'edit' => 'edit_post', 'delete' => 'delete_post' )[ $context ];
	$allowed = current_user_can( get_post_type_object( $post_type )->cap->$needed, $object_id );
	return apply_filters( 'woocommerce_rest_check_permissions', $allowed, $context, $object_id, $post_type );
}

/**
 * Whether the caller may do something with what belongs to the store's manager.
 *
 * @param string $object  With what: "webhooks", "payment_gateways" …
 * @param string $context What.
 * @return bool
 */
function wc_rest_check_manager_permissions( $object, $context = 'read' ) {
	return apply_filters( 'woocommerce_rest_check_permissions', current_user_can( 'manage_woocommerce' ), $context, 0, $object );
}

/**
 * The user whose key signed the request, by OAuth 1.0a: without https WooCommerce takes nothing else.
 *
 * @param int|false $user_id Who it is already.
 * @return int|false
 */
function standin_on_determine_current_user( $user_id ) {
	global $wpdb;
	// phpcs:disable WordPress.Security -- a signature is checked, and the values are compared only.
	$address = (string) ( $_SERVER['REQUEST_URI'] ?? '' );
	$said    = wp_unslash( $_GET );
	// phpcs:enable
	if ( $user_id || 1 !== preg_match( '#/wp-json/wc[/-]#', $address ) || empty( $said['oauth_consumer_key'] ) ) {
		return $user_id;
	}
	$key = $wpdb->get_row( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}woocommerce_api_keys WHERE consumer_key = %s", wc_api_hash( $said['oauth_consumer_key'] ) ) );
	if ( null === $key ) {
		return false;
	}
	$signature = (string) $said['oauth_signature'];
	unset( $said['oauth_signature'] );
	ksort( $said );
	$pairs = array();
	foreach ( $said as $name => $value ) {
		$pairs[] = rawurlencode( (string) $name ) . '=' . rawurlencode( (string) $value );
	}
	$where  = 'http://' . $_SERVER['HTTP_HOST'] . strtok( $address, '?' ); // phpcs:ignore WordPress.Security -- as above.
	$signed = $_SERVER['REQUEST_METHOD'] . '&' . rawurlencode( $where ) . '&' . rawurlencode( implode( '&', $pairs ) ); // phpcs:ignore WordPress.Security -- as above.
	$right  = base64_encode( hash_hmac( 'sha256', $signed, $key->consumer_secret . '&', true ) ); // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions
	return hash_equals( $right, $signature ) ? (int) $key->user_id : false;
}

add_filter( 'determine_current_user', 'standin_on_determine_current_user', 15 );
