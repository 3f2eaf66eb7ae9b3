<?php
/**
 * The page on which a store owner connects the store with the desk, and sees whether all is well.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Admin;

use RefundDesk\Bridge\Connect\CannotConnect;
use RefundDesk\Bridge\Connect\Checks;
use RefundDesk\Bridge\Connect\Connection;
use RefundDesk\Bridge\Connect\Repair;
use RefundDesk\Bridge\Connect\Surroundings;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * WooCommerce → Refund Desk. Showing it calls nobody; the forms do.
 */
final class ConnectPage {

	const SLUG = 'refund-desk';

	/** Connecting makes a user and a key: that is an administrator's business. */
	const CAPABILITY = 'manage_options';

	const CONNECT    = 'refund_desk_bridge_connect';
	const CHECK      = 'refund_desk_bridge_check';
	const DISCONNECT = 'refund_desk_bridge_disconnect';

	/** What is said on the next page, kept for a minute and for one person. */
	const TOLD = 'refund_desk_bridge_told_';

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Connects.
	 *
	 * @var Connection
	 */
	private $connection;

	/**
	 * Mends and looks.
	 *
	 * @var Repair
	 */
	private $repair;

	/**
	 * The address that the form was sent with last.
	 *
	 * @var string
	 */
	private $server_before = '';

	/**
	 * Keeps what it is given.
	 *
	 * @param Settings   $settings   Knows the connection.
	 * @param Connection $connection Connects.
	 * @param Repair     $repair     Mends and looks.
	 */
	public function __construct( Settings $settings, Connection $connection, Repair $repair ) {
		$this->settings   = $settings;
		$this->connection = $connection;
		$this->repair     = $repair;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'admin_menu', array( $this, 'on_admin_menu' ), 60 );
		add_action( 'admin_notices', array( $this, 'on_admin_notices' ) );
		add_action( 'admin_enqueue_scripts', array( $this, 'on_enqueue_scripts' ) );
		add_action( 'admin_post_' . self::CONNECT, array( $this, 'on_connect' ) );
		add_action( 'admin_post_' . self::CHECK, array( $this, 'on_check' ) );
		add_action( 'admin_post_' . self::DISCONNECT, array( $this, 'on_disconnect' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( REFUND_DESK_BRIDGE_FILE ), array( $this, 'on_action_links' ) );
	}

	/**
	 * The page's address.
	 *
	 * @return string
	 */
	public static function address(): string {
		return admin_url( 'admin.php?page=' . self::SLUG );
	}

	/**
	 * Puts the page into the menu.
	 *
	 * @return void
	 */
	public function on_admin_menu(): void {
		add_submenu_page( 'woocommerce', __( 'Refund Desk', 'refund-desk-bridge' ), __( 'Refund Desk', 'refund-desk-bridge' ), self::CAPABILITY, self::SLUG, array( $this, 'on_page' ) );
	}

	/**
	 * Brings what fills the form from a link: the code stands behind the address's #, which no server sees.
	 *
	 * @param string $hook The page that is shown.
	 * @return void
	 */
	public function on_enqueue_scripts( $hook ): void {
		if ( 'woocommerce_page_' . self::SLUG === $hook ) {
			wp_enqueue_script( 'refund-desk-bridge-connect', plugins_url( 'assets/connect.js', REFUND_DESK_BRIDGE_FILE ), array(), REFUND_DESK_BRIDGE_VERSION, true );
		}
	}

	/**
	 * Leads from the list of plugins to the page.
	 *
	 * @param string[] $links The plugin's links.
	 * @return string[]
	 */
	public function on_action_links( $links ): array {
		$link = sprintf( '<a href="%s">%s</a>', esc_url( self::address() ), esc_html__( 'Connect', 'refund-desk-bridge' ) );
		return array_merge( array( 'connect' => $link ), (array) $links );
	}

	/**
	 * Warns, on every page of the administration, that this is a copy.
	 *
	 * @return void
	 */
	public function on_admin_notices(): void {
		if ( ! current_user_can( self::CAPABILITY ) || ! $this->settings->is_copy() ) {
			return;
		}
		printf(
			'<div class="notice notice-warning"><p>%s <a href="%s">%s</a></p></div>',
			esc_html( $this->words_of_copy() ),
			esc_url( self::address() ),
			esc_html__( 'Settle this', 'refund-desk-bridge' )
		);
	}

	/**
	 * Shows the page.
	 *
	 * @return void
	 */
	public function on_page(): void {
		echo '<div class="wrap"><h1>' . esc_html__( 'Refund Desk', 'refund-desk-bridge' ) . '</h1>';
		$this->show_told();
		if ( $this->settings->is_copy() ) {
			$this->show_copy();
		} elseif ( $this->settings->is_connected() ) {
			$this->show_connection();
		} else {
			$this->show_form();
		}
		echo '</div>';
	}

