<?php
/**
 * Lets WordPress' own tools export and erase what the desk holds of a person.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Privacy;

use RefundDesk\Bridge\Account\Customer;
use RefundDesk\Bridge\Server\Part;
use RefundDesk\Bridge\Account\Told;
use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * WordPress has proven by a mail whose address it is, and an administrator works the request off.
 */
final class PersonalData {

	const NAME = 'refund-desk-bridge';

	/** Seconds: the desk reads all that it holds of the person. */
	const PATIENCE = 30;

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
		add_filter( 'wp_privacy_personal_data_exporters', array( $this, 'on_exporters' ) );
		add_filter( 'wp_privacy_personal_data_erasers', array( $this, 'on_erasers' ) );
		add_action( 'admin_init', array( $this, 'on_admin_init' ) );
	}

	/**
	 * Names the exporter.
	 *
	 * @param array<string, mixed> $exporters Those there are.
	 * @return array<string, mixed>
	 */
	public function on_exporters( $exporters ): array {
		$own = array(
			'exporter_friendly_name' => __( 'Refund Desk: requests, cases and licences', 'refund-desk-bridge' ),
			'callback'               => array( $this, 'export' ),
		);
		return array( self::NAME => $own ) + (array) $exporters;
	}

	/**
	 * Names the eraser.
	 *
	 * @param array<string, mixed> $erasers Those there are.
	 * @return array<string, mixed>
	 */
	public function on_erasers( $erasers ): array {
		$own = array(
			'eraser_friendly_name' => __( 'Refund Desk: requests, cases and licences', 'refund-desk-bridge' ),
			'callback'             => array( $this, 'erase' ),
		);
		return array( self::NAME => $own ) + (array) $erasers;
	}

	/**
	 * One page of what the desk holds of a person.
	 *
	 * @param string $email The person's address.
	 * @param int    $page  From 1 on.
	 * @return array<string, mixed>|\WP_Error As WordPress wants it.
	 */
	public function export( $email, $page = 1 ) {
		if ( ! $this->settings->is_live() ) {
			return array(
				'data' => array(),
				'done' => true,
			);
		}
		try {
			$told = $this->server->call( 'privacy/export', self::person( (string) $email ) + array( 'page' => max( 1, (int) $page ) ), self::PATIENCE );
		} catch ( Trouble $trouble ) {
			return new \WP_Error( 'refund_desk_' . $trouble->kind, $trouble->getMessage() );
		}
		return array(
			'data' => self::items( new Part( $told ) ),
			'done' => true === ( $told['done'] ?? true ),
		);
	}

	/**
	 * Erases what the desk holds of a person, and what this store remembers of it.
	 *
	 * @param string $email The person's address.
	 * @return array<string, mixed>|\WP_Error As WordPress wants it.
	 */
	public function erase( $email ) {
		$person = self::person( (string) $email );
		if ( $person['woo_customer_id'] > 0 ) {
			Told::forget( $person['woo_customer_id'] );
		}
		try {
			$told = new Part( $this->settings->is_live() ? $this->server->call( 'privacy/erase', $person, self::PATIENCE ) : array() );
		} catch ( Trouble $trouble ) {
			return new \WP_Error( 'refund_desk_' . $trouble->kind, $trouble->getMessage() );
		}
		return array(
			'items_removed'  => $told->is( 'items_removed' ),
			'items_retained' => $told->is( 'items_retained' ),
			'messages'       => array_map( 'esc_html', $told->texts( 'messages' ) ),
			'done'           => true,
		);
	}

	/**
	 * Suggests what the store's privacy policy says of the desk.
	 *
	 * @return void
	 */
	public function on_admin_init(): void {
		if ( function_exists( 'wp_add_privacy_policy_content' ) ) {
			$words = array(
				__( 'To answer refund requests, we keep with Refund Desk, a server of our own: your orders with their amounts and dates, your e-mail address and country, your requests and messages to support with what you attach, and the web sites on which you use your licences.', 'refund-desk-bridge' ),
				__( 'We keep this as long as money may have to go back, or the law wants our books kept. Decisions and bookings stay after that without your name.', 'refund-desk-bridge' ),
				__( 'What you write and attach is deleted some time after your case has ended. You can ask us for a copy of your data, or to have it erased.', 'refund-desk-bridge' ),
			);
			wp_add_privacy_policy_content( 'Refund Desk', '<p>' . implode( '</p><p>', array_map( 'esc_html', $words ) ) . '</p>' );
		}
	}

	/**
	 * Who it is about.
	 *
	 * @param string $email The person's address.
	 * @return array<string, mixed>
	 */
	private static function person( string $email ): array {
		$user = get_user_by( 'email', $email );
		return array(
			'email'           => $email,
			'woo_customer_id' => $user instanceof \WP_User ? (int) $user->ID : 0,
			'language'        => Customer::language(),
		);
	}

	/**
	 * The items of an answer: WordPress prints their values as markup.
	 *
	 * @param Part $told The answer.
	 * @return array<int, array<string, mixed>>
	 */
	private static function items( Part $told ): array {
		$items = array();
		foreach ( $told->parts( 'data' ) as $item ) {
			$named = array();
			foreach ( $item->parts( 'data' ) as $one ) {
				$named[] = array(
					'name'  => esc_html( $one->text( 'name' ) ),
					'value' => esc_html( $one->text( 'value' ) ),
				);
			}
			$items[] = array(
				'group_id'    => sanitize_key( $item->text( 'group_id' ) ),
				'group_label' => esc_html( $item->text( 'group_label' ) ),
				'item_id'     => sanitize_key( $item->text( 'item_id' ) ),
				'data'        => $named,
			);
		}
		return $items;
	}
}
