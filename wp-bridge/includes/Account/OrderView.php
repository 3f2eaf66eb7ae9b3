<?php
/**
 * The page of one order: what was asked, what is said, where the money is, what comes back, the licences.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Part;

defined( 'ABSPATH' ) || exit;

/**
 * Lays out what the desk says. The theme writes the page's title as its first heading; each section here
 * begins with one of the second order.
 */
final class OrderView {

	/**
	 * What the desk says.
	 *
	 * @var Part
	 */
	private $page;

	/**
	 * The order's number.
	 *
	 * @var int
	 */
	private $order_id;

	/**
	 * What was written and not sent.
	 *
	 * @var Part
	 */
	private $draft;

	/**
	 * Keeps what it is given.
	 *
	 * @param Part $page     What the desk says.
	 * @param int  $order_id The order's number.
	 */
	public function __construct( Part $page, int $order_id ) {
		$this->page     = $page;
		$this->order_id = $order_id;
		$this->draft    = Form::take_draft( $order_id );
	}

	/**
	 * Shows the page.
	 *
	 * @return void
	 */
	public function show(): void {
		$this->show_order();
		if ( $this->page->has( 'asked' ) ) {
			$this->show_asked( $this->page->part( 'asked' ) );
		}
		if ( $this->page->has( 'messages' ) ) {
			$this->show_messages( $this->page->part( 'messages' ) );
		}
		if ( $this->page->has( 'money' ) ) {
			self::begin( 'money', __( 'Where the money is', 'refund-desk-bridge' ) );
			self::show_list( $this->page->texts( 'money' ) );
			echo '</section>';
		}
		if ( $this->page->has( 'today' ) ) {
			$this->show_today( $this->page->part( 'today' ) );
		}
		if ( $this->page->has( 'withdrawal' ) ) {
			WithdrawalView::show_offer( $this->page->part( 'withdrawal' ), $this->order_id );
		}
		if ( $this->page->has( 'ask' ) ) {
			self::begin( 'ask', __( 'Ask for a refund', 'refund-desk-bridge' ) );
			( new AskForm( $this->page->part( 'ask' ), $this->draft ) )->show( $this->order_id );
			echo '</section>';
		}
		if ( $this->page->has( 'licenses' ) ) {
			LicensesView::show( $this->page->parts( 'licenses' ), $this->order_id );
		}
		printf( '<p><a href="%s">%s</a></p>', esc_url( Pages::address() ), esc_html__( 'All orders', 'refund-desk-bridge' ) );
	}

	/**
	 * Begins a section.
	 *
	 * @param string $name    What it is, in addresses.
	 * @param string $heading What it says above.
	 * @return void
	 */
	public static function begin( string $name, string $heading ): void {
		$id = 'refund-desk-' . $name;
		printf( '<section class="refund-desk-section" id="%s" aria-labelledby="%s-heading"><h2 id="%s-heading">%s</h2>', esc_attr( $id ), esc_attr( $id ), esc_attr( $id ), esc_html( $heading ) );
	}

	/**
	 * Shows sentences as a list.
	 *
	 * @param string[] $sentences The sentences.
	 * @return void
	 */
	public static function show_list( array $sentences ): void {
		echo '<ul>';
		foreach ( $sentences as $sentence ) {
			echo '<li>' . esc_html( $sentence ) . '</li>';
		}
		echo '</ul>';
	}

	/**
	 * Shows what was bought, and whether it is paid.
	 *
	 * @return void
	 */
	private function show_order(): void {
		/* translators: %s: the order's number. */
		self::begin( 'order', sprintf( __( 'Order %s', 'refund-desk-bridge' ), $this->page->text( 'number' ) ) );
		echo '<p>' . esc_html( $this->page->text( 'paid' ) ) . '</p>';
		self::show_list( $this->page->texts( 'stuck' ) );
		echo '<table class="shop_table"><caption class="screen-reader-text">' . esc_html__( 'What was bought', 'refund-desk-bridge' ) . '</caption><tbody>';
		foreach ( $this->page->parts( 'items' ) as $item ) {
			printf( '<tr><th scope="row">%s</th><td class="refund-desk-amount">%s</td></tr>', esc_html( $item->text( 'name' ) ), esc_html( $item->text( 'amount' ) ) );
		}
		echo '</tbody></table></section>';
	}

