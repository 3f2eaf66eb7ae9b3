<?php
/**
 * Signs what goes between store and desk, and checks what comes.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Server;

defined( 'ABSPATH' ) || exit;

/**
 * The scheme of Standard Webhooks: base64 of HMAC-SHA256 over "id.timestamp.body", named "v1".
 *
 * Both sides sign with the same key. So that nobody can send a call back as its own answer, the
 * answer to `msg_x` is signed under the id `answer_msg_x`. An event is signed just so; of any other call
 * method and route stand before the body, so that it cannot be sent again as another.
 */
final class Signature {

	/**
	 * The headers of a signed call.
	 *
	 * @param string $key       The key, as bytes.
	 * @param string $id        The call's id, without a dot.
	 * @param int    $timestamp A UNIX time.
	 * @param string $body      The body, exactly as it is sent, or what stands for it.
	 * @return array<string, string>
	 */
	public static function headers( string $key, string $id, int $timestamp, string $body ): array {
		return array(
			'webhook-id'        => $id,
			'webhook-timestamp' => (string) $timestamp,
			'webhook-signature' => self::sign( $key, $id, (string) $timestamp, $body ),
		);
	}

	/**
	 * What a call that is no event signs in the place of its body.
	 *
	 * @param string $method Such as "POST".
	 * @param string $route  Below the desk's address, such as "/bridge/greet".
	 * @param string $body   The body, exactly as it is sent.
	 * @return string
	 */
	public static function content_of_call( string $method, string $route, string $body ): string {
		return "{$method} {$route}\n{$body}";
	}

	/**
	 * One signature.
	 *
	 * @param string $key       The key, as bytes.
	 * @param string $id        The id.
	 * @param string $timestamp The UNIX time as it is sent.
	 * @param string $body      The body.
	 * @return string "v1," and the base64.
	 */
	public static function sign( string $key, string $id, string $timestamp, string $body ): string {
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode -- the scheme's form.
		return 'v1,' . base64_encode( hash_hmac( 'sha256', "{$id}.{$timestamp}.{$body}", $key, true ) );
	}

	/**
	 * Whether an answer to a call was made by who has the key.
	 *
	 * @param string $key       The key, as bytes.
	 * @param string $id        The id of the call.
	 * @param string $timestamp The answer's header.
	 * @param string $signature The answer's header: one signature, or several with a space between.
	 * @param string $body      The answer's body.
	 * @return bool
	 */
	public static function is_answer( string $key, string $id, string $timestamp, string $signature, string $body ): bool {
		$right = self::sign( $key, self::answer_id( $id ), $timestamp, $body );
		$found = false;
		foreach ( explode( ' ', $signature ) as $one ) {
			$found = hash_equals( $right, $one ) || $found;
		}
		return $found && '' !== $key;
	}

	/**
	 * The id under which a call is answered.
	 *
	 * @param string $id The id of the call.
	 * @return string
	 */
	public static function answer_id( string $id ): string {
		return 'answer_' . $id;
	}

	/**
	 * An id for a new call.
	 *
	 * @return string
	 */
	public static function new_id(): string {
		return 'msg_' . wp_generate_password( 24, false );
	}
}