	/**
	 * Connects with what the form says.
	 *
	 * @return void
	 */
	public function on_connect(): void {
		$this->allow( self::CONNECT );
		// phpcs:disable WordPress.Security.NonceVerification.Missing -- allow() has checked it.
		$server = isset( $_POST['server'] ) && is_string( $_POST['server'] ) ? sanitize_text_field( wp_unslash( $_POST['server'] ) ) : '';
		$code   = isset( $_POST['code'] ) && is_string( $_POST['code'] ) ? sanitize_text_field( wp_unslash( $_POST['code'] ) ) : '';
		// phpcs:enable
		try {
			$this->connection->connect( $server, $code );
		} catch ( CannotConnect | Trouble $reason ) {
			$this->go_back( false, $reason->getMessage(), $server );
		}
		$this->repair->run();
		$this->go_back( true, __( 'The store is connected.', 'refund-desk-bridge' ) );
	}

	/**
	 * Looks once more, and mends the webhooks before.
	 *
	 * @return void
	 */
	public function on_check(): void {
		$this->allow( self::CHECK );
		$this->repair->run();
		$this->go_back( true, __( 'Looked just now.', 'refund-desk-bridge' ) );
	}

	/**
	 * Disconnects.
	 *
	 * @return void
	 */
	public function on_disconnect(): void {
		$this->allow( self::DISCONNECT );
		$untold = $this->connection->disconnect();
		if ( '' === $untold ) {
			$this->go_back( true, __( 'The store is disconnected: its user, key and webhooks are gone. The desk keeps its books.', 'refund-desk-bridge' ) );
		}
		$this->go_back(
			false,
			__( 'The store is disconnected here: its user, key and webhooks are gone. The desk could not be told, so disconnect the store there too.', 'refund-desk-bridge' ) . ' ' . $untold
		);
	}

