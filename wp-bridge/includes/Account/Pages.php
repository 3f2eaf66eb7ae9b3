<?php
/**
 * "Refunds & licences" in My Account: the list of a customer's orders, and the page of one.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * No other page of the store calls the desk while it is shown.
 */
final class Pages {

	/** In the address of the page. */
	const ENDPOINT = 'refund-desk';

	/** For which version the addresses were made known to WordPress. */
	const OPTION = 'refund_desk_bridge_endpoint';

	/** The desk tells of so many orders at once. */
	const ORDERS_PER_PAGE = 10;

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Asks the desk.
	 *
	 * @var Told
	 */
	private $told;

	/**
	 * Keeps what it is given.
	 *
	 * @param Settings $settings Knows the connection.
	 * @param Told     $told     Asks the desk.
	 */
	public function __construct( Settings $settings, Told $told ) {
		$this->settings = $settings;
		$this->told     = $told;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_filter( 'woocommerce_get_query_vars', array( $this, 'on_query_vars' ) );
		add_action( 'init', array( $this, 'on_init' ), 4 );
		add_filter( 'woocommerce_account_menu_items', array( $this, 'on_menu_items' ) );
		add_filter( 'woocommerce_endpoint_' . self::ENDPOINT . '_title', array( $this, 'on_title' ) );
		add_action( 'woocommerce_account_' . self::ENDPOINT . '_endpoint', array( $this, 'on_page' ) );
		add_filter( 'woocommerce_my_account_my_orders_actions', array( $this, 'on_order_actions' ), 10, 2 );
		add_action( 'wp_enqueue_scripts', array( $this, 'on_enqueue_scripts' ) );
	}

	/**
	 * The address of the list, or of an order's page.
	 *
	 * @param int $order_id The order; 0 for the list.
	 * @return string
	 */
	public static function address( int $order_id = 0 ): string {
		return wc_get_endpoint_url( self::ENDPOINT, $order_id > 0 ? (string) $order_id : '', wc_get_page_permalink( 'myaccount' ) );
	}

	/**
	 * Makes the page known to WooCommerce, which makes its address known to WordPress.
	 *
	 * @param array<string, string> $names The endpoints there are.
	 * @return array<string, string>
	 */
	public function on_query_vars( $names ): array {
		return array( self::ENDPOINT => self::ENDPOINT ) + (array) $names;
	}

	/**
	 * Has the addresses made anew once after each install and update: no hook runs at an update.
	 *
	 * @return void
	 */
	public function on_init(): void {
		if ( REFUND_DESK_BRIDGE_VERSION !== get_option( self::OPTION ) ) {
			update_option( self::OPTION, REFUND_DESK_BRIDGE_VERSION, true );
			delete_option( 'rewrite_rules' ); // WordPress makes them anew where it misses them.
		}
	}

	/**
	 * Puts the page into the menu, before the way out.
	 *
	 * @param array<string, string> $items The menu.
	 * @return array<string, string>
	 */
	public function on_menu_items( $items ): array {
		$items = (array) $items;
		if ( ! $this->settings->is_live() ) {
			return $items;
		}
		$way_out = array_intersect_key( $items, array( 'customer-logout' => 1 ) );
		return array_diff_key( $items, $way_out ) + array( self::ENDPOINT => $this->on_title() ) + $way_out;
	}

	/**
	 * The page's title.
	 *
	 * @return string
	 */
	public function on_title(): string {
		return __( 'Refunds & licences', 'refund-desk-bridge' );
	}

	/**
	 * Leads from the list of orders to the page of each.
	 *
	 * @param array<string, mixed> $actions The buttons there are.
	 * @param mixed                $order   The order.
	 * @return array<string, mixed>
	 */
	public function on_order_actions( $actions, $order ): array {
		$actions = (array) $actions;
		if ( $this->settings->is_live() && $order instanceof \WC_Order ) {
			$actions[ self::ENDPOINT ] = array(
				'url'        => self::address( $order->get_id() ),
				'name'       => __( 'Refund & licences', 'refund-desk-bridge' ),
				/* translators: %s: the order's number. */
				'aria-label' => sprintf( __( 'Refund and licences of order %s', 'refund-desk-bridge' ), $order->get_order_number() ),
			);
		}
		return $actions;
	}

