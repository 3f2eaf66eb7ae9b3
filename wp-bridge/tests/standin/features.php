<?php
/**
 * Where plugins say what they get along with.
 *
 * @package RefundDesk\Bridge
 */

namespace Automattic\WooCommerce\Utilities;

defined( 'ABSPATH' ) || exit;

/**
 * Remembers what was said.
 */
class FeaturesUtil {

	/**
	 * What was declared, by feature.
	 *
	 * @var array<string, array<string, bool>>
	 */
	private static $declared = array();

	/**
	 * A plugin says whether it gets along with a feature.
	 *
	 * @param string $feature_id             The feature.
	 * @param string $plugin_file            The plugin.
	 * @param bool   $positive_compatibility Whether it does.
	 * @return bool Whether it was heard: only while WooCommerce begins.
	 */
	public static function declare_compatibility( string $feature_id, string $plugin_file, bool $positive_compatibility = true ): bool {
		if ( ! doing_action( 'before_woocommerce_init' ) ) {
			return false;
		}
		self::$declared[ $feature_id ][ plugin_basename( $plugin_file ) ] = $positive_compatibility;
		return true;
	}

	/**
	 * Which plugins get along with a feature.
	 *
	 * @param string $feature_id The feature.
	 * @return array<string, string[]> "compatible" and "incompatible".
	 */
	public static function get_compatible_plugins_for_feature( string $feature_id ): array {
		$told = self::$declared[ $feature_id ] ?? array();
		return array(
			'compatible'   => array_keys( array_filter( $told ) ),
			'incompatible' => array_keys( array_diff_key( $told, array_filter( $told ) ) ),
		);
	}
}