	/**
	 * Ends the request of whoever may not send this form.
	 *
	 * @param string $action The form's action.
	 * @return void
	 */
	private function allow( string $action ): void {
		if ( ! current_user_can( self::CAPABILITY ) ) {
			wp_die( esc_html__( 'Only an administrator may do this. Nothing was changed.', 'refund-desk-bridge' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( $action );
	}

	/**
	 * Leads back to the page, where this is said once.
	 *
	 * @param bool   $good   Whether it went well.
	 * @param string $words  A translated sentence.
	 * @param string $server The address to keep in the form. The code is never kept.
	 * @return void
	 */
	private function go_back( bool $good, string $words, string $server = '' ): void {
		$told = array(
			'good'   => $good,
			'words'  => $words,
			'server' => $server,
		);
		set_transient( self::TOLD . get_current_user_id(), $told, MINUTE_IN_SECONDS );
		wp_safe_redirect( self::address() );
		exit;
	}

	/**
	 * Shows what is to be said once.
	 *
	 * @return void
	 */
	private function show_told(): void {
		$told = get_transient( self::TOLD . get_current_user_id() );
		if ( ! is_array( $told ) ) {
			return;
		}
		delete_transient( self::TOLD . get_current_user_id() );
		$this->server_before = (string) $told['server'];
		printf( '<div class="notice %s" role="status"><p>%s</p></div>', esc_attr( $told['good'] ? 'notice-success' : 'notice-error' ), esc_html( $told['words'] ) );
	}

	/**
	 * Shows the form of a store that is not connected.
	 *
	 * @return void
	 */
	private function show_form(): void {
		$obstacles = Surroundings::obstacles();
		foreach ( $obstacles as $obstacle ) {
			printf( '<div class="notice notice-error inline"><p>%s</p></div>', esc_html( $obstacle ) );
		}
		foreach ( Surroundings::warnings() as $warning ) {
			printf( '<div class="notice notice-warning inline"><p>%s</p></div>', esc_html( $warning ) );
		}
		echo '<p>' . esc_html__( 'At your desk, open “Stores” and make a code. Paste the desk’s address and the code here; the code works once, for half an hour.', 'refund-desk-bridge' ) . '</p>';
		echo '<p>' . esc_html__( 'The bridge then makes a user that can do no more than the desk needs (read and refund orders), a REST key for it, and webhooks. Disconnecting removes all of them.', 'refund-desk-bridge' ) . '</p>';
		$this->begin_form( self::CONNECT );
		echo '<table class="form-table" role="presentation"><tbody><tr><th scope="row"><label for="refund-desk-server">' . esc_html__( 'The desk’s address', 'refund-desk-bridge' ) . '</label></th>';
		printf( '<td><input type="url" class="regular-text code" id="refund-desk-server" name="server" required value="%s" placeholder="https://desk.example"></td></tr>', esc_attr( $this->server_before ) );
		echo '<tr><th scope="row"><label for="refund-desk-code">' . esc_html__( 'Code', 'refund-desk-bridge' ) . '</label></th>';
		echo '<td><input type="text" class="regular-text code" id="refund-desk-code" name="code" required autocomplete="off" autocapitalize="off" spellcheck="false"></td></tr></tbody></table>';
		submit_button( __( 'Connect', 'refund-desk-bridge' ), 'primary', 'submit', true, array() === $obstacles ? array() : array( 'disabled' => 'disabled' ) );
		echo '</form>';
	}

	/**
	 * Shows how a connection stands.
	 *
	 * @return void
	 */
	private function show_connection(): void {
		$found = Checks::found();
		echo '<p>';
		printf(
			/* translators: 1: the desk's address, 2: a date and time. */
			esc_html__( 'Connected with %1$s since %2$s.', 'refund-desk-bridge' ),
			'<code>' . esc_html( $this->settings->server() ) . '</code>',
			esc_html( get_date_from_gmt( $this->settings->connected_gmt(), self::time_format() ) )
		);
		printf(
			'</p><p><a class="button button-primary" href="%s" target="_blank" rel="noopener noreferrer">%s</a> <a href="%s">%s</a></p>',
			esc_url( SignIn::address() ),
			esc_html__( 'Open the desk', 'refund-desk-bridge' ),
			esc_url( admin_url( 'site-health.php' ) ),
			esc_html__( 'Site Health', 'refund-desk-bridge' )
		);
		if ( array() !== $found['lines'] ) {
			echo '<table class="widefat striped" style="max-width:60em"><tbody>';
			foreach ( $found['lines'] as $line ) {
				printf(
					'<tr><th scope="row" style="width:8em;color:%s">%s</th><td>%s</td></tr>',
					esc_attr( $line['good'] ? '#00701a' : '#b32d2e' ),
					esc_html( $line['good'] ? '✔ ' . __( 'Good', 'refund-desk-bridge' ) : '✘ ' . __( 'To mend', 'refund-desk-bridge' ) ),
					esc_html( $line['words'] )
				);
			}
			echo '</tbody></table><p>';
			printf(
				/* translators: %s: a date and time. */
				esc_html__( 'Looked at %s.', 'refund-desk-bridge' ),
				esc_html( (string) wp_date( self::time_format(), $found['at'] ) )
			);
			echo '</p>';
		}
		$this->begin_form( self::CHECK );
		submit_button( __( 'Check and repair', 'refund-desk-bridge' ), 'secondary', 'submit', true );
		echo '</form><h2>' . esc_html__( 'Disconnect', 'refund-desk-bridge' ) . '</h2><p>' . esc_html__( 'Removes the desk’s user, its key and its webhooks from this store. The desk keeps its books; refunds that are on their way are settled there by a person.', 'refund-desk-bridge' ) . '</p>';
		$this->begin_form( self::DISCONNECT );
		submit_button( __( 'Disconnect', 'refund-desk-bridge' ), 'delete', 'submit', true );
		echo '</form>';
	}

	/**
	 * Shows what to do with a copy.
	 *
	 * @return void
	 */
	private function show_copy(): void {
		echo '<div class="notice notice-warning inline"><p>' . esc_html( $this->words_of_copy() ) . '</p></div>';
		echo '<p>' . esc_html__( 'If this is a copy for trying things out: press the button. Only what this copy holds is removed; the real store stays connected.', 'refund-desk-bridge' ) . '</p>';
		echo '<p>' . esc_html__( 'If the store itself has moved here: press the button too, make a code for this store at the desk, and connect again.', 'refund-desk-bridge' ) . '</p>';
		$this->begin_form( self::DISCONNECT );
		submit_button( __( 'Forget the connection here', 'refund-desk-bridge' ), 'primary', 'submit', true );
		echo '</form>';
	}

	/**
	 * What is to be said of a copy.
	 *
	 * @return string
	 */
	private function words_of_copy(): string {
		return sprintf(
			/* translators: 1: the address that was connected, 2: the address of this site. */
			__( 'Refund Desk is connected with the store at %1$s, and this site is at %2$s. So that a copy does not speak for the store, nothing is reported from here.', 'refund-desk-bridge' ),
			$this->settings->store_address(),
			Settings::own_address()
		);
	}

	/**
	 * Begins a form.
	 *
	 * @param string $action What it does.
	 * @return void
	 */
	private function begin_form( string $action ): void {
		printf( '<form method="post" action="%s"><input type="hidden" name="action" value="%s">', esc_url( admin_url( 'admin-post.php' ) ), esc_attr( $action ) );
		wp_nonce_field( $action );
	}

	/**
	 * How the site writes date and time.
	 *
	 * @return string
	 */
	private static function time_format(): string {
		return get_option( 'date_format' ) . ' ' . get_option( 'time_format' );
	}
}
