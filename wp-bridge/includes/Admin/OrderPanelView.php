<?php
/**
 * Lays out what the desk told of an order.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Admin;

use RefundDesk\Bridge\Server\Part;

defined( 'ABSPATH' ) || exit;

/**
 * No rule is here: amounts, sentences and clauses come worded from the desk.
 */
final class OrderPanelView {

	/**
	 * The desk's address: links lead there and nowhere else.
	 *
	 * @var string
	 */
	private $server;

	/**
	 * Keeps what it is given.
	 *
	 * @param string $server The desk's address.
	 */
	public function __construct( string $server ) {
		$this->server = $server;
	}

	/**
	 * Shows the panel.
	 *
	 * @param Part $told  What the desk told.
	 * @param int     $as_of When, if not just now: a UNIX time.
	 * @return void
	 */
	public function show( Part $told, int $as_of ): void {
		if ( $as_of > 0 ) {
			/* translators: %s: a date and time. */
			echo '<p><em>' . esc_html( sprintf( __( 'The desk does not answer just now. This is what it said on %s.', 'refund-desk-bridge' ), self::moment( $as_of ) ) ) . '</em></p>';
		}
		echo '<h4>' . esc_html__( 'Decision', 'refund-desk-bridge' ) . '</h4>';
		if ( $told->has( 'request' ) ) {
			$this->show_request( $told->part( 'request' ) );
		} else {
			$this->show_outlook( $told );
		}
		echo '<h4>' . esc_html__( 'Money', 'refund-desk-bridge' ) . '</h4><ul>';
		foreach ( $told->parts( 'refunds' ) as $refund ) {
			echo '<li>';
			$this->show_link( $refund->text( 'url' ), $refund->text( 'amount' ) );
			echo ' ' . esc_html( self::state_of_refund( $refund->text( 'state' ) ) ) . ', ' . esc_html( self::moment( $refund->instant( 'at' ) ) ) . '</li>';
		}
		if ( array() === $told->parts( 'refunds' ) ) {
			echo '<li>' . esc_html__( 'The desk has paid nothing back.', 'refund-desk-bridge' ) . '</li>';
		}
		echo '</ul><h4>' . esc_html__( 'Licences', 'refund-desk-bridge' ) . '</h4><ul>';
		foreach ( $told->parts( 'licenses' ) as $license ) {
			$this->show_license( $license );
		}
		if ( array() === $told->parts( 'licenses' ) ) {
			echo '<li>' . esc_html__( 'None.', 'refund-desk-bridge' ) . '</li>';
		}
		echo '</ul>';
	}

	/**
	 * Shows the last request and what was decided.
	 *
	 * @param Part $request The request.
	 * @return void
	 */
	private function show_request( Part $request ): void {
		echo '<p>';
		/* translators: %d: a number. */
		$this->show_link( $request->text( 'url' ), sprintf( __( 'Request %d', 'refund-desk-bridge' ), $request->number( 'number' ) ) );
		echo ': <strong>' . esc_html( self::state_of_request( $request->text( 'state' ) ) ) . '</strong>, ';
		/* translators: %s: a date and time. */
		echo esc_html( sprintf( __( 'asked on %s', 'refund-desk-bridge' ), self::moment( $request->instant( 'asked_at' ) ) ) ) . '</p>';
		if ( $request->has( 'decision' ) ) {
			$this->show_decision( $request->part( 'decision' ) );
		}
	}

	/**
	 * Shows a decision with its clause and reasons.
	 *
	 * @param Part $decision The decision.
	 * @return void
	 */
	private function show_decision( Part $decision ): void {
		echo '<p><strong>' . esc_html( $decision->text( 'headline' ) ) . '</strong> ' . esc_html( $decision->text( 'reason' ) ) . '</p>';
		foreach ( $decision->texts( 'awaits' ) as $awaited ) {
			echo '<p>' . esc_html( $awaited ) . '</p>';
		}
		$clause = $decision->text( 'clause' );
		$words  = $decision->is( 'by_person' )
			/* translators: %s: name and version of a policy. */
			? sprintf( __( 'Decided by a person, beside the policy %s.', 'refund-desk-bridge' ), $decision->text( 'policy' ) )
			/* translators: 1: number of a clause, 2: name and version of a policy. */
			: sprintf( __( 'Settled by clause %1$s of the policy %2$s.', 'refund-desk-bridge' ), $clause, $decision->text( 'policy' ) );
		if ( '' !== $clause || $decision->is( 'by_person' ) ) {
			echo '<p class="description">' . esc_html( $words ) . '</p>';
		}
		if ( array() === $decision->parts( 'trace' ) ) {
			return;
		}
		echo '<details><summary>' . esc_html__( 'What each clause said', 'refund-desk-bridge' ) . '</summary><ul>';
		foreach ( $decision->parts( 'trace' ) as $step ) {
			echo '<li><strong>' . esc_html( $step->text( 'clause' ) ) . '</strong> ' . esc_html( $step->text( 'says' ) ) . '</li>';
		}
		echo '</ul></details>';
	}

