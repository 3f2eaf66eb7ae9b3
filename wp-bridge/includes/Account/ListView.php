<?php
/**
 * A customer's orders, each with what comes back today and until when.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Part;

defined( 'ABSPATH' ) || exit;

/**
 * The table that WooCommerce shows orders in, so that every theme knows how to lay it out.
 */
final class ListView {

	/**
	 * Shows the list.
	 *
	 * @param \WC_Order[] $orders The orders on this page.
	 * @param Part[]      $told   What the desk says of those it knows.
	 * @param int         $number Which page of the list this is.
	 * @param int         $pages  How many there are.
	 * @return void
	 */
	public static function show( array $orders, array $told, int $number, int $pages ): void {
		if ( array() === $orders ) {
			echo '<p>' . esc_html__( 'You have no orders yet.', 'refund-desk-bridge' ) . '</p>';
			return;
		}
		$known = array();
		foreach ( $told as $one ) {
			$known[ $one->number( 'order' ) ] = $one;
		}
		echo '<table class="woocommerce-orders-table shop_table shop_table_responsive my_account_orders account-orders-table">';
		echo '<caption class="screen-reader-text">' . esc_html__( 'Your orders, and what comes back of each', 'refund-desk-bridge' ) . '</caption><thead><tr>';
		foreach ( array( __( 'Order', 'refund-desk-bridge' ), __( 'Refund', 'refund-desk-bridge' ), __( 'Sites in use', 'refund-desk-bridge' ) ) as $heading ) {
			printf( '<th scope="col">%s</th>', esc_html( $heading ) );
		}
		echo '</tr></thead><tbody>';
		foreach ( $orders as $order ) {
			self::show_row( $order, $known[ $order->get_id() ] ?? null );
		}
		echo '</tbody></table>';
		self::show_ways( $number, $pages );
	}

	/**
	 * Shows one order.
	 *
	 * @param \WC_Order $order The order.
	 * @param Part|null $told  What the desk says of it; null where it does not know it.
	 * @return void
	 */
	private static function show_row( \WC_Order $order, ?Part $told ): void {
		$date = $order->get_date_created();
		printf(
			'<tr><th scope="row" data-title="%s"><a href="%s">%s</a> <span class="refund-desk-quiet">%s</span></th>',
			esc_attr__( 'Order', 'refund-desk-bridge' ),
			esc_url( Pages::address( $order->get_id() ) ),
			/* translators: %s: the order's number. */
			esc_html( sprintf( __( 'Order %s', 'refund-desk-bridge' ), $order->get_order_number() ) ),
			esc_html( null === $date ? '' : wc_format_datetime( $date ) )
		);
		printf( '<td data-title="%s">%s</td>', esc_attr__( 'Refund', 'refund-desk-bridge' ), esc_html( null === $told ? __( 'Not known yet', 'refund-desk-bridge' ) : self::words_for( $told ) ) );
		printf( '<td data-title="%s">%s</td></tr>', esc_attr__( 'Sites in use', 'refund-desk-bridge' ), esc_html( null === $told ? '–' : (string) $told->number( 'sites' ) ) );
	}

	/**
	 * What is said of one order.
	 *
	 * @param Part $told What the desk says.
	 * @return string
	 */
	private static function words_for( Part $told ): string {
		$words = array();
		if ( $told->has( 'state' ) ) {
			$words[] = $told->text( 'state' );
		}
		if ( $told->has( 'amount' ) ) {
			/* translators: 1: an amount of money, 2: words such as "until the end of 1 April 2026". */
			$words[] = sprintf( __( 'Up to %1$s, if you ask %2$s', 'refund-desk-bridge' ), $told->text( 'amount' ), $told->text( 'until' ) );
		}
		if ( $told->has( 'says' ) ) {
			$words[] = $told->text( 'says' );
		}
		return array() === $words ? '–' : implode( ' ', $words );
	}

	/**
	 * Leads to newer and older orders.
	 *
	 * @param int $number Which page of the list this is.
	 * @param int $pages  How many there are.
	 * @return void
	 */
	private static function show_ways( int $number, int $pages ): void {
		if ( $pages < 2 ) {
			return;
		}
		printf( '<nav class="woocommerce-pagination" aria-label="%s">', esc_attr__( 'Pages of the list', 'refund-desk-bridge' ) );
		if ( $number > 1 ) {
			printf( '<a class="button wp-element-button" rel="prev" href="%s">%s</a> ', esc_url( add_query_arg( 'from', $number - 1, Pages::address() ) ), esc_html__( 'Newer orders', 'refund-desk-bridge' ) );
		}
		if ( $number < $pages ) {
			printf( '<a class="button wp-element-button" rel="next" href="%s">%s</a>', esc_url( add_query_arg( 'from', $number + 1, Pages::address() ) ), esc_html__( 'Older orders', 'refund-desk-bridge' ) );
		}
		echo '</nav>';
	}
}
