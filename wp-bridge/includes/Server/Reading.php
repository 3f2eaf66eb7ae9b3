<?php
/**
 * Reads what the desk told: whatever has another form than agreed counts as not said.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Server;

defined( 'ABSPATH' ) || exit;

/**
 * One object of an answer.
 */
final class Reading {

	/**
	 * The object.
	 *
	 * @var array<string, mixed>
	 */
	private $told;

	/**
	 * Keeps what it is given.
	 *
	 * @param array<string, mixed> $told The object.
	 */
	public function __construct( array $told ) {
		$this->told = $told;
	}

	/**
	 * A text.
	 *
	 * @param string $name Its name.
	 * @return string '' where there is none.
	 */
	public function text( string $name ): string {
		$value = $this->told[ $name ] ?? '';
		return is_string( $value ) ? $value : '';
	}

	/**
	 * A number.
	 *
	 * @param string $name Its name.
	 * @return int 0 where there is none.
	 */
	public function number( string $name ): int {
		$value = $this->told[ $name ] ?? 0;
		return is_int( $value ) ? $value : 0;
	}

	/**
	 * Whether something is so.
	 *
	 * @param string $name Its name.
	 * @return bool
	 */
	public function is( string $name ): bool {
		return true === ( $this->told[ $name ] ?? false );
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
	 * An object inside.
	 *
	 * @param string $name Its name.
	 * @return Reading|null Null where there is none.
	 */
	public function part( string $name ): ?Reading {
		$value = $this->told[ $name ] ?? null;
		return is_array( $value ) ? new self( $value ) : null;
	}

	/**
	 * A list of objects.
	 *
	 * @param string $name Its name.
	 * @return Reading[]
	 */
	public function parts( string $name ): array {
		$parts = array();
		foreach ( $this->listed( $name ) as $one ) {
			if ( is_array( $one ) ) {
				$parts[] = new self( $one );
			}
		}
		return $parts;
	}

	/**
	 * A list of texts.
	 *
	 * @param string $name Its name.
	 * @return string[]
	 */
	public function texts( string $name ): array {
		return array_values( array_filter( $this->listed( $name ), 'is_string' ) );
	}

	/**
	 * A list.
	 *
	 * @param string $name Its name.
	 * @return array<int|string, mixed>
	 */
	private function listed( string $name ): array {
		$value = $this->told[ $name ] ?? array();
		return is_array( $value ) ? $value : array();
	}
}