	/**
	 * Shows the request, and what is to be done about it.
	 *
	 * @param Part $asked The request.
	 * @return void
	 */
	private function show_asked( Part $asked ): void {
		self::begin( 'asked', __( 'Your request', 'refund-desk-bridge' ) );
		echo '<p><strong>' . esc_html( $asked->text( 'says' ) ) . '</strong> <span class="refund-desk-quiet">' . esc_html( $asked->text( 'on' ) ) . '</span></p>';
		if ( $asked->has( 'answer' ) ) {
			$this->show_answer( $asked->part( 'answer' ) );
		}
		if ( $this->page->has( 'missing' ) ) {
			$this->show_report( $this->page->texts( 'missing' ) );
		}
		$statement = $this->page->part( 'statement' );
		if ( $statement->has( 'text' ) ) {
			Form::begin( 'statement', $this->order_id );
			Form::tick( 'destroyed', $statement->text( 'text' ) );
			Form::end( __( 'I state that', 'refund-desk-bridge' ) );
		} elseif ( $statement->has( 'made' ) ) {
			echo '<p>' . esc_html( $statement->text( 'made' ) ) . '</p>';
		}
		if ( $asked->is( 'may_withdraw' ) ) {
			Form::begin( 'take_back', $this->order_id );
			Form::end( __( 'Withdraw the request', 'refund-desk-bridge' ) );
		}
		echo '</section>';
	}

	/**
	 * Shows the decision in words.
	 *
	 * @param Part $answer The decision.
	 * @return void
	 */
	private function show_answer( Part $answer ): void {
		foreach ( array( 'headline', 'reason' ) as $name ) {
			if ( $answer->has( $name ) ) {
				echo '<p>' . esc_html( $answer->text( $name ) ) . '</p>';
			}
		}
		if ( $answer->has( 'awaits' ) ) {
			echo '<h3>' . esc_html__( 'What happens next', 'refund-desk-bridge' ) . '</h3>';
			self::show_list( $answer->texts( 'awaits' ) );
		}
		if ( $answer->has( 'lines' ) ) {
			echo '<table class="shop_table"><caption>' . esc_html__( 'How the amount is reckoned', 'refund-desk-bridge' ) . '</caption>';
			foreach ( $answer->parts( 'lines' ) as $line ) {
				printf( '<tbody><tr><th scope="rowgroup" colspan="2">%s</th></tr>', esc_html( $line->text( 'label' ) ) );
				foreach ( $line->parts( 'parts' ) as $part ) {
					printf( '<tr><th scope="row" class="refund-desk-part">%s</th><td class="refund-desk-amount">%s</td></tr>', esc_html( $part->text( 'label' ) ), esc_html( $part->text( 'text' ) ) );
				}
				echo '</tbody>';
			}
			$total = $answer->part( 'total' );
			printf( '<tfoot><tr><th scope="row">%s</th><td class="refund-desk-amount"><strong>%s</strong></td></tr></tfoot></table>', esc_html( $total->text( 'label' ) ), esc_html( $total->text( 'text' ) ) );
		}
		if ( $answer->has( 'changes' ) ) {
			echo '<h3>' . esc_html__( 'What would change it', 'refund-desk-bridge' ) . '</h3>';
			self::show_list( $answer->texts( 'changes' ) );
		}
		echo '<p class="refund-desk-quiet">' . esc_html( $answer->text( 'zone' ) ) . '</p>';
	}

