<?php
/**
 * Who is signed in to the store, and which orders are theirs.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

defined( 'ABSPATH' ) || exit;

/**
 * WooCommerce says whose an order is; the desk looks at its own books besides.
 */
final class Customer {

	/** The languages that the desk speaks. */
	const LANGUAGES = array( 'en', 'fr', 'de' );

	/**
	 * The current customer's order.
	 *
	 * The account itself must have bought it: somebody who may look at all orders is no customer here.
	 *
	 * @param int $order_id The order's number.
	 * @return \WC_Order|null Null for any other, and for nobody signed in.
	 */
	public static function own_order( int $order_id ): ?\WC_Order {
		$order = $order_id > 0 && get_current_user_id() > 0 ? wc_get_order( $order_id ) : false;
		if ( ! $order instanceof \WC_Order || 'shop_order' !== $order->get_type() ) {
			return null;
		}
		return get_current_user_id() === $order->get_customer_id() ? $order : null;
	}

	/**
	 * What a call to the desk says of the current customer.
	 *
	 * @return array<string, mixed>
	 */
	public static function introduction(): array {
		return array(
			'customer' => array(
				'id'    => get_current_user_id(),
				'email' => (string) wp_get_current_user()->user_email,
			),
			'language' => self::language(),
		);
	}

	/**
	 * The language of the page, as far as the desk speaks it.
	 *
	 * @return string
	 */
	public static function language(): string {
		$language = substr( determine_locale(), 0, 2 );
		return in_array( $language, self::LANGUAGES, true ) ? $language : 'en';
	}
}
