<?php
/**
 * Leads from the administration to the desk's own pages, signed in.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Admin;

use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Asks the desk for a link and follows it at once. The link works once and for a minute, for the person
 * whom an owner of the desk has named; what stays in a browser's history opens nothing.
 */
final class SignIn {

	const CAPABILITY = 'manage_woocommerce';

	const ACTION = 'refund_desk_bridge_sign_in';

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Calls the desk.
	 *
	 * @var Server
	 */
	private $server;

	/**
	 * Keeps what it is given.
	 *
	 * @param Settings $settings Knows the connection.
	 * @param Server   $server   Calls the desk.
	 */
	public function __construct( Settings $settings, Server $server ) {
		$this->settings = $settings;
		$this->server   = $server;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'admin_post_' . self::ACTION, array( $this, 'on_sign_in' ) );
	}

	/**
	 * The address that leads there. It is the current person's: it holds their nonce.
	 *
	 * @param int $order_id The order to show first; 0 for the desk's first page.
	 * @return string
	 */
	public static function address( int $order_id = 0 ): string {
		$address = admin_url( 'admin-post.php?action=' . self::ACTION . ( $order_id > 0 ? '&order=' . $order_id : '' ) );
		return wp_nonce_url( $address, self::ACTION );
	}

	/**
	 * Asks for a link, and follows it.
	 *
	 * @return void
	 */
	public function on_sign_in(): void {
		$this->allow( self::ACTION );
		if ( ! $this->settings->is_live() ) {
			wp_die( esc_html__( 'This site is not connected with a desk.', 'refund-desk-bridge' ), '', array( 'response' => 409, 'back_link' => true ) );
		}
		$user  = wp_get_current_user();
		$said  = array(
			'user'  => $user->ID,
			'email' => $user->user_email,
			'name'  => mb_substr( '' !== $user->display_name ? $user->display_name : $user->user_login, 0, 200 ),
		);
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- allow() has checked it.
		$order = isset( $_GET['order'] ) && is_string( $_GET['order'] ) ? absint( $_GET['order'] ) : 0;
		try {
			$told = $this->server->call( 'owner/sign-in', $said + ( $order > 0 ? array( 'order' => $order ) : array() ) );
		} catch ( Trouble $trouble ) {
			wp_die( esc_html( $trouble->getMessage() ), '', array( 'response' => 502, 'back_link' => true ) );
		}
		$link = is_string( $told['url'] ?? null ) ? $told['url'] : '';
		if ( 0 !== strpos( $link, $this->settings->server() . '/desk/from-store/' ) ) {
			wp_die( esc_html__( 'The desk named no way in. Its version may not fit the bridge’s: update both.', 'refund-desk-bridge' ), '', array( 'response' => 502, 'back_link' => true ) );
		}
		nocache_headers();
		header( 'Referrer-Policy: no-referrer' );
		wp_redirect( $link ); // phpcs:ignore WordPress.Security.SafeRedirect.wp_redirect_wp_redirect -- the desk that this store is connected with.
		exit;
	}

	/**
	 * Ends the request of whoever may not come this way.
	 *
	 * @param string $action The link's action.
	 * @return void
	 */
	private function allow( string $action ): void {
		if ( ! current_user_can( self::CAPABILITY ) ) {
			wp_die( esc_html__( 'Only who manages the store may do this. Nothing was changed.', 'refund-desk-bridge' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( $action );
	}
}
