<?php
define( 'DOING_CRON', true );
require __DIR__ . '/wp-load.php';
