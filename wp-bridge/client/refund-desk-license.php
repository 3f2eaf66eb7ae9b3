<?php
/**
 * Refund Desk licence client: one file that a plugin carries along to switch its licence on and off.
 *
 * Copy it into your plugin, rename the class so that another plugin's copy does not meet yours, and
 * read README.md beside it. PHP 7.4 to 8.4, WordPress 5.6 or newer, nothing else.
 *
 * @package   RefundDesk\Client
 * @license   GPL-2.0-or-later
 */

defined( 'ABSPATH' ) || exit;

if ( class_exists( 'Refund_Desk_License' ) ) {
	return;
}

/**
 * One plugin's licence on one site.
 */
final class Refund_Desk_License {

	/** The answers that say for certain how the licence stands; all others mean: ask again later. */
	const CODES = array( 'valid', 'expired', 'ended_refunded', 'ended', 'blocked', 'site_not_activated', 'over_limit', 'license_not_known' );

	/** How long a licence that was valid is trusted while the server is away. */
	const GRACE = 1209600; // 14 days.

	/** How soon an absent server is asked again. */
	const PAUSE = 3600;

	const SHORTEST_CACHE = 3600;
	const LONGEST_CACHE  = 172800;
	const KEY_ALPHABET   = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
	const KEY_LENGTH     = 28;
	const KEY_MODULUS    = 1021;

	/** @var string Address of the licence API, such as https://refunds.example.com/licenses. */
	private $server;

	/** @var string The plugin's own word, in option, action and page names. */
	private $slug;

	/** @var string What people call the plugin. */
	private $name;

	/** @var bool Whether keys made by another program are in use, which have no check characters. */
	private $imported_keys;

	/** @var callable Answers the present second. */
	private $clock;

	/**
	 * Takes the settings and does nothing else.
	 *
	 * @param array $settings server, slug and name; optional: imported_keys (bool), clock (callable).
	 */
	public function __construct( array $settings ) {
		$this->server        = rtrim( (string) $settings['server'], '/' );
		$this->slug          = (string) $settings['slug'];
		$this->name          = (string) $settings['name'];
		$this->imported_keys = ! empty( $settings['imported_keys'] );
		$this->clock         = isset( $settings['clock'] ) ? $settings['clock'] : 'time';
	}

	/**
	 * Attaches the settings page and its form.
	 *
	 * @return void
	 */
	public function add_hooks() {
		add_action( 'admin_menu', array( $this, 'on_admin_menu' ) );
		add_action( 'admin_post_' . $this->action(), array( $this, 'on_admin_post' ) );
	}

	/**
	 * Switches the licence on for this site.
	 *
	 * @param string $key The licence key as it was typed.
	 * @return array{ok: bool, code: string, message: string}
	 */
	public function activate( $key ) {
		$key = trim( (string) $key );
		if ( '' === $key || ! $this->looks_right( $key ) ) {
			return $this->told( false, 'mistyped', 'The licence key is mistyped. Nothing was sent.' );
		}
		$state = $this->state();
		if ( '' !== $state['token'] && $state['key'] !== $key && $this->is_here( $state['on_site'] ) ) {
			return $this->told( false, 'in_use', 'Another key is in use on this site. Switch it off first.' );
		}
		$answer = $this->call( 'activate', array( 'key' => $key, 'site' => home_url() ) );
		if ( 200 !== $answer['status'] || empty( $answer['body']['token'] ) ) {
			return $this->refused( $answer );
		}
		$now = $this->now();
		$this->keep(
			array(
				'key'        => $key,
				'token'      => (string) $answer['body']['token'],
				'on_site'    => home_url(),
				'site'       => home_url(),
				'code'       => 'valid',
				'message'    => '',
				'checked_at' => $now,
				'valid_at'   => $now,
				'ask_at'     => $now + self::SHORTEST_CACHE,
			)
		);
		return $this->told( true, 'valid', 'The licence is switched on for this site.' );
	}

