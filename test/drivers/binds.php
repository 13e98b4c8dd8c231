<?php
// PHP's clients of docs/drivers.md, for test/t/drivers_debian.t; binds.py says how it is called.
error_reporting(E_ALL & ~E_DEPRECATED);
foreach (['Container', 'Database', 'Events', 'Support'] as $part)
    @include_once "Illuminate/$part/autoload.php";

const TEXT = 'SELECT (session_auth.authenticate(?)).user_id';

function pdo($token, array $options = [])
{
    $pdo = new PDO(sprintf('pgsql:host=%s;port=%s;dbname=%s;user=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'), getenv('PGUSER')), null, null, $options);
    $pdo->prepare(TEXT)->execute([$token]);
}

function laravel(array $options = [])
{
    $capsule = new Illuminate\Database\Capsule\Manager();
    $capsule->addConnection(['driver' => 'pgsql', 'host' => getenv('PGHOST'), 'port' => getenv('PGPORT'), 'database' => getenv('PGDATABASE'),
        'username' => getenv('PGUSER'), 'options' => $options]);
    return $capsule->getConnection();
}

function error_of(callable $work)
{
    return function ($token) use ($work) {
        try {
            $work($token);
        } catch (Throwable $error) {
            // all that a report has of it, but the trace, which has the arguments of whatever was called
            for (; $error; $error = $error->getPrevious())
                echo get_class($error), ' ', $error->getMessage(), ' ', json_encode($error), "\n";
        }
    };
}

$emulated = [PDO::ATTR_EMULATE_PREPARES => true];
$ways = [];
if (extension_loaded('pdo_pgsql')) {
    $ways['PDO'] = fn ($token) => pdo($token, [PDO::ATTR_EMULATE_PREPARES => false]);
    $ways['PDO, as it comes'] = fn ($token) => pdo($token);
    $ways['PDO, emulated'] = fn ($token) => pdo($token, $emulated);
    if (class_exists('Illuminate\Database\Capsule\Manager')) {
        $ways['Laravel'] = fn ($token) => laravel()->select(TEXT, [$token]);
        $ways['Laravel, emulated'] = fn ($token) => laravel($emulated)->select(TEXT, [$token]);
        $ways['error of Laravel'] = error_of($ways['Laravel']);
        $ways['error of Laravel, of its PDO'] = error_of(fn ($token) => laravel()->getPdo()->prepare(TEXT)->execute([$token]));
    }
}
if ($argc == 1)
    echo implode("\n", array_keys($ways)), "\n";
else
    $ways[$argv[1]]($argv[2]);
