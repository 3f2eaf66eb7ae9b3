<?php
/**
 * What the desk knows of an order, beside the order.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Admin;

use RefundDesk\Bridge\Server\Impatient;
use RefundDesk\Bridge\Server\Part;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * A box on the order's page, in WooCommerce's order tables and in WordPress's posts. It asks the desk
 * when it is shown and for no longer than three seconds; else it shows what was said last.
 */
final class OrderPanel {

	/** WooCommerce's own, for whoever works with orders and settings. */
	const CAPABILITY = 'manage_woocommerce';

	/** What was said of an order, kept for a week. */
	const KEPT = 'refund_desk_bridge_panel_';

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Asks the desk.
	 *
	 * @var Impatient
	 */
	private $desk;

	/**
	 * Keeps what it is given.
	 *
	 * @param Settings  $settings Knows the connection.
	 * @param Impatient $desk     Asks the desk.
	 */
	public function __construct( Settings $settings, Impatient $desk ) {
		$this->settings = $settings;
		$this->desk     = $desk;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'add_meta_boxes', array( $this, 'on_add_meta_boxes' ) );
		add_action( 'refund_desk_bridge_disconnected', array( $this, 'on_disconnected' ) );
	}

	/**
	 * Puts the box onto the page of an order.
	 *
	 * @param string $screen Which page it is.
	 * @return void
	 */
	public function on_add_meta_boxes( $screen ): void {
		$of_orders = array( 'shop_order', function_exists( 'wc_get_page_screen_id' ) ? wc_get_page_screen_id( 'shop-order' ) : '' );
		if ( in_array( $screen, $of_orders, true ) && current_user_can( self::CAPABILITY ) && $this->settings->is_live() ) {
			add_meta_box( 'refund-desk-order', __( 'Refund Desk', 'refund-desk-bridge' ), array( $this, 'on_box' ), $screen, 'normal', 'default' );
		}
	}

	/**
	 * Shows the box.
	 *
	 * @param mixed $shown The order, or its post.
	 * @return void
	 */
	public function on_box( $shown ): void {
		$order = $shown instanceof \WP_Post ? wc_get_order( $shown->ID ) : $shown;
		if ( ! $order instanceof \WC_Order || 'auto-draft' === $order->get_status() ) {
			echo '<p>' . esc_html__( 'The desk hears of this order once it is saved.', 'refund-desk-bridge' ) . '</p>';
			return;
		}
		try {
			list( $told, $as_of ) = $this->ask( $order->get_id() );
			( new OrderPanelView( $this->settings->server() ) )->show( $told, $as_of );
		} catch ( Trouble $trouble ) {
			echo '<p>' . esc_html( 'no_such_order' === $trouble->kind ? __( 'The desk has not seen this order yet. It hears of each order within minutes of a change.', 'refund-desk-bridge' ) : $trouble->getMessage() ) . '</p>';
		}
		printf(
			'<p><a class="button" href="%s" target="_blank" rel="noopener noreferrer">%s</a></p>',
			esc_url( SignIn::address( $order->get_id() ) ),
			esc_html__( 'Open at the desk', 'refund-desk-bridge' )
		);
	}

	/**
	 * Forgets what was said: it was the desk's.
	 *
	 * @return void
	 */
	public function on_disconnected(): void {
		global $wpdb;
		$like = $wpdb->esc_like( '_transient_' . self::KEPT ) . '%';
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- WordPress lists no transients.
		foreach ( $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $like ) ) as $name ) {
			delete_transient( substr( $name, strlen( '_transient_' ) ) );
		}
	}

	/**
	 * Asks the desk, or remembers what it said last.
	 *
	 * @param int $order_id The order.
	 * @return array{Part, int} What is said, and of when: 0 for just now, else a UNIX time.
	 * @throws Trouble When there is no answer and nothing is remembered, or the desk refuses.
	 */
	private function ask( int $order_id ): array {
		$language = substr( get_user_locale(), 0, 2 );
		$name     = self::KEPT . $language . '_' . $order_id;
		$said     = array(
			'order'    => $order_id,
			'language' => in_array( $language, array( 'en', 'fr', 'de' ), true ) ? $language : 'en',
		);
		try {
			$told = $this->desk->ask( 'owner/order', $said );
		} catch ( Trouble $trouble ) {
			$kept = get_transient( $name );
			if ( ! is_array( $kept ) || ! is_array( $kept['told'] ?? null ) || ( $trouble->status >= 400 && $trouble->status < 500 ) ) {
				throw $trouble;
			}
			return array( new Part( $kept['told'] ), (int) ( $kept['at'] ?? 0 ) );
		}
		$kept = array(
			'at'   => time(),
			'told' => $told,
		);
		set_transient( $name, $kept, WEEK_IN_SECONDS );
		return array( new Part( $told ), 0 );
	}
}