	/**
	 * Asks for what the report lacks.
	 *
	 * @param string[] $missing The facts that are missing.
	 * @return void
	 */
	private function show_report( array $missing ): void {
		echo '<h3>' . esc_html__( 'What we still need', 'refund-desk-bridge' ) . '</h3>';
		Form::begin( 'report', $this->order_id );
		AskForm::show_facts( $this->draft, $missing, '' );
		if ( in_array( 'details', $missing, true ) ) {
			Form::lines( 'details', __( 'What happened? What did you do, what did you see, what should have happened?', 'refund-desk-bridge' ), $this->draft->text( 'details' ), AskForm::MOST_WORDS );
		}
		AskForm::show_warning();
		Form::end( __( 'Send the details', 'refund-desk-bridge' ) );
	}

	/**
	 * Shows what support and the customer wrote, what is offered, and where to answer.
	 *
	 * @param Part $messages The messages.
	 * @return void
	 */
	private function show_messages( Part $messages ): void {
		self::begin( 'messages', __( 'Messages about your case', 'refund-desk-bridge' ) );
		foreach ( $messages->parts( 'said' ) as $one ) {
			printf(
				'<article class="refund-desk-message"><h3>%s <span class="refund-desk-quiet">%s</span></h3><p class="refund-desk-written">%s</p></article>',
				$one->is( 'by_customer' ) ? esc_html__( 'You', 'refund-desk-bridge' ) : esc_html__( 'Support', 'refund-desk-bridge' ),
				esc_html( $one->text( 'at' ) ),
				esc_html( $one->text( 'words' ) )
			);
		}
		foreach ( $messages->parts( 'offers' ) as $offer ) {
			$this->show_offer( $offer );
		}
		Form::begin( 'reply', $this->order_id );
		printf( '<input type="hidden" name="last_turn" value="%d">', absint( $messages->number( 'last_turn' ) ) );
		Form::lines( 'words', __( 'Write to support', 'refund-desk-bridge' ), $this->draft->text( 'words' ), AskForm::MOST_WORDS );
		AskForm::show_warning();
		Form::end( __( 'Send the message', 'refund-desk-bridge' ) );
		echo '</section>';
	}

	/**
	 * Shows charged work that is offered, or was answered.
	 *
	 * @param Part $offer The offer.
	 * @return void
	 */
	private function show_offer( Part $offer ): void {
		echo '<article class="refund-desk-message"><h3>' . esc_html( $offer->text( 'heading' ) ) . '</h3><p class="refund-desk-written">' . esc_html( $offer->text( 'work' ) ) . '</p><p>' . esc_html( $offer->text( 'says' ) ) . '</p><div class="refund-desk-buttons">';
		foreach ( array( 'accept', 'decline' ) as $answer ) {
			if ( $offer->has( $answer ) ) {
				Form::begin( 'answer_offer', $this->order_id );
				printf( '<input type="hidden" name="offer" value="%d"><input type="hidden" name="answer" value="%s">', absint( $offer->number( 'id' ) ), esc_attr( $answer ) );
				Form::end( $offer->text( $answer ) );
			}
		}
		echo '</div></article>';
	}

	/**
	 * Shows what comes back if one asks, and until when.
	 *
	 * @param Part $today What comes back.
	 * @return void
	 */
	private function show_today( Part $today ): void {
		self::begin( 'today', __( 'What you can get back', 'refund-desk-bridge' ) );
		echo '<p>' . esc_html( $today->text( 'says' ) ) . '</p>';
		if ( $today->has( 'steps' ) ) {
			printf( '<table class="shop_table"><thead><tr><th scope="col">%s</th><th scope="col" class="refund-desk-amount">%s</th></tr></thead><tbody>', esc_html__( 'If you ask', 'refund-desk-bridge' ), esc_html__( 'You get', 'refund-desk-bridge' ) );
			foreach ( $today->parts( 'steps' ) as $step ) {
				printf( '<tr><td>%s</td><td class="refund-desk-amount">%s</td></tr>', esc_html( $step->text( 'until' ) ), esc_html( $step->text( 'amount' ) ) );
			}
			echo '</tbody></table>';
		}
		echo '<p>' . esc_html( $today->text( 'falls' ) ) . '</p></section>';
	}
}
