<?php
/**
 * What all forms of the account's pages begin with, and what is checked when one comes back.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Part;

defined( 'ABSPATH' ) || exit;

/**
 * A form goes to the page it is on; what it does is named by a field, and its nonce is for one order.
 */
final class Form {

	/** Names what is to be done. */
	const DEED = 'refund_desk_deed';

	const NONCE = 'refund_desk_bridge_account_';

	/** What somebody wrote and could not send, kept for a while and for one person. */
	const DRAFT = 'refund_desk_bridge_draft_';

	/**
	 * Begins a form.
	 *
	 * @param string $deed     What it does.
	 * @param int    $order_id About which order.
	 * @return void
	 */
	public static function begin( string $deed, int $order_id ): void {
		printf( '<form method="post" class="refund-desk-form" action="%s">', esc_url( Pages::address( $order_id ) ) );
		wp_nonce_field( self::NONCE . $order_id, '_wpnonce', false );
		printf( '<input type="hidden" name="%s" value="%s">', esc_attr( self::DEED ), esc_attr( $deed ) );
	}

	/**
	 * Ends a form by its button.
	 *
	 * @param string $words What the button says.
	 * @param string $label What it says to who does not see where it is; '' for the same.
	 * @return void
	 */
	public static function end( string $words, string $label = '' ): void {
		printf( '<p><button type="submit" class="woocommerce-Button button wp-element-button"%s>%s</button></p></form>', '' === $label ? '' : ' aria-label="' . esc_attr( $label ) . '"', esc_html( $words ) );
	}

	/**
	 * A line to write into.
	 *
	 * @param string $name  The field.
	 * @param string $label What it asks for.
	 * @param string $value What stands in it.
	 * @param int    $most  How many characters it takes.
	 * @return void
	 */
	public static function line( string $name, string $label, string $value, int $most ): void {
		$id = 'refund-desk-' . str_replace( '_', '-', $name );
		printf( '<p class="form-row form-row-wide"><label for="%s">%s</label><input type="text" class="input-text" id="%s" name="%s" value="%s" maxlength="%d"></p>', esc_attr( $id ), esc_html( $label ), esc_attr( $id ), esc_attr( $name ), esc_attr( $value ), absint( $most ) );
	}

	/**
	 * Several lines to write into.
	 *
	 * @param string $name  The field.
	 * @param string $label What it asks for.
	 * @param string $value What stands in it.
	 * @param int    $most  How many characters it takes.
	 * @return void
	 */
	public static function lines( string $name, string $label, string $value, int $most ): void {
		$id = 'refund-desk-' . str_replace( '_', '-', $name );
		printf( '<p class="form-row form-row-wide"><label for="%s">%s</label><textarea class="input-text" id="%s" name="%s" rows="5" maxlength="%d">%s</textarea></p>', esc_attr( $id ), esc_html( $label ), esc_attr( $id ), esc_attr( $name ), absint( $most ), esc_html( $value ) );
	}

	/**
	 * A box to tick.
	 *
	 * @param string $name  The field.
	 * @param string $label What is stated by ticking it.
	 * @return void
	 */
	public static function tick( string $name, string $label ): void {
		$id = 'refund-desk-' . str_replace( '_', '-', $name );
		printf( '<p class="form-row form-row-wide"><label class="checkbox" for="%s"><input type="checkbox" class="input-checkbox" id="%s" name="%s" value="yes"> <span>%s</span></label></p>', esc_attr( $id ), esc_attr( $id ), esc_attr( $name ), esc_html( $label ) );
	}

	/**
	 * Whether the current request brings a form of this order's page that was made for this person.
	 *
	 * @param int $order_id The order.
	 * @return bool
	 */
	public static function is_ours( int $order_id ): bool {
		$nonce = isset( $_POST['_wpnonce'] ) && is_string( $_POST['_wpnonce'] ) ? sanitize_text_field( wp_unslash( $_POST['_wpnonce'] ) ) : '';
		return get_current_user_id() > 0 && false !== wp_verify_nonce( $nonce, self::NONCE . $order_id );
	}

	/**
	 * Keeps what was written and not sent.
	 *
	 * @param int                   $order_id The order.
	 * @param array<string, string> $written  The fields.
	 * @return void
	 */
	public static function keep_draft( int $order_id, array $written ): void {
		set_transient( self::DRAFT . get_current_user_id() . '_' . $order_id, $written, 15 * MINUTE_IN_SECONDS );
	}

	/**
	 * What was written and not sent, told once.
	 *
	 * @param int $order_id The order.
	 * @return Part
	 */
	public static function take_draft( int $order_id ): Part {
		$name  = self::DRAFT . get_current_user_id() . '_' . $order_id;
		$draft = get_transient( $name );
		if ( false !== $draft ) {
			delete_transient( $name );
		}
		return new Part( $draft );
	}
}
