<?php
// Whom Laravel takes each cookie header for: one JSON value a line in, one out.
error_reporting(0);
foreach (['Cookie', 'Encryption', 'Http', 'Session', 'Support'] as $part)
    @include_once "Illuminate/$part/autoload.php";

use Illuminate\Cookie\Middleware\EncryptCookies;
use Illuminate\Encryption\Encrypter;
use Illuminate\Http\Request;
use Illuminate\Http\Response;

$first = json_decode(fgets(STDIN), true);
$middleware = new EncryptCookies(new Encrypter(base64_decode($first['secret']['key']), 'AES-256-CBC'));
$users = array_flip($first['secret']['ids']);

// As PHP's own reader of cookies does it: the first of a name, whose value is unescaped.
function cookies($header)
{
    $cookies = [];
    foreach (explode(';', $header) as $pair) {
        [$name, $value] = array_pad(explode('=', ltrim($pair), 2), 2, '');
        $cookies[$name] ??= rawurldecode($value);
    }
    return $cookies;
}

while (($line = fgets(STDIN)) !== false) {
    $id = null;
    try {
        $request = Request::create('http://localhost/', 'GET', [], cookies(json_decode($line)));
        $middleware->handle($request, function ($request) use (&$id) {
            $id = $request->cookies->get('laravel_session');
            return new Response('');
        });
    } catch (Throwable $e) {
        $id = null;
    }
    echo json_encode(is_string($id) && isset($users[$id]) ? $users[$id] : null), "\n";
}