	/**
	 * Switches the licence off on this site. Only what the server confirmed counts as off.
	 *
	 * @return array{ok: bool, code: string, message: string}
	 */
	public function deactivate() {
		$state = $this->state();
		if ( '' === $state['token'] ) {
			delete_option( $this->option() );
			return $this->told( true, 'off', 'The licence is not switched on for this site.' );
		}
		if ( ! $this->is_here( $state['on_site'] ) ) {
			// A copy of the database brings the token along: the copy must not switch the original off.
			delete_option( $this->option() );
			return $this->told( true, 'off', 'The licence is forgotten here. It stays switched on at the address it was switched on for.' );
		}
		$answer = $this->call( 'deactivate', array( 'token' => $state['token'] ) );
		$is_off = 200 === $answer['status'] && isset( $answer['body']['active'] ) && false === $answer['body']['active'];
		// A token that opens nothing any more switches nothing off, and never will.
		if ( ! $is_off && 'license_not_known' !== $this->code_of( $answer ) ) {
			return $this->refused( $answer );
		}
		delete_option( $this->option() );
		return $this->told( true, 'off', 'The licence is switched off on this site.' );
	}

	/**
	 * Says how the licence stands: the kept answer while it is fresh, else the server's.
	 *
	 * While the server is away, a licence that was valid goes on for two weeks.
	 *
	 * @param bool   $ask_now Whether to ask the server even if the kept answer is fresh.
	 * @param string $wants   "use", or "update" for a newer version.
	 * @return string One of CODES, "no_key", or "unknown" when the server was away for too long.
	 */
	public function validate( $ask_now = false, $wants = 'use' ) {
		$state = $this->state();
		if ( '' === $state['key'] ) {
			return 'no_key';
		}
		$now = $this->now();
		// A clock that was set back would otherwise keep an old answer for ever; a copy of the site asks.
		$is_fresh = $state['checked_at'] <= $now && $now < $state['ask_at'] && home_url() === $state['site'];
		if ( $is_fresh && ! $ask_now ) {
			return $this->standing( $state, $now );
		}
		$question = array( 'key' => $state['key'], 'site' => home_url() );
		if ( 'update' === $wants ) {
			$question['wants'] = 'update';
		}
		$answer = $this->call( 'validate', $question );
		$code   = $this->code_of( $answer );
		if ( in_array( $code, self::CODES, true ) ) {
			$state['code']     = $code;
			$state['message']  = isset( $answer['body']['message'] ) ? (string) $answer['body']['message'] : '';
			$state['valid_at'] = 'valid' === $code ? $now : 0;
			$state['ask_at']   = $now + $this->cache_for( $answer );
		} else {
			$state['ask_at'] = $now + max( self::PAUSE, $answer['retry_after'] );
		}
		$state['site']       = home_url();
		$state['checked_at'] = $now;
		$this->keep( $state );
		return $this->standing( $state, $now );
	}

	/**
	 * Whether the plugin may be used here.
	 *
	 * @return bool
	 */
	public function is_valid() {
		return 'valid' === $this->validate();
	}

	/**
	 * Whether a newer version may be fetched; always asks.
	 *
	 * @return bool
	 */
	public function may_update() {
		return 'valid' === $this->validate( true, 'update' );
	}

	/**
	 * Switches off and forgets everything; for uninstall.php. Cannot wait for a server that is away.
	 *
	 * @return void
	 */
	public function uninstall() {
		$this->deactivate();
		delete_option( $this->option() );
	}

	/**
	 * Adds the page to the settings menu.
	 *
	 * @return void
	 */
	public function on_admin_menu() {
		/* translators: %s: the plugin's name. */
		$title = sprintf( '%s licence', $this->name );
		add_options_page( $title, $title, 'manage_options', $this->action(), array( $this, 'render_page' ) );
	}

	/**
	 * Does what the form asks, and goes back to it.
	 *
	 * @return void
	 */
	public function on_admin_post() {
		if ( ! current_user_can( 'manage_options' ) ) {
			wp_die( 'You may not change this licence.', '', array( 'response' => 403 ) );
		}
		check_admin_referer( $this->action() );
		if ( isset( $_POST['switch_off'] ) ) {
			$done = $this->deactivate();
		} else {
			$key  = isset( $_POST['key'] ) ? sanitize_text_field( wp_unslash( $_POST['key'] ) ) : '';
			$done = $this->activate( $key );
		}
		set_transient( $this->action() . '_told', $done, 60 );
		wp_safe_redirect( admin_url( 'options-general.php?page=' . $this->action() ) );
		exit;
	}