	/**
	 * Shows what a request would bring, where nobody asked.
	 *
	 * @param Part $told What the desk told.
	 * @return void
	 */
	private function show_outlook( Part $told ): void {
		echo '<p>' . esc_html__( 'Nobody has asked for a refund.', 'refund-desk-bridge' ) . '</p>';
		if ( 'person' === $told->text( 'decides' ) ) {
			echo '<p>' . esc_html__( 'About this order a person would decide.', 'refund-desk-bridge' ) . '</p>';
			return;
		}
		foreach ( $told->parts( 'comes_back' ) as $step ) {
			$until = $step->instant( 'until' );
			$words = $until > 0
				/* translators: 1: an amount, 2: a date and time. */
				? sprintf( __( '%1$s could come back until %2$s, if all is done that the policy asks for.', 'refund-desk-bridge' ), $step->text( 'amount' ), self::moment( $until ) )
				/* translators: %s: an amount. */
				: sprintf( __( '%s could come back, if all is done that the policy asks for.', 'refund-desk-bridge' ), $step->text( 'amount' ) );
			echo '<p>' . esc_html( $words ) . '</p>';
		}
		if ( array() === $told->parts( 'comes_back' ) ) {
			echo '<p>' . esc_html__( 'The policy gives nothing back for it any more.', 'refund-desk-bridge' ) . '</p>';
		}
	}

	/**
	 * Shows one licence and where it is in use.
	 *
	 * @param Part $license The licence.
	 * @return void
	 */
	private function show_license( Part $license ): void {
		/* translators: 1: a product, 2: the last characters of a licence key. */
		echo '<li>' . esc_html( sprintf( __( '%1$s, key ending in %2$s:', 'refund-desk-bridge' ), $license->text( 'product' ), $license->text( 'key_ends_with' ) ) ) . ' ';
		echo esc_html( 'active' === $license->text( 'state' ) ? __( 'active', 'refund-desk-bridge' ) : __( 'ended', 'refund-desk-bridge' ) ) . '<ul style="list-style:disc;margin-left:1.5em">';
		foreach ( $license->parts( 'sites' ) as $site ) {
			echo '<li>' . esc_html( $site->text( 'site' ) );
			if ( $site->is( 'is_staging' ) ) {
				echo ' (' . esc_html__( 'a staging site', 'refund-desk-bridge' ) . ')';
			}
			if ( $site->is( 'is_lost' ) ) {
				echo ' (' . esc_html__( 'said to be lost', 'refund-desk-bridge' ) . ')';
			}
			echo '</li>';
		}
		if ( array() === $license->parts( 'sites' ) ) {
			echo '<li>' . esc_html__( 'in use on no site', 'refund-desk-bridge' ) . '</li>';
		}
		echo '</ul></li>';
	}

	/**
	 * Shows a link to the desk; its text alone where it leads elsewhere.
	 *
	 * @param string $address The address.
	 * @param string $words   The text.
	 * @return void
	 */
	private function show_link( string $address, string $words ): void {
		if ( 0 !== strpos( $address, $this->server . '/desk/' ) ) {
			echo esc_html( $words );
			return;
		}
		printf( '<a href="%s" target="_blank" rel="noopener noreferrer">%s</a>', esc_url( $address ), esc_html( $words ) );
	}

	/**
	 * How a request stands.
	 *
	 * @param string $state The desk's name for it.
	 * @return string
	 */
	private static function state_of_request( string $state ): string {
		switch ( $state ) {
			case 'asked':
				return __( 'to be judged', 'refund-desk-bridge' );
			case 'awaiting':
				return __( 'something is waited for', 'refund-desk-bridge' );
			case 'in_review':
				return __( 'a person decides', 'refund-desk-bridge' );
			case 'granted':
				return __( 'granted', 'refund-desk-bridge' );
			case 'refused':
				return __( 'refused', 'refund-desk-bridge' );
			case 'withdrawn':
				return __( 'taken back', 'refund-desk-bridge' );
		}
		return $state;
	}

	/**
	 * How a refund stands.
	 *
	 * @param string $state The desk's name for it.
	 * @return string
	 */
	private static function state_of_refund( string $state ): string {
		switch ( $state ) {
			case 'due':
				return __( 'is to be paid', 'refund-desk-bridge' );
			case 'sending':
				return __( 'is being paid', 'refund-desk-bridge' );
			case 'unknown':
				return __( 'was sent without an answer; the desk looks whether it was paid', 'refund-desk-bridge' );
			case 'needs_review':
				return __( 'needs a person at the desk: whether it was paid could not be found out', 'refund-desk-bridge' );
			case 'paid':
				return __( 'is paid', 'refund-desk-bridge' );
			case 'failed':
				return __( 'was not paid', 'refund-desk-bridge' );
		}
		return $state;
	}

	/**
	 * A moment as the site writes it.
	 *
	 * @param int $at A UNIX time.
	 * @return string
	 */
	private static function moment( int $at ): string {
		return $at > 0 ? (string) wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $at ) : '–';
	}
}