	/**
	 * Brings the look of the page.
	 *
	 * @return void
	 */
	public function on_enqueue_scripts(): void {
		if ( is_account_page() || is_checkout() ) {
			wp_enqueue_style( 'refund-desk-bridge-account', plugins_url( 'assets/account.css', REFUND_DESK_BRIDGE_FILE ), array(), REFUND_DESK_BRIDGE_VERSION );
		}
	}

	/**
	 * Shows the page.
	 *
	 * @param mixed $value What follows in the address: an order's number, or a page of the list.
	 * @return void
	 */
	public function on_page( $value ): void {
		if ( ! $this->settings->is_live() ) {
			wc_print_notice( esc_html__( 'This page is not available in this store.', 'refund-desk-bridge' ), 'notice' );
			return;
		}
		echo '<div class="refund-desk">';
		try {
			1 === preg_match( '/^[1-9][0-9]{0,17}$/D', (string) $value ) ? $this->show_order( (int) $value ) : $this->show_list();
		} catch ( Trouble $trouble ) {
			wc_print_notice( esc_html( self::words_for( $trouble ) ), 'error' );
		}
		echo '</div>';
	}

	/**
	 * What a customer is told of a call that came to nothing. The owner's words are not for them.
	 *
	 * @param Trouble $trouble What happened.
	 * @return string
	 */
	public static function words_for( Trouble $trouble ): string {
		$refused = $trouble->status >= 400 && $trouble->status < 500 && ! in_array( $trouble->kind, self::owners_business(), true );
		return $refused && '' !== $trouble->getMessage() ? $trouble->getMessage() : __( 'This cannot be looked up at the moment. Nothing is lost; please try again in a few minutes.', 'refund-desk-bridge' );
	}

	/**
	 * Refusals that are about the connection, and that no customer can do anything about.
	 *
	 * @return string[]
	 */
	private static function owners_business(): array {
		return array( Trouble::UNREACHABLE, Trouble::NOT_A_DESK, Trouble::NOT_PROVEN, 'bridge_not_proven', 'bridge_clock_off', 'bridge_call_unusable', 'store_moved', 'no_such_endpoint' );
	}

	/**
	 * Shows one order.
	 *
	 * @param int $order_id The order.
	 * @return void
	 * @throws Trouble When the desk cannot be asked.
	 */
	private function show_order( int $order_id ): void {
		$order = Customer::own_order( $order_id );
		if ( null === $order ) {
			wc_print_notice( esc_html__( 'There is no such order in your account.', 'refund-desk-bridge' ), 'error' );
			return;
		}
		$answer = $this->told->ask( 'order', array( 'order' => $order_id ) );
		$page   = $answer['told']->part( 'page' );
		self::show_age( $answer['as_of'] );
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- chooses what is shown, and does nothing.
		if ( isset( $_GET['withdraw'] ) && $page->has( 'withdrawal' ) ) {
			WithdrawalView::show( $page, $order );
			return;
		}
		( new OrderView( $page, $order_id ) )->show();
	}

	/**
	 * Shows the list.
	 *
	 * @return void
	 * @throws Trouble When the desk cannot be asked.
	 */
	private function show_list(): void {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- chooses what is shown, and does nothing.
		$number = isset( $_GET['from'] ) && is_string( $_GET['from'] ) ? max( 1, absint( $_GET['from'] ) ) : 1;
		$found  = wc_get_orders(
			array(
				'customer_id' => get_current_user_id(),
				'type'        => 'shop_order',
				'limit'       => self::ORDERS_PER_PAGE,
				'paged'       => $number,
				'paginate'    => true,
			)
		);
		$ids    = array();
		foreach ( $found->orders as $order ) {
			$ids[] = $order->get_id();
		}
		$answer = array() === $ids ? null : $this->told->ask( 'orders', array( 'orders' => $ids ) );
		self::show_age( null === $answer ? 0 : $answer['as_of'] );
		ListView::show( $found->orders, null === $answer ? array() : $answer['told']->parts( 'orders' ), $number, (int) $found->max_num_pages );
	}

	/**
	 * Says from when it is what the page shows.
	 *
	 * @param int $as_of A UNIX time; 0 for just now.
	 * @return void
	 */
	private static function show_age( int $as_of ): void {
		if ( $as_of > 0 ) {
			$at = wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $as_of );
			/* translators: %s: a date and time. */
			wc_print_notice( esc_html( sprintf( __( 'This is as of %s: newer facts cannot be looked up at the moment.', 'refund-desk-bridge' ), $at ) ), 'notice' );
		}
	}
}