	/**
	 * Shows the licence with one form: a key to switch it on, or a button to switch it off.
	 *
	 * @return void
	 */
	public function render_page() {
		if ( ! current_user_can( 'manage_options' ) ) {
			return;
		}
		$told  = get_transient( $this->action() . '_told' );
		$state = $this->state();
		printf( '<div class="wrap"><h1>%s</h1>', esc_html( sprintf( '%s licence', $this->name ) ) );
		if ( is_array( $told ) ) {
			delete_transient( $this->action() . '_told' );
			printf( '<div class="notice notice-%s"><p>%s</p></div>', $told['ok'] ? 'success' : 'error', esc_html( $told['message'] ) );
		}
		printf( '<form method="post" action="%s">', esc_url( admin_url( 'admin-post.php' ) ) );
		printf( '<input type="hidden" name="action" value="%s">', esc_attr( $this->action() ) );
		wp_nonce_field( $this->action() );
		if ( '' === $state['token'] ) {
			echo '<p><label>Licence key <input class="regular-text" name="key" autocomplete="off" required></label></p>';
			echo '<p><button class="button button-primary">Switch on</button></p>';
		} else {
			printf( '<p>Key ending in <code>%s</code>: %s</p>', esc_html( substr( $state['key'], -4 ) ), esc_html( $this->in_words( $this->validate() ) ) );
			echo '<p><button class="button" name="switch_off" value="1">Switch off on this site</button></p>';
		}
		echo '</form></div>';
	}

	/**
	 * Whether an address is this site's; "www.", path and protocol make no other.
	 *
	 * @param string $address The address.
	 * @return bool
	 */
	private function is_here( $address ) {
		$hosts = array();
		foreach ( array( $address, home_url() ) as $one ) {
			$host    = strtolower( (string) parse_url( $one, PHP_URL_HOST ) );
			$hosts[] = 0 === strpos( $host, 'www.' ) ? substr( $host, 4 ) : $host;
		}
		return $hosts[0] === $hosts[1];
	}

	/**
	 * Whether the check characters of a key fit: a typing error is told without asking anybody.
	 *
	 * @param string $key The key as it was typed.
	 * @return bool
	 */
	private function looks_right( $key ) {
		if ( $this->imported_keys ) {
			return true;
		}
		$plain = strtr( strtoupper( $key ), array( 'O' => '0', 'I' => '1', 'L' => '1', '-' => '', ' ' => '' ) );
		if ( self::KEY_LENGTH !== strlen( $plain ) || strspn( $plain, self::KEY_ALPHABET ) !== self::KEY_LENGTH ) {
			return false;
		}
		$rest = 0;
		foreach ( str_split( substr( $plain, 0, -2 ) ) as $character ) {
			$rest = ( $rest * 32 + strpos( self::KEY_ALPHABET, $character ) ) % self::KEY_MODULUS;
		}
		$check = self::KEY_ALPHABET[ intdiv( $rest, 32 ) ] . self::KEY_ALPHABET[ $rest % 32 ];
		return substr( $plain, -2 ) === $check;
	}

	/**
	 * Asks the server. The key and the token go in the body, never in the address.
	 *
	 * @param string $path     What is asked.
	 * @param array  $question The body.
	 * @return array{status: int, body: array, retry_after: int} Status 0: no answer.
	 */
	private function call( $path, array $question ) {
		$answer = wp_remote_post(
			$this->server . '/' . $path,
			array(
				'timeout'     => 8,
				'redirection' => 0,
				'headers'     => array( 'Content-Type' => 'application/json', 'Accept' => 'application/json' ),
				'body'        => wp_json_encode( $question ),
			)
		);
		if ( is_wp_error( $answer ) ) {
			return array( 'status' => 0, 'body' => array(), 'retry_after' => 0 );
		}
		$body = json_decode( (string) wp_remote_retrieve_body( $answer ), true );
		return array(
			'status'      => (int) wp_remote_retrieve_response_code( $answer ),
			'body'        => is_array( $body ) ? $body : array(),
			'retry_after' => min( self::LONGEST_CACHE, max( 0, (int) wp_remote_retrieve_header( $answer, 'retry-after' ) ) ),
		);
	}

