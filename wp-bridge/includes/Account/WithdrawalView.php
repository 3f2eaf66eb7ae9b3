<?php
/**
 * Withdrawing from the contract, in the two steps that the law names.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Part;

defined( 'ABSPATH' ) || exit;

/**
 * Directive (EU) 2023/2673, article 11a: a function named "withdraw from contract here", then one named
 * "confirm withdrawal", with who declares, about which contract, and where the receipt goes to.
 */
final class WithdrawalView {

	/**
	 * Offers it.
	 *
	 * @param Part $right    What the desk says of the right.
	 * @param int  $order_id The order.
	 * @return void
	 */
	public static function show_offer( Part $right, int $order_id ): void {
		OrderView::begin( 'withdrawal', __( 'Right of withdrawal', 'refund-desk-bridge' ) );
		echo '<p>' . esc_html( $right->text( 'says' ) ) . '</p>';
		printf( '<p><a class="button wp-element-button" href="%s">%s</a></p></section>', esc_url( self::address( $order_id ) ), esc_html__( 'Withdraw from contract here', 'refund-desk-bridge' ) );
	}

	/**
	 * The address of the second step.
	 *
	 * @param int $order_id The order.
	 * @return string
	 */
	public static function address( int $order_id ): string {
		return add_query_arg( 'withdraw', '1', Pages::address( $order_id ) );
	}

	/**
	 * Shows the second step.
	 *
	 * @param Part      $page  What the desk says of the order.
	 * @param \WC_Order $order The order.
	 * @return void
	 */
	public static function show( Part $page, \WC_Order $order ): void {
		OrderView::begin( 'withdrawal', __( 'Withdraw from the contract', 'refund-desk-bridge' ) );
		/* translators: %s: the order's number. */
		echo '<p>' . esc_html( sprintf( __( 'You declare that you withdraw from the contract of order %s. You need not give a reason.', 'refund-desk-bridge' ), $page->text( 'number' ) ) ) . '</p>';
		echo '<table class="shop_table"><caption class="screen-reader-text">' . esc_html__( 'Your declaration', 'refund-desk-bridge' ) . '</caption><tbody>';
		$facts = array(
			__( 'Name', 'refund-desk-bridge' ) => $order->get_formatted_billing_full_name(),
			__( 'Order', 'refund-desk-bridge' ) => $page->text( 'number' ),
			__( 'The receipt goes to', 'refund-desk-bridge' ) => $order->get_billing_email(),
		);
		foreach ( $facts as $name => $fact ) {
			printf( '<tr><th scope="row">%s</th><td>%s</td></tr>', esc_html( $name ), esc_html( $fact ) );
		}
		echo '</tbody></table>';
		Form::begin( 'declare_withdrawal', $order->get_id() );
		AskForm::show_key();
		Form::end( __( 'Confirm withdrawal', 'refund-desk-bridge' ) );
		printf( '<p><a href="%s">%s</a></p></section>', esc_url( Pages::address( $order->get_id() ) ), esc_html__( 'Back to the order', 'refund-desk-bridge' ) );
	}
}
