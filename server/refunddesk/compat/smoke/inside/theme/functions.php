<?php
/** Gives the plugins' widgets a place, and the features that plugins ask for. */

add_action(
	'after_setup_theme',
	static function () {
		add_theme_support( 'title-tag' );
		add_theme_support( 'post-thumbnails' );
		add_theme_support( 'html5', array( 'comment-form', 'search-form' ) );
	}
);
add_action(
	'widgets_init',
	static function () {
		register_sidebar( array( 'id' => 'smoke', 'name' => 'Smoke' ) );
	}
);
