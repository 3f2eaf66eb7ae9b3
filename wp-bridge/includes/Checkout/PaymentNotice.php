<?php
/**
 * Tells who has not been seen to pay that no confirmation has come yet, why that may be, and not to pay
 * twice (S-1.4).
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Checkout;

defined( 'ABSPATH' ) || exit;

/**
 * On the page after the checkout, the page on which an order is paid, and the order's page. It needs no
 * desk: WooCommerce knows the order's status.
 */
final class PaymentNotice {

	/** While an order is in one of these, nobody knows of a payment. */
	const OPEN = array( 'pending', 'on-hold', 'failed' );

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'woocommerce_before_thankyou', array( $this, 'on_order' ) );
		add_action( 'woocommerce_view_order', array( $this, 'on_order' ), 5 );
		add_action( 'before_woocommerce_pay', array( $this, 'on_pay' ) );
	}

	/**
	 * The page of an order that is to be paid.
	 *
	 * @return void
	 */
	public function on_pay(): void {
		$this->on_order( absint( get_query_var( 'order-pay' ) ) );
	}

	/**
	 * A page of an order. WooCommerce has checked before whose it is.
	 *
	 * @param mixed $order_id The order's number.
	 * @return void
	 */
	public function on_order( $order_id ): void {
		$order = wc_get_order( absint( $order_id ) );
		if ( ! $order instanceof \WC_Order || null !== $order->get_date_paid() || ! in_array( $order->get_status(), self::OPEN, true ) ) {
			return;
		}
		echo '<section class="refund-desk-notice" aria-labelledby="refund-desk-unpaid"><h2 id="refund-desk-unpaid">' . esc_html__( 'No confirmation of your payment has come yet', 'refund-desk-bridge' ) . '</h2>';
		echo '<p>' . esc_html__( 'If you have paid, please do not pay twice: a confirmation may take a while. A payment fails or stays pending mostly for one of these reasons:', 'refund-desk-bridge' ) . '</p><ul>';
		foreach ( self::reasons() as $reason ) {
			echo '<li>' . esc_html( $reason ) . '</li>';
		}
		echo '</ul><p>' . esc_html__( 'Look at your account before you pay again: money that has left it arrives here, or is given back. If nothing has left it, you can pay again or begin a new order. Money paid twice by accident is returned within some days.', 'refund-desk-bridge' ) . '</p></section>';
	}

	/**
	 * Why a payment may not have come through.
	 *
	 * @return string[]
	 */
	private static function reasons(): array {
		return array(
			__( 'The card’s number, date or code was wrong, or the card has expired.', 'refund-desk-bridge' ),
			__( 'Your bank or the payment service was out of order.', 'refund-desk-bridge' ),
			__( 'The page was closed or the connection lost before it was done.', 'refund-desk-bridge' ),
			__( 'The card is blocked for buying online, or is of a kind that the store does not take.', 'refund-desk-bridge' ),
		);
	}
}
