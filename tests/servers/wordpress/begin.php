<?php
// Makes the tables and an administrator, and prints a password for the API.
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url(getenv('SERVER'), PHP_URL_HOST);
require getcwd() . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
ob_start();
wp_install('odd', 'odd', 'odd@example.org', true, '', 'odd-0123456789');
update_option('permalink_structure', '/%postname%/');
wp_delete_post(1, true);
ob_end_clean();
[$password] = WP_Application_Passwords::create_new_application_password(1, ['name' => 'odd']);
echo $password;
