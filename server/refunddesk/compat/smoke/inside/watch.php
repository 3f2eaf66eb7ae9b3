<?php
/**
 * Watches one process from its first line to its last, and writes what happens to the report: one
 * JSON object a line, at once, so that it is there even if the process is killed.
 */

declare( strict_types=1 );

namespace RefundDesk\Smoke;

use ReflectionFunction;
use ReflectionMethod;
use Throwable;

/** Thrown where WordPress would end the request, so that the next entry point gets its turn. */
final class Stopped extends \Exception {
}

final class Watch {

	private const EVENTS  = 400;
	private const FRAMES  = 12;
	private const LENGTH  = 1000;
	private const FATAL   = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
	private const NAMES   = array(
		E_WARNING         => 'warning',
		E_NOTICE          => 'notice',
		E_DEPRECATED      => 'deprecated',
		E_USER_WARNING    => 'warning',
		E_USER_NOTICE     => 'notice',
		E_USER_DEPRECATED => 'deprecated',
	);

	/** @var bool Whether the page's own code ran to its end. */
	public static $returned = false;

	/** @var int The status the page answers with. */
	public static $status = 200;

	/** @var string Where the page sends the browser. */
	public static $redirect = '';

	/** @var array<string, true> What was written already. */
	private static $seen = array();

	/** @var string Memory to write with when there is none left. */
	private static $reserve = '';

	/** @var bool Whether a fatal error was written. */
	private static $fatal = false;

	public static function begin(): void {
		self::$reserve = str_repeat( 'x', 1 << 16 );
		set_error_handler( array( self::class, 'on_error' ) );
		set_exception_handler( array( self::class, 'on_exception' ) );
		register_shutdown_function( array( self::class, 'on_shutdown' ) );
		// What the page prints is nobody's to read, and may be anything.
		ob_start( static function () { return ''; }, 1 << 16 );
	}

	/** @param array<string, mixed> $event */
	public static function tell( string $kind, array $event = array() ): void {
		if ( count( self::$seen ) >= self::EVENTS && ! in_array( $kind, array( 'begin', 'done', 'end', 'fatal' ), true ) ) {
			return;
		}
		$line = json_encode(
			array( 'kind' => $kind ) + $event,
			JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR
		);
		file_put_contents( REFUNDDESK_ORDER['report'], $line . "\n", FILE_APPEND );
	}

	/** Writes an event once for each place it comes from. */
	public static function tell_once( string $kind, array $event ): void {
		$key = json_encode( array( $kind, $event['symbol'] ?? $event['message'] ?? '', $event['file'] ?? '', $event['line'] ?? 0 ), JSON_INVALID_UTF8_SUBSTITUTE );
		if ( ! isset( self::$seen[ $key ] ) ) {
			self::$seen[ $key ] = true;
			self::tell( $kind, $event );
		}
	}

	public static function on_error( int $level, string $message, string $file = '', int $line = 0 ): bool {
		// "@" leaves only errors that nothing can silence.
		$silenced = 0 === ( error_reporting() & $level );
		if ( E_USER_ERROR === $level || E_RECOVERABLE_ERROR === $level ) {
			self::fatal( $message, $file, $line, self::frames() );
			exit( 255 );
		}
		if ( ! $silenced && isset( self::NAMES[ $level ] ) ) {
			$place = self::place( self::frames( $file, $line ) );
			if ( null !== $place ) {
				self::tell_once( 'php', array( 'level' => self::NAMES[ $level ], 'message' => self::text( $message ) ) + $place );
			}
		}
		return true;
	}

	public static function on_exception( Throwable $thrown ): void {
		self::thrown( $thrown );
		exit( 255 );
	}

	/** Writes down what would end a request. */
	public static function thrown( Throwable $thrown ): void {
		$frames = array( array( $thrown->getFile(), $thrown->getLine(), '' ) );
		foreach ( $thrown->getTrace() as $frame ) {
			if ( 0 === strncmp( $frame['file'] ?? '', __DIR__, strlen( __DIR__ ) ) ) {
				continue;
			}
			$frames[] = array( $frame['file'] ?? '', $frame['line'] ?? 0, self::called( $frame ) );
		}
		self::fatal( get_class( $thrown ) . ': ' . $thrown->getMessage(), $thrown->getFile(), $thrown->getLine(), $frames );
	}

	/** @param list<array{string, int, string}> $frames */
	private static function fatal( string $message, string $file, int $line, array $frames ): void {
		self::$fatal = true;
		$place       = self::place( $frames ) ?? array( 'file' => '', 'line' => 0, 'trace' => self::trace( $frames ) );
		self::tell( 'fatal', array( 'message' => self::text( $message ), 'at' => self::short( $file ) . ':' . $line ) + $place );
	}

	public static function on_shutdown(): void {
		self::$reserve = '';
		self::note_last_error();
		// What was registered meanwhile runs now; this comes after all of it.
		register_shutdown_function( array( self::class, 'on_end' ) );
	}

