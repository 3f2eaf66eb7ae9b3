<?php
/**
 * The form that asks for a refund, with the facts that support needs filled in as far as they are known.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Part;

defined( 'ABSPATH' ) || exit;

/**
 * The order is known, the product and the site mostly; the version is the one that is sold now, to be
 * mended by who has another.
 */
final class AskForm {

	/** The desk takes no longer text. */
	const MOST_WORDS = 20000;

	/**
	 * What the desk offers to choose from.
	 *
	 * @var Part
	 */
	private $offered;

	/**
	 * What was written and not sent.
	 *
	 * @var Part
	 */
	private $draft;

	/**
	 * Keeps what it is given.
	 *
	 * @param Part $offered What there is to choose from.
	 * @param Part $draft   What was written and not sent.
	 */
	public function __construct( Part $offered, Part $draft ) {
		$this->offered = $offered;
		$this->draft   = $draft;
	}

	/**
	 * Shows the form.
	 *
	 * @param int $order_id The order.
	 * @return void
	 */
	public function show( int $order_id ): void {
		Form::begin( 'ask', $order_id );
		self::show_key();
		self::show_choice( 'reason', __( 'Why do you want the money back?', 'refund-desk-bridge' ), $this->offered->parts( 'reasons' ), $this->draft->text( 'reason' ), true );
		$products = $this->offered->parts( 'products' );
		if ( count( $products ) > 1 ) {
			self::show_choice( 'product', __( 'Which product is it about?', 'refund-desk-bridge' ), $products, $this->draft->text( 'product' ), false );
		} elseif ( 1 === count( $products ) ) {
			printf( '<input type="hidden" name="product" value="%s">', esc_attr( $products[0]->text( 'value' ) ) );
		}
		Form::lines( 'details', __( 'What happened? What did you do, what did you see, what should have happened?', 'refund-desk-bridge' ), $this->draft->text( 'details' ), self::MOST_WORDS );
		echo '<fieldset><legend>' . esc_html__( 'If something does not work: the facts that support needs', 'refund-desk-bridge' ) . '</legend>';
		$this->show_sites();
		self::show_facts( $this->draft, array( 'product_version', 'other_extensions', 'screenshots' ), $this->offered->text( 'version' ) );
		echo '</fieldset>';
		self::show_warning();
		Form::end( __( 'Ask for a refund', 'refund-desk-bridge' ) );
	}

	/**
	 * Gives the asking its own name, so that a form sent twice asks once.
	 *
	 * @return void
	 */
	public static function show_key(): void {
		printf( '<input type="hidden" name="request_key" value="%s">', esc_attr( bin2hex( random_bytes( 16 ) ) ) );
	}

	/**
	 * Asks for facts.
	 *
	 * @param Part     $draft   What was written and not sent.
	 * @param string[] $wanted  Which facts, by the desk's names.
	 * @param string   $version The version that is sold now, '' for not known.
	 * @return void
	 */
	public static function show_facts( Part $draft, array $wanted, string $version ): void {
		if ( in_array( 'site_url', $wanted, true ) ) {
			Form::line( 'site_url', __( 'The address of the site where it happens', 'refund-desk-bridge' ), $draft->text( 'site_url' ), 500 );
		}
		if ( in_array( 'product_version', $wanted, true ) ) {
			Form::line( 'product_version', __( 'The version of the product that is installed there', 'refund-desk-bridge' ), $draft->has( 'product_version' ) ? $draft->text( 'product_version' ) : $version, 100 );
		}
		if ( in_array( 'other_extensions', $wanted, true ) ) {
			Form::lines( 'other_extensions', __( 'The other extensions installed there, one to a line', 'refund-desk-bridge' ), $draft->text( 'other_extensions' ), 5000 );
			Form::tick( 'no_extensions', __( 'There are no others.', 'refund-desk-bridge' ) );
		}
		if ( in_array( 'screenshots', $wanted, true ) ) {
			Form::tick( 'no_screenshots', __( 'I have no screenshots.', 'refund-desk-bridge' ) );
		}
	}

	/**
	 * Warns against writing secrets.
	 *
	 * @return void
	 */
	public static function show_warning(): void {
		echo '<p class="refund-desk-quiet">' . esc_html__( 'Please write no passwords here.', 'refund-desk-bridge' ) . '</p>';
	}

	/**
	 * Asks for the site: of those that the licence is on, or another.
	 *
	 * @return void
	 */
	private function show_sites(): void {
		$sites   = $this->offered->texts( 'sites' );
		$written = $this->draft->has( 'site_url' ) ? $this->draft->text( 'site_url' ) : ( 1 === count( $sites ) ? $sites[0] : '' );
		printf( '<p class="form-row form-row-wide"><label for="refund-desk-site-url">%s</label><input type="text" class="input-text" id="refund-desk-site-url" name="site_url" list="refund-desk-sites" value="%s" maxlength="500"></p><datalist id="refund-desk-sites">', esc_html__( 'The address of the site where it happens', 'refund-desk-bridge' ), esc_attr( $written ) );
		foreach ( $sites as $site ) {
			printf( '<option value="%s"></option>', esc_attr( $site ) );
		}
		echo '</datalist>';
	}

	/**
	 * Asks to choose.
	 *
	 * @param string $name      The field.
	 * @param string $label     What it asks for.
	 * @param Part[] $choices   What there is to choose from.
	 * @param string $chosen    What was chosen before.
	 * @param bool   $is_needed Whether something must be chosen.
	 * @return void
	 */
	private static function show_choice( string $name, string $label, array $choices, string $chosen, bool $is_needed ): void {
		printf( '<p class="form-row form-row-wide"><label for="refund-desk-%s">%s</label><select class="input-select" id="refund-desk-%s" name="%s"%s><option value="">%s</option>', esc_attr( $name ), esc_html( $label ), esc_attr( $name ), esc_attr( $name ), $is_needed ? ' required' : '', esc_html__( 'Please choose', 'refund-desk-bridge' ) );
		foreach ( $choices as $choice ) {
			printf( '<option value="%s"%s>%s</option>', esc_attr( $choice->text( 'value' ) ), $choice->text( 'value' ) === $chosen ? ' selected' : '', esc_html( $choice->text( 'label' ) ) );
		}
		echo '</select></p>';
	}
}
