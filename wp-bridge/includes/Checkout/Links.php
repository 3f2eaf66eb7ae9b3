<?php
/**
 * Leads to the policy before somebody buys, and to the right of withdrawal after.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Checkout;

use RefundDesk\Bridge\Account\Customer;
use RefundDesk\Bridge\Account\Pages;
use RefundDesk\Bridge\Account\WithdrawalView;

defined( 'ABSPATH' ) || exit;

/**
 * No page that shows these calls the desk.
 */
final class Links {

	/** Where consumers have the right besides the EU: the directive holds in the whole EEA. */
	const BESIDES_THE_EU = array( 'IS', 'LI', 'NO' );

	/**
	 * Knows where the pages are.
	 *
	 * @var About
	 */
	private $about;

	/**
	 * Keeps what it is given.
	 *
	 * @param About $about Knows where the pages are.
	 */
	public function __construct( About $about ) {
		$this->about = $about;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'woocommerce_review_order_before_submit', array( $this, 'on_submit' ) );
		add_action( 'woocommerce_pay_order_before_submit', array( $this, 'on_submit' ) );
		add_filter( 'render_block_woocommerce/checkout', array( $this, 'on_checkout_block' ) );
		add_action( 'woocommerce_thankyou', array( $this, 'on_thankyou' ), 20 );
		add_action( 'woocommerce_view_order', array( $this, 'on_view_order' ), 20 );
	}

	/**
	 * Above the button that buys.
	 *
	 * @return void
	 */
	public function on_submit(): void {
		$page = $this->about->policy_page();
		if ( '' !== $page ) {
			printf( '<p class="refund-desk-policy"><a href="%s" target="_blank" rel="noopener">%s</a></p>', esc_url( $page ), esc_html__( 'Refund policy: what you get back, and until when', 'refund-desk-bridge' ) );
		}
	}

	/**
	 * Below the checkout that is a block: what is inside it the browser draws anew.
	 *
	 * @param mixed $content The block's markup.
	 * @return string
	 */
	public function on_checkout_block( $content ): string {
		ob_start();
		if ( ! is_wc_endpoint_url() ) {
			$this->on_submit();
		}
		return (string) $content . (string) ob_get_clean();
	}

	/**
	 * The page after the checkout.
	 *
	 * @param mixed $order_id The order's number.
	 * @return void
	 */
	public function on_thankyou( $order_id ): void {
		$order = Customer::own_order( absint( $order_id ) );
		if ( null !== $order && '' !== $this->about->policy_page() ) {
			printf( '<p><a class="button wp-element-button" href="%s">%s</a></p>', esc_url( Pages::address( $order->get_id() ) ), esc_html__( 'Refund & licences', 'refund-desk-bridge' ) );
		}
		$this->on_view_order( $order_id );
	}

	/**
	 * A page of an order, of which WooCommerce has checked before whose it is. Who has no account gets a
	 * link to their order by mail.
	 *
	 * @param mixed $order_id The order's number.
	 * @return void
	 */
	public function on_view_order( $order_id ): void {
		$order = wc_get_order( absint( $order_id ) );
		if ( ! $order instanceof \WC_Order || ! $this->about->has_withdrawal() || ! self::may_withdraw( $order ) ) {
			return;
		}
		$is_own = null !== Customer::own_order( $order->get_id() );
		printf( '<p><a class="button wp-element-button" href="%s">%s</a></p>', esc_url( $is_own ? WithdrawalView::address( $order->get_id() ) : $this->about->link_page() ), esc_html__( 'Withdraw from contract here', 'refund-desk-bridge' ) );
	}

	/**
	 * Whether the order may be one that its customer can withdraw from; the desk knows it exactly.
	 *
	 * @param \WC_Order $order The order.
	 * @return bool
	 */
	private static function may_withdraw( \WC_Order $order ): bool {
		$countries = array_merge( WC()->countries->get_european_union_countries(), self::BESIDES_THE_EU );
		return null !== $order->get_date_paid() && in_array( $order->get_billing_country(), $countries, true );
	}
}
