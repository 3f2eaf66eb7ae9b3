<?php
/**
 * Making a refund, in WooCommerce's order of things: the row first, then the gateway, then the rest.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

/**
 * Makes a refund.
 *
 * @param array<string, mixed> $args order_id, amount, reason, refund_payment.
 * @return WC_Order_Refund|WP_Error
 */
function wc_create_refund( $args = array() ) {
	$refund = null;
	try {
		$order = wc_get_order( $args['order_id'] );
		if ( ! $order instanceof WC_Order ) {
			throw new Exception( 'Invalid order ID.' );
		}
		$remaining = standin_cents( $order->get_remaining_refund_amount() );
		if ( standin_cents( (string) $args['amount'] ) > $remaining ) {
			throw new Exception( 'Invalid refund amount.' );
		}
		$refund = new WC_Order_Refund();
		$refund->set_parent_id( $order->get_id() );
		$refund->set_amount( $args['amount'] );
		$refund->set_reason( (string) $args['reason'] );
		do_action( 'woocommerce_create_refund', $refund, $args );
		$refund->save();
		if ( ! empty( $args['refund_payment'] ) ) {
			$paid = wc_refund_payment( $order, $refund->get_amount(), $refund->get_reason() );
			if ( is_wp_error( $paid ) ) {
				$refund->delete();
				return $paid;
			}
			$refund->set_refunded_payment( true );
			$refund->save();
		}
		if ( standin_cents( (string) $args['amount'] ) === $remaining ) {
			$order->set_status( 'refunded' );
			$order->save();
		}
		do_action( 'woocommerce_refund_created', $refund->get_id(), $args );
		do_action( 'woocommerce_order_refunded', $order->get_id(), $refund->get_id() );
		return $refund;
	} catch ( Exception $broken ) {
		if ( null !== $refund ) {
			$refund->delete( true );
		}
		return new WP_Error( 'error', $broken->getMessage() );
	}
}

/**
 * Has the order's gateway pay.
 *
 * @param WC_Order $order  The order.
 * @param string   $amount The amount.
 * @param string   $reason The reason.
 * @return bool|WP_Error
 */
function wc_refund_payment( $order, $amount, $reason = '' ) {
	try {
		$gateway = WC_Payment_Gateways::instance()->payment_gateways()[ $order->get_payment_method() ] ?? null;
		if ( null === $gateway ) {
			throw new Exception( 'The payment gateway for this order does not exist.' );
		}
		$paid = $gateway->process_refund( $order->get_id(), $amount, $reason );
		if ( is_wp_error( $paid ) ) {
			throw new Exception( $paid->get_error_message() );
		}
		if ( ! $paid ) {
			throw new Exception( 'An error occurred while attempting to create the refund using the payment gateway API.' );
		}
		return true;
	} catch ( Exception $broken ) {
		return new WP_Error( 'error', $broken->getMessage() );
	}
}
