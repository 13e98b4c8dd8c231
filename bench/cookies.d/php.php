#!/usr/bin/env php
<?php
// Laravel, which reads its own cookies: see bench/cookies.
error_reporting(E_ALL & ~E_DEPRECATED);
foreach (['Contracts', 'Support', 'Container', 'Cookie', 'Encryption', 'Session', 'Database'] as $part) {
	@include_once "Illuminate/$part/autoload.php";
}

use Illuminate\Cookie\CookieValuePrefix;
use Illuminate\Database\Capsule\Manager as Capsule;
use Illuminate\Database\Connection;
use Illuminate\Encryption\Encrypter;
use Illuminate\Session\DatabaseSessionHandler;
use Illuminate\Session\Store;

const ROUNDS = 15;
const SOME = 200; // cookies that are read in a round
const NAME = 'laravel_session';
const LOGIN = 'login_web_59ba36addc2b2f9401580f014c7f58ea4e30989d'; // what Laravel's guard "web" calls the user's id

/** Microseconds of one call, in the shortest of several rounds. */
function shortest(callable $call, array $inputs): float
{
	$best = INF;
	for ($round = 0; $round < ROUNDS; $round++) {
		$start = hrtime(true);
		foreach ($inputs as $input) {
			$call($input);
		}
		$best = min($best, hrtime(true) - $start);
	}
	return $best / count($inputs) / 1000;
}

function check($found): void
{
	if ($found === null || $found === false) {
		throw new Exception('a cookie was refused');
	}
}

/** The table sessions of Laravel, with a session of each user. */
function session_rows(array $ids): Connection
{
	$session = json_decode(file_get_contents(__DIR__ . '/session.json'), true);
	$capsule = new Capsule();
	$capsule->addConnection(['driver' => 'pgsql', 'host' => getenv('PGHOST'), 'database' => getenv('PGDATABASE'), 'username' => getenv('PGUSER'), 'charset' => 'utf8']);
	$connection = $capsule->getConnection();
	$connection->getSchemaBuilder()->create('sessions', function ($table) {
		$table->string('id')->primary();
		$table->bigInteger('user_id')->nullable()->index();
		$table->string('ip_address', 45)->nullable();
		$table->text('user_agent')->nullable();
		$table->text('payload');
		$table->integer('last_activity')->index();
	});
	foreach (array_chunk($ids, 500, true) as $some) {
		$connection->table('sessions')->insert(array_map(fn ($n, $id) => ['id' => $id, 'user_id' => $n, 'payload' => base64_encode(serialize($session + [LOGIN => $n])),
			'last_activity' => time()], array_keys($some), $some));
	}
	return $connection;
}

/** What EncryptCookies does with the cookie, and StartSession with the id in it. */
function laravel(string $secret, int $count): array
{
	$encrypter = new Encrypter($secret, 'AES-256-CBC');
	$ids = array_map(fn ($n) => substr(hash('sha256', (string) $n), 0, 40), range(0, $count - 1));
	$connection = session_rows($ids);
	$id_in = function ($header) use ($encrypter) {
		$value = $encrypter->decrypt(rawurldecode(substr($header, strlen(NAME) + 1)), false);
		return strpos($value, CookieValuePrefix::create(NAME, $encrypter->getKey())) === 0 ? CookieValuePrefix::remove($value) : null;
	};
	return [
		'setup' => "SELECT session_auth.add_cookie_secret('laravel', :'secret'); SELECT session_auth.adopt_sessions("
			. "'sessions', 'id', 'user_id', 'last_activity', expires_form => 'seconds', lifetime => '120 minutes')",
		'cookies' => array_map(fn ($id) => NAME . '=' . rawurlencode($encrypter->encrypt(CookieValuePrefix::create(NAME, $encrypter->getKey()) . $id, false)), $ids),
		'cookie' => fn ($header) => check($id_in($header)),
		'row' => function ($header) use ($connection, $id_in) {
			$store = new Store(NAME, new DatabaseSessionHandler($connection, 'sessions', 120), $id_in($header));
			$store->start();
			check($store->get(LOGIN));
		},
		'round_trips' => fn () => $connection->getPdo()->query('SELECT 1'),
	];
}

const KINDS = ['laravel' => 'laravel'];

if ($argc === 1) {
	echo implode("\n", array_keys(KINDS)), "\n";
} else {
	[, $name, $secret, $count] = $argv;
	$kind = KINDS[$name]($secret, (int) $count);
	$times = array_map(fn ($what) => isset($kind[$what]) ? shortest($kind[$what], array_slice($kind['cookies'], 0, SOME)) : '', ['cookie', 'row', 'round_trips']);
	echo implode("\n", [implode("\t", $times), $kind['setup'], ...$kind['cookies']]), "\n";
}
