<?php
/**
 * The one-time code by which a store and its desk know each other before they are connected.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

defined( 'ABSPATH' ) || exit;

/**
 * Eight characters that name the code to the desk, and 25 that nobody else knows: 125 bits. Those
 * never travel. Each side proves that it has them by what it signs.
 */
final class Code {

	const NAME_LENGTH   = 8;
	const SECRET_LENGTH = 25;

	/**
	 * What the desk finds the code by.
	 *
	 * @var string
	 */
	public $name;

	/**
	 * The key that calls are signed with while there is no connection yet.
	 *
	 * @var string
	 */
	public $key;

	/**
	 * Keeps what it is given.
	 *
	 * @param string $name What the desk finds the code by.
	 * @param string $key  The key, as bytes.
	 */
	private function __construct( string $name, string $key ) {
		$this->name = $name;
		$this->key  = $key;
	}

	/**
	 * Reads what a person pasted: spaces, hyphens and capitals do not matter.
	 *
	 * @param string $pasted The text.
	 * @return Code|null Null for what cannot be a code.
	 */
	public static function read( string $pasted ): ?Code {
		$plain = (string) preg_replace( '/[\s\-\x{2010}-\x{2014}]+/u', '', strtolower( $pasted ) );
		if ( 1 !== preg_match( '/^[a-z2-7]{' . ( self::NAME_LENGTH + self::SECRET_LENGTH ) . '}$/D', $plain ) ) {
			return null;
		}
		$name = substr( $plain, 0, self::NAME_LENGTH );
		return new self( $name, hash( 'sha256', "refund-desk code\n{$plain}", true ) );
	}
}
