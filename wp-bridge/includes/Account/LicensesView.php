<?php
/**
 * An order's licences, with the sites they are on and a button to switch each off.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Part;

defined( 'ABSPATH' ) || exit;

/**
 * Each button says to who does not see where it stands which site it is for.
 */
final class LicensesView {

	/**
	 * Shows the section.
	 *
	 * @param Part[] $licenses The licences.
	 * @param int    $order_id The order.
	 * @return void
	 */
	public static function show( array $licenses, int $order_id ): void {
		OrderView::begin( 'licenses', __( 'Your licences', 'refund-desk-bridge' ) );
		foreach ( $licenses as $license ) {
			printf( '<h3>%s</h3><p class="refund-desk-quiet">%s %s</p>', esc_html( $license->text( 'product' ) ), esc_html( $license->text( 'key' ) ), esc_html( $license->text( 'says' ) ) );
			$sites = $license->parts( 'sites' );
			if ( array() === $sites ) {
				echo '<p>' . esc_html__( 'It is switched on nowhere.', 'refund-desk-bridge' ) . '</p>';
				continue;
			}
			echo '<ul class="refund-desk-sites">';
			foreach ( $sites as $site ) {
				self::show_site( $site, $order_id );
			}
			echo '</ul><p class="refund-desk-quiet">' . esc_html__( 'Switched off, the product gets no updates on that site. You can switch it on again there with your key, unless you gave the licence back.', 'refund-desk-bridge' ) . '</p>';
		}
		echo '</section>';
	}

	/**
	 * Shows one site.
	 *
	 * @param Part $site     The site.
	 * @param int  $order_id The order.
	 * @return void
	 */
	private static function show_site( Part $site, int $order_id ): void {
		echo '<li><strong>' . esc_html( $site->text( 'site' ) ) . '</strong> ';
		if ( $site->is( 'is_staging' ) ) {
			echo '<span class="refund-desk-quiet">' . esc_html__( 'test site', 'refund-desk-bridge' ) . '</span> ';
		}
		echo '<span class="refund-desk-quiet">' . esc_html( $site->text( 'lost' ) ) . '</span><div class="refund-desk-buttons">';
		/* translators: %s: a site's name, such as "shop.example". */
		self::show_button( 'switch_off', $site, $order_id, __( 'Switch off', 'refund-desk-bridge' ), sprintf( __( 'Switch off on %s', 'refund-desk-bridge' ), $site->text( 'site' ) ) );
		if ( ! $site->has( 'lost' ) ) {
			/* translators: %s: a site's name, such as "shop.example". */
			self::show_button( 'say_lost', $site, $order_id, __( 'I cannot reach this site', 'refund-desk-bridge' ), sprintf( __( 'I cannot reach %s any more', 'refund-desk-bridge' ), $site->text( 'site' ) ) );
		}
		echo '</div></li>';
	}

	/**
	 * Shows a button about a site.
	 *
	 * @param string $deed     What it does.
	 * @param Part   $site     The site.
	 * @param int    $order_id The order.
	 * @param string $words    What it says.
	 * @param string $label    What it says to who does not see where it stands.
	 * @return void
	 */
	private static function show_button( string $deed, Part $site, int $order_id, string $words, string $label ): void {
		Form::begin( $deed, $order_id );
		printf( '<input type="hidden" name="site" value="%d">', absint( $site->number( 'id' ) ) );
		Form::end( $words, $label );
	}
}
