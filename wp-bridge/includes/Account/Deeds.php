<?php
/**
 * Does what the forms of the account's pages ask for.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * After each the page is loaded anew, so that reloading sends nothing twice; what went wrong is said
 * there, and what was written stands in its form again.
 */
final class Deeds {

	/** Each deed with the fields that it takes along. */
	const TAKES = array(
		'ask'                => array( 'request_key', 'reason', 'product', 'details', 'site_url', 'product_version', 'other_extensions', 'no_extensions', 'no_screenshots' ),
		'report'             => array( 'details', 'site_url', 'product_version', 'other_extensions', 'no_extensions', 'no_screenshots' ),
		'reply'              => array( 'words' ),
		'statement'          => array(),
		'take_back'          => array(),
		'switch_off'         => array(),
		'say_lost'           => array(),
		'answer_offer'       => array( 'answer' ),
		'declare_withdrawal' => array( 'request_key' ),
	);

	/** Fields of which an empty one says nothing. */
	const MAY_BE_LEFT_OUT = array( 'product', 'no_extensions', 'no_screenshots' );

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
		add_action( 'template_redirect', array( $this, 'on_form' ), 5 );
	}

	/**
	 * Takes a form.
	 *
	 * @return void
	 */
	public function on_form(): void {
		$order = $this->allow();
		if ( null === $order ) {
			return;
		}
		$deed = self::field( Form::DEED );
		if ( ! array_key_exists( $deed, self::TAKES ) ) {
			$this->go_back( $order->get_id(), '', __( 'This form is not known. Nothing was done.', 'refund-desk-bridge' ) );
		}
		$written = self::written( $deed );
		try {
			$this->server->call( 'account/' . str_replace( '_', '-', $deed ), Customer::introduction() + array( 'order' => $order->get_id() ) + $written + self::numbers( $deed ) );
		} catch ( Trouble $trouble ) {
			Form::keep_draft( $order->get_id(), $written );
			$this->go_back( $order->get_id(), $deed, self::words_for( $trouble ) );
		}
		wc_add_notice( self::done( $deed ), 'success' );
		$this->go_back( $order->get_id(), $deed );
	}

	/**
	 * Whether the current request brings a form of ours from whom it may come: signed in, the order
	 * theirs, the form made for them. Leads back whoever may not send it.
	 *
	 * @return \WC_Order|null Null where there is no form of ours.
	 */
	private function allow(): ?\WC_Order {
		global $wp;
		// phpcs:ignore WordPress.Security.NonceVerification.Missing -- is_ours() checks it below.
		if ( ! isset( $_POST[ Form::DEED ], $wp->query_vars[ Pages::ENDPOINT ] ) || ! $this->settings->is_live() ) {
			return null;
		}
		$order_id = absint( $wp->query_vars[ Pages::ENDPOINT ] );
		$order    = Customer::own_order( $order_id );
		if ( null === $order ) {
			$this->go_back( 0, '', __( 'There is no such order in your account.', 'refund-desk-bridge' ) );
		}
		if ( ! Form::is_ours( $order_id ) ) {
			Form::keep_draft( $order_id, self::written( self::field( Form::DEED ) ) );
			$this->go_back( $order_id, '', __( 'This page was open for too long. Nothing was done: please try once more.', 'refund-desk-bridge' ) );
		}
		return $order;
	}

	/**
	 * What the form says in words, as it was written.
	 *
	 * @param string $deed The deed.
	 * @return array<string, string>
	 */
	private static function written( string $deed ): array {
		$written = array();
		foreach ( self::TAKES[ $deed ] ?? array() as $name ) {
			$text = self::field( $name );
			if ( '' !== $text || ! in_array( $name, self::MAY_BE_LEFT_OUT, true ) ) {
				$written[ $name ] = $text;
			}
		}
		return $written;
	}

	/**
	 * What the form says besides.
	 *
	 * @param string $deed The deed.
	 * @return array<string, mixed>
	 */
	private static function numbers( string $deed ): array {
		switch ( $deed ) {
			case 'reply':
				return array( 'last_turn' => absint( self::field( 'last_turn' ) ) );
			case 'statement':
				return array( 'destroyed' => 'yes' === self::field( 'destroyed' ) );
			case 'switch_off':
			case 'say_lost':
				return array( 'site' => absint( self::field( 'site' ) ) );
			case 'answer_offer':
				return array( 'offer' => absint( self::field( 'offer' ) ) );
		}
		return array();
	}

	/**
	 * One field as it was written: the desk checks it, and whoever shows it escapes it.
	 *
	 * @param string $name The field.
	 * @return string
	 */
	private static function field( string $name ): string {
		// phpcs:ignore WordPress.Security -- the nonce is checked by allow(); the desk takes words as they are.
		$value = isset( $_POST[ $name ] ) && is_string( $_POST[ $name ] ) ? wp_unslash( $_POST[ $name ] ) : '';
		return wp_check_invalid_utf8( $value );
	}

	/**
	 * What is said of a deed that did not come through. One that got no answer may have been done.
	 *
	 * @param Trouble $trouble What happened.
	 * @return string
	 */
	private static function words_for( Trouble $trouble ): string {
		if ( $trouble->status >= 400 && $trouble->status < 500 ) {
			return Pages::words_for( $trouble );
		}
		return __( 'No answer came in time. Look at this page in a few minutes whether it was done, before you send it again.', 'refund-desk-bridge' );
	}

	/**
	 * What is said of a deed that is done.
	 *
	 * @param string $deed The deed.
	 * @return string
	 */
	private static function done( string $deed ): string {
		switch ( $deed ) {
			case 'ask':
				return esc_html__( 'Your request was taken down. It is being looked at now.', 'refund-desk-bridge' );
			case 'reply':
				return esc_html__( 'Your message was sent.', 'refund-desk-bridge' );
			case 'switch_off':
				return esc_html__( 'The licence is switched off on that site.', 'refund-desk-bridge' );
			case 'declare_withdrawal':
				return esc_html__( 'Your withdrawal has arrived. A receipt with the time is on its way to you by mail.', 'refund-desk-bridge' );
		}
		return esc_html__( 'Done.', 'refund-desk-bridge' );
	}

	/**
	 * Leads back to the page, and says what went wrong there.
	 *
	 * @param int    $order_id The order; 0 for the list.
	 * @param string $deed     What was to be done.
	 * @param string $trouble  What went wrong; '' for nothing.
	 * @return void
	 */
	private function go_back( int $order_id, string $deed, string $trouble = '' ): void {
		if ( '' !== $trouble ) {
			wc_add_notice( esc_html( $trouble ), 'error' );
		}
		$again = '' !== $trouble && 'declare_withdrawal' === $deed;
		wp_safe_redirect( $again ? WithdrawalView::address( $order_id ) : Pages::address( $order_id ), 303 );
		exit;
	}
}