	/**
	 * The name in an answer, "" where it has none that the API gives.
	 *
	 * @param array $answer What call() gave.
	 * @return string
	 */
	private function code_of( array $answer ) {
		if ( 200 === $answer['status'] && isset( $answer['body']['code'] ) ) {
			return (string) $answer['body']['code'];
		}
		// A proxy's or a moved server's own 404 proves nothing.
		return isset( $answer['body']['error'] ) ? (string) $answer['body']['error'] : '';
	}

	/**
	 * How a kept state stands now.
	 *
	 * @param array $state The kept state.
	 * @param int   $now   The present second.
	 * @return string
	 */
	private function standing( array $state, $now ) {
		if ( 'valid' === $state['code'] && $now - $state['valid_at'] > self::GRACE ) {
			return 'unknown';
		}
		return $state['code'];
	}

	/**
	 * For how long an answer may be kept.
	 *
	 * @param array $answer What call() gave.
	 * @return int Seconds.
	 */
	private function cache_for( array $answer ) {
		$wish = isset( $answer['body']['ask_again_after'] ) ? (int) $answer['body']['ask_again_after'] : 0;
		return min( self::LONGEST_CACHE, max( self::SHORTEST_CACHE, $wish ) );
	}

	/**
	 * What is told after a call that did not do what was asked.
	 *
	 * @param array $answer What call() gave.
	 * @return array{ok: bool, code: string, message: string}
	 */
	private function refused( array $answer ) {
		$code = $this->code_of( $answer );
		if ( '' === $code || $answer['status'] >= 500 || 0 === $answer['status'] ) {
			return $this->told( false, 'server_away', 'The licence server does not answer. Nothing was changed: try again later.' );
		}
		$message = isset( $answer['body']['message'] ) ? (string) $answer['body']['message'] : 'The licence server refused.';
		return $this->told( false, $code, $message );
	}

	/**
	 * A standing for people.
	 *
	 * @param string $code What validate() gave.
	 * @return string
	 */
	private function in_words( $code ) {
		$state = $this->state();
		if ( 'valid' === $code ) {
			return 'switched on for this site.';
		}
		if ( 'unknown' === $code ) {
			return 'the licence server has not answered for two weeks.';
		}
		return '' !== $state['message'] ? $state['message'] : $code;
	}

	/**
	 * @param bool   $ok      Whether it was done.
	 * @param string $code    The name for programs.
	 * @param string $message The sentence for people.
	 * @return array{ok: bool, code: string, message: string}
	 */
	private function told( $ok, $code, $message ) {
		return array( 'ok' => $ok, 'code' => $code, 'message' => $message );
	}

	/**
	 * The kept state, complete even where an older or damaged one is found.
	 *
	 * @return array
	 */
	private function state() {
		$kept  = get_option( $this->option(), array() );
		$empty = array( 'key' => '', 'token' => '', 'on_site' => '', 'site' => '', 'code' => '', 'message' => '', 'checked_at' => 0, 'valid_at' => 0, 'ask_at' => 0 );
		$state = array_merge( $empty, is_array( $kept ) ? array_intersect_key( $kept, $empty ) : array() );
		foreach ( $empty as $name => $nothing ) {
			$value          = is_scalar( $state[ $name ] ) ? $state[ $name ] : $nothing;
			$state[ $name ] = is_int( $nothing ) ? (int) $value : (string) $value;
		}
		return $state;
	}

	/**
	 * @param array $state The state to keep.
	 * @return void
	 */
	private function keep( array $state ) {
		update_option( $this->option(), $state, false );
	}

	/**
	 * @return int The present second.
	 */
	private function now() {
		return (int) call_user_func( $this->clock );
	}

	/**
	 * @return string The option that holds the state.
	 */
	private function option() {
		return $this->slug . '_license';
	}

	/**
	 * @return string The name of the form's action and of the page.
	 */
	private function action() {
		return $this->slug . '_license';
	}
}
