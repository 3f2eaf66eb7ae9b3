<?php
/** Every template of the theme: head, posts with their comments, a sidebar, foot. */
?>
<!DOCTYPE html>
<html <?php language_attributes(); ?>>
<head>
<meta charset="<?php bloginfo( 'charset' ); ?>">
<?php wp_head(); ?>
</head>
<body <?php body_class(); ?>>
<?php
if ( function_exists( 'wp_body_open' ) ) {
	wp_body_open();
}
while ( have_posts() ) {
	the_post();
	the_title( '<h1>', '</h1>' );
	the_content();
	if ( is_singular() ) {
		comment_form();
	}
}
get_search_form();
if ( is_active_sidebar( 'smoke' ) ) {
	dynamic_sidebar( 'smoke' );
}
wp_footer();
?>
</body>
</html>