	public static function on_end(): void {
		self::note_last_error();
		if ( function_exists( __NAMESPACE__ . '\\sum_up' ) && ! self::$fatal ) {
			sum_up();
		}
		$loaded = array();
		foreach ( get_included_files() as $file ) {
			$own = self::own( $file );
			if ( null !== $own ) {
				$loaded[] = $own;
			}
		}
		self::tell( 'loaded', array( 'files' => $loaded ) );
		self::tell(
			'end',
			array(
				'fatal'    => self::$fatal,
				'returned' => self::$returned,
				'status'   => self::$status,
				'redirect' => self::$redirect,
				'memory'   => memory_get_peak_usage(),
			)
		);
		while ( ob_get_level() > 0 && ob_end_clean() ) {
			continue;
		}
	}

	private static function note_last_error(): void {
		$last = error_get_last();
		if ( null === $last || self::$fatal || 0 === ( $last['type'] & self::FATAL ) ) {
			return;
		}
		self::fatal( $last['message'], $last['file'], $last['line'], array( array( $last['file'], $last['line'], '' ) ) );
	}

	/** @return list<array{string, int, string}> */
	public static function frames( string $file = '', int $line = 0 ): array {
		$frames = '' === $file ? array() : array( array( $file, $line, '' ) );
		foreach ( debug_backtrace( DEBUG_BACKTRACE_IGNORE_ARGS, 80 ) as $frame ) {
			// Neither the watcher nor what called the page is part of the way.
			if ( isset( $frame['file'] ) && 0 !== strncmp( $frame['file'], __DIR__, strlen( __DIR__ ) ) ) {
				$frames[] = array( $frame['file'], $frame['line'] ?? 0, self::called( $frame ) );
			}
		}
		return $frames;
	}

	/**
	 * The nearest line of the plugin, with the way that led there; null where there is none.
	 *
	 * @param list<array{string, int, string}> $frames
	 * @return array{file: string, line: int, trace: list<string>}|null
	 */
	public static function place( array $frames ): ?array {
		foreach ( $frames as $frame ) {
			$own = self::own( $frame[0] );
			if ( null !== $own ) {
				return array( 'file' => $own, 'line' => $frame[1], 'trace' => self::trace( $frames ) );
			}
		}
		return null;
	}

	/** The path below the plugin's folder, or null where the file is not the plugin's. */
	public static function own( string $file ): ?string {
		// Code from eval() says "file.php(12) : eval()'d code".
		$file  = preg_replace( '/\(\d+\) : .*$/', '', $file );
		$whole = REFUNDDESK_ORDER['own'];
		if ( $file === $whole ) {
			return basename( $file );
		}
		$folder = $whole . '/';
		return 0 === strncmp( $file, $folder, strlen( $folder ) ) ? substr( $file, strlen( $folder ) ) : null;
	}

	/**
	 * Where a callback was written, if the plugin wrote it.
	 *
	 * @param mixed $callback
	 * @return array{file: string, line: int}|null
	 */
	public static function owner( $callback ): ?array {
		try {
			if ( is_string( $callback ) && false !== strpos( $callback, '::' ) ) {
				$callback = explode( '::', $callback, 2 );
			}
			if ( is_array( $callback ) && 2 === count( $callback ) ) {
				$reflection = new ReflectionMethod( $callback[0], $callback[1] );
			} elseif ( $callback instanceof \Closure || is_string( $callback ) ) {
				$reflection = new ReflectionFunction( $callback );
			} elseif ( is_object( $callback ) ) {
				$reflection = new ReflectionMethod( $callback, '__invoke' );
			} else {
				return null;
			}
		} catch ( \ReflectionException $missing ) {
			return null;
		}
		$own = self::own( (string) $reflection->getFileName() );
		return null === $own ? null : array( 'file' => $own, 'line' => (int) $reflection->getStartLine() );
	}

	/** The first of the plugin's own callbacks on a hook. */
	public static function own_callback( string $hook ): ?array {
		$found = $GLOBALS['wp_filter'][ $hook ] ?? null;
		foreach ( null === $found ? array() : $found->callbacks as $callbacks ) {
			foreach ( $callbacks as $callback ) {
				$place = self::owner( $callback['function'] );
				if ( null !== $place ) {
					return $place;
				}
			}
		}
		return null;
	}

	/**
	 * @param list<array{string, int, string}> $frames
	 * @return list<string>
	 */
	private static function trace( array $frames ): array {
		$trace = array();
		foreach ( array_slice( $frames, 0, self::FRAMES ) as $frame ) {
			$trace[] = trim( self::short( $frame[0] ) . ':' . $frame[1] . ' ' . $frame[2] );
		}
		return $trace;
	}

	private static function called( array $frame ): string {
		return ( $frame['class'] ?? '' ) . ( $frame['type'] ?? '' ) . ( $frame['function'] ?? '' );
	}

	/** A path as it reads on every site. */
	public static function short( string $text ): string {
		return str_replace(
			array( REFUNDDESK_ORDER['site'] . '/content/', REFUNDDESK_ORDER['core'] . '/', REFUNDDESK_ORDER['site'] . '/', dirname( REFUNDDESK_ORDER['core'] ) . '/' ),
			array( 'wp-content/', '', '', '' ),
			$text
		);
	}

	public static function text( string $message ): string {
		return substr( self::short( trim( $message ) ), 0, self::LENGTH );
	}
}
