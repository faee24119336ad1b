<?php
// Fields of its own that a post has: numbers, a truth, an object.
add_action('init', function () {
    $fields = ['n' => 'integer', 'big' => 'integer', 'amount' => 'number', 'flag' => 'boolean', 'note' => 'string'];
    foreach ($fields as $name => $type)
        register_post_meta('post', $name, ['type' => $type, 'single' => true, 'show_in_rest' => true]);
});
