<?php
/**
 * Calls the desk: signed, with a short time-out, and only believing an answer that proves itself.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Server;

use RefundDesk\Bridge\Connect\Code;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Every call is a POST of a JSON object, and so is its answer. No secret stands in an address, in a
 * header or in what is thrown.
 *
 * Call it from a background action or a form somebody sent; while a page is shown only by who waits
 * for no more than three seconds and has something to show without: a desk that hangs holds the page.
 */
final class Server {

	/** Seconds for a call that the desk answers by itself. */
	const PATIENCE = 10;

	/** Seconds for a call during which the desk calls the store in its turn. */
	const LONG_PATIENCE = 40;

	/** More is no answer of a desk. */
	const LONGEST_ANSWER = 1048576;

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Keeps what it is given.
	 *
	 * @param Settings $settings Knows the connection.
	 */
	public function __construct( Settings $settings ) {
		$this->settings = $settings;
	}

	/**
	 * Calls the connected desk: POST <server>/bridge/<connection>/<what>.
	 *
	 * @param string               $what     What for, such as "check".
	 * @param array<string, mixed> $said     The body.
	 * @param int                  $patience Seconds.
	 * @return array<string, mixed> The answer.
	 * @throws Trouble When there is no proven answer, or the desk refuses.
	 */
	public function call( string $what, array $said = array(), int $patience = self::PATIENCE ): array {
		$said = array( 'address' => Settings::own_address() ) + $said;
		return $this->exchange( $this->settings->server(), $this->route( $what ), $said, $this->settings->secret(), $patience );
	}

	/**
	 * Reports an event to the connected desk. Sent again under the same id, it counts once.
	 *
	 * @param string               $id    The event's id.
	 * @param array<string, mixed> $event The event.
	 * @return void
	 * @throws Trouble When the desk did not take it.
	 */
	public function report( string $id, array $event ): void {
		$event = array( 'address' => Settings::own_address() ) + $event;
		$this->exchange( $this->settings->server(), $this->route( 'events' ), $event, $this->settings->secret(), self::PATIENCE, $id );
	}

	/**
	 * Asks a desk, before anything is told to it, to prove that it made the code.
	 *
	 * The desk's address is part of what is signed: a desk refuses what was meant for another, so none
	 * can pass the call on to the one that made the code.
	 *
	 * @param string $server The desk's address.
	 * @param Code   $code   The code.
	 * @return array<string, mixed> The answer.
	 * @throws Trouble When it does not prove it.
	 */
	public function greet( string $server, Code $code ): array {
		$said = array(
			'code' => $code->name,
			'desk' => $server,
		);
		return $this->exchange( $server, '/bridge/greet', $said, $code->key, self::PATIENCE );
	}

	/**
	 * Hands the store's keys to a desk that has proven itself.
	 *
	 * @param string               $server The desk's address.
	 * @param Code                 $code   The code.
	 * @param array<string, mixed> $said   The store and its keys.
	 * @return array<string, mixed> The connection and the webhooks that the desk wants.
	 * @throws Trouble When the desk refuses, or does not answer.
	 */
	public function connect( string $server, Code $code, array $said ): array {
		$said = array(
			'code' => $code->name,
			'desk' => $server,
		) + $said;
		return $this->exchange( $server, '/bridge/connect', $said, $code->key, self::LONG_PATIENCE );
	}

	/**
	 * Where the connected desk is called for something.
	 *
	 * @param string $what What for.
	 * @return string Below its address.
	 */
	private function route( string $what ): string {
		return '/bridge/' . $this->settings->connection_id() . '/' . $what;
	}

	/**
	 * One call and its answer.
	 *
	 * @param string               $server   The desk's address.
	 * @param string               $route    Where to, below it.
	 * @param array<string, mixed> $said     The body.
	 * @param string               $key      What both sides sign with.
	 * @param int                  $patience Seconds.
	 * @param string               $event_id The id of an event, whose signature has the scheme's own form;
	 *                                       '' for any other call, which gets an id of its own.
	 * @return array<string, mixed> The answer.
	 * @throws Trouble When there is no proven answer, or the desk refuses.
	 */
	private function exchange( string $server, string $route, array $said, string $key, int $patience, string $event_id = '' ): array {
		$address = $server . $route;
		$body    = (string) wp_json_encode( $said );
		$id      = '' === $event_id ? Signature::new_id() : $event_id;
		$signed  = '' === $event_id ? Signature::content_of_call( 'POST', $route, $body ) : $body;
		$answer  = wp_remote_post(
			$address,
			array(
				'headers'             => Signature::headers( $key, $id, time(), $signed ) + array(
					'Content-Type' => 'application/json',
					'Accept'       => 'application/json',
				),
				'body'                => $body,
				'timeout'             => $patience,
				'redirection'         => 0,
				'limit_response_size' => self::LONGEST_ANSWER,
				'user-agent'          => 'RefundDeskBridge/' . REFUND_DESK_BRIDGE_VERSION,
			)
		);
		if ( is_wp_error( $answer ) ) {
			throw Words::unreachable( $address, $answer );
		}
		$status = (int) wp_remote_retrieve_response_code( $answer );
		$text   = wp_remote_retrieve_body( $answer );
		$told   = json_decode( $text, true );
		if ( $status < 200 || $status > 299 ) {
			throw Words::refused( $address, $status, is_array( $told ) ? $told : null, (string) wp_remote_retrieve_header( $answer, 'location' ) );
		}
		if ( ! is_array( $told ) ) {
			throw Words::not_a_desk( $address );
		}
		$timestamp = (string) wp_remote_retrieve_header( $answer, 'webhook-timestamp' );
		$signature = (string) wp_remote_retrieve_header( $answer, 'webhook-signature' );
		if ( ! Signature::is_answer( $key, $id, $timestamp, $signature, $text ) ) {
			throw Words::not_proven( $address );
		}
		$this->settings->note_contact( time() );
		return $told;
	}
}
