<?php
/**
 * One part of what the desk tells.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Server;

defined( 'ABSPATH' ) || exit;

/**
 * Reads a part of an answer whatever it holds: what is not there, or not of its kind, is empty. Nothing
 * here is escaped.
 */
final class Part {

	/**
	 * The part as it came.
	 *
	 * @var array<mixed>
	 */
	private $told;

	/**
	 * Keeps what it is given.
	 *
	 * @param mixed $told What came.
	 */
	public function __construct( $told ) {
		$this->told = is_array( $told ) ? $told : array();
	}

	/**
	 * Whether there is anything under this name.
	 *
	 * @param string $name The name.
	 * @return bool
	 */
	public function has( string $name ): bool {
		$value = $this->told[ $name ] ?? null;
		return null !== $value && '' !== $value && array() !== $value && false !== $value;
	}

	/**
	 * A sentence.
	 *
	 * @param string $name The name.
	 * @return string
	 */
	public function text( string $name ): string {
		$value = $this->told[ $name ] ?? '';
		return is_string( $value ) ? $value : '';
	}

	/**
	 * A number.
	 *
	 * @param string $name The name.
	 * @return int
	 */
	public function number( string $name ): int {
		$value = $this->told[ $name ] ?? 0;
		return is_int( $value ) ? $value : 0;
	}

	/**
	 * An instant.
	 *
	 * @param string $name Its name.
	 * @return int A UNIX time, 0 where there is none.
	 */
	public function instant( string $name ): int {
		$text = $this->text( $name );
		return '' === $text ? 0 : max( 0, (int) strtotime( $text ) );
	}

	/**
	 * Whether it is said to be so.
	 *
	 * @param string $name The name.
	 * @return bool
	 */
	public function is( string $name ): bool {
		return true === ( $this->told[ $name ] ?? false );
	}

	/**
	 * A part of this part.
	 *
	 * @param string $name The name.
	 * @return Part
	 */
	public function part( string $name ): Part {
		return new self( $this->told[ $name ] ?? null );
	}

	/**
	 * A list of parts.
	 *
	 * @param string $name The name.
	 * @return Part[]
	 */
	public function parts( string $name ): array {
		$found = array();
		foreach ( is_array( $this->told[ $name ] ?? null ) ? $this->told[ $name ] : array() as $one ) {
			$found[] = new self( $one );
		}
		return $found;
	}

	/**
	 * A list of sentences.
	 *
	 * @param string $name The name.
	 * @return string[]
	 */
	public function texts( string $name ): array {
		$listed = is_array( $this->told[ $name ] ?? null ) ? $this->told[ $name ] : array();
		return array_values( array_filter( $listed, 'is_string' ) );
	}
}
