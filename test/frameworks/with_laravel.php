<?php
// The middleware of docs/frameworks.md among Laravel's own, alive: AsSender.php is in the folder that the command names.
// Laravel's components, put together as its kernel does: no router, as Debian has the components alone.
error_reporting(E_ALL & ~E_DEPRECATED);
foreach (['Container', 'Config', 'Cookie', 'Session', 'Auth', 'Database', 'Encryption', 'Hashing', 'Http', 'Pipeline', 'Support'] as $part)
    @include_once "Illuminate/$part/autoload.php";
eval('?>' . '<?php ' . file_get_contents("$argv[1]/AsSender.php"));

use Illuminate\Auth\DatabaseUserProvider;
use Illuminate\Auth\SessionGuard;
use Illuminate\Container\Container;
use Illuminate\Contracts\Auth\Guard;
use Illuminate\Cookie\CookieJar;
use Illuminate\Cookie\Middleware\AddQueuedCookiesToResponse;
use Illuminate\Cookie\Middleware\EncryptCookies;
use Illuminate\Database\Capsule\Manager as Capsule;
use Illuminate\Encryption\Encrypter;
use Illuminate\Hashing\BcryptHasher;
use Illuminate\Http\Request;
use Illuminate\Http\Response;
use Illuminate\Pipeline\Pipeline;
use Illuminate\Session\Middleware\StartSession;
use Illuminate\Session\SessionManager;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Facade;

$seen = 0;
function equal($got, $wanted, $name)
{
    global $seen;
    $seen++;
    echo $got === $wanted ? 'ok' : 'not ok', " $seen - $name\n";
    if ($got !== $wanted)
        echo '# got ', json_encode($got), ', wanted ', json_encode($wanted), "\n";
}

function as_admin($statement, ...$values)
{
    static $admin = null;
    $admin ??= new PDO('pgsql:host=' . getenv('PGHOST') . ';port=' . getenv('PGPORT') . ';dbname=' . getenv('PGDATABASE'), getenv('ADMIN'));
    $query = $admin->prepare($statement);
    $query->execute($values);
    $row = $query->columnCount() ? $query->fetch(PDO::FETCH_NUM) : false;
    return $row ? $row[0] : null;
}

function user_of($cookie)
{
    return as_admin("SELECT user_id FROM session_auth.authenticate_request(?, NULL, on_refused => 'nobody')", $cookie);
}

function tampered($value)
{
    $at = intdiv(strlen($value), 2);
    return substr_replace($value, $value[$at] === 'A' ? 'B' : 'A', $at, 1);
}

// ---------------------------------------------------------------- the application

$key = base64_decode(substr(getenv('SECRET_KEY'), 7));
$database = ['driver' => 'pgsql', 'host' => getenv('PGHOST'), 'port' => getenv('PGPORT'), 'database' => getenv('PGDATABASE'), 'username' => 'app', 'charset' => 'utf8'];
// Both as Laravel's repository answers them: by their whole name, and as a section.
$config = new Illuminate\Support\Fluent(['session.driver' => 'database', 'session.table' => 'sessions', 'session.connection' => null, 'session.lifetime' => 120,
    'session.cookie' => 'laravel_session', 'session.lottery' => [0, 1], 'session.path' => '/', 'session.domain' => null, 'session.secure' => false,
    'session.http_only' => true, 'session.same_site' => 'lax', 'session.expire_on_close' => false, 'session.encrypt' => false, 'session.files' => null]);
$config['session'] = ['driver' => 'database', 'lottery' => [0, 1], 'lifetime' => 120, 'path' => '/', 'domain' => null, 'secure' => false, 'http_only' => true, 'same_site' => 'lax', 'expire_on_close' => false];

$app = new Container();
Container::setInstance($app);
Facade::setFacadeApplication($app);
$app->instance('config', $config);
$capsule = new Capsule($app);
$capsule->addConnection($database);
// The capsule keeps its settings in the container's, which stand in for the application's configuration here.
$app->instance('db', $capsule->getDatabaseManager());

/** One request through the middleware, as the kernel runs it; what the browser keeps comes back. */
function request($method, $controller, array $cookies = [], $input = [])
{
    global $app, $key;
    $header = implode('; ', array_map(fn($name) => "$name=" . rawurlencode($cookies[$name]), array_keys($cookies)));
    $request = Request::create('http://localhost/', $method, $input, $cookies, [], $cookies ? ['HTTP_COOKIE' => $header] : []);
    $request->setRouteResolver(fn() => new class { public function locksFor() { return null; } });
    $manager = new SessionManager($app);
    $app->instance('session', $manager);
    $app->instance('request', $request);
    $jar = new CookieJar();
    $provider = new DatabaseUserProvider($app['db']->connection(), new BcryptHasher(['rounds' => 4]), 'people');
    $guard = new SessionGuard('web', $provider, $manager->driver(), $request);
    $guard->setCookieJar($jar);
    $app->instance(Guard::class, $guard);
    $middleware = [new EncryptCookies(new Encrypter($key, 'AES-256-CBC')), new AddQueuedCookiesToResponse($jar), new StartSession($manager), new App\Http\Middleware\AsSender()];
    $response = (new Pipeline($app))->send($request)->through($middleware)->then(fn($request) => $controller($request, $guard));
    foreach ($response->headers->getCookies() as $cookie)
        $cookies[$cookie->getName()] = $cookie->getValue();
    return [$response, $cookies];
}

$names = fn() => DB::table('accounts')->orderBy('id')->pluck('name')->all();
$page = fn($cookies) => json_decode(request('GET', fn() => new Response(json_encode($names())), $cookies)[0]->getContent());

function log_in($name)
{
    [$response, $cookies] = request('POST', function ($request, $guard) {
        $done = $guard->attempt(['name' => $request->input('name'), 'password' => $request->input('password')]);
        return new Response($done ? 'in' : 'out');
    }, [], ['name' => $name, 'password' => 'correct horse']);
    equal($response->getContent(), 'in', "$name logs in");
    return $cookies;
}

preg_match('/[0-9.]+/', (string) shell_exec("dpkg-query -W -f='\${Version}' php-illuminate-session"), $version);
echo '# with Laravel ', $version[0] ?? 'of unknown version', ' (components), PHP ', PHP_VERSION, "\n";
as_admin('UPDATE people SET password = ?', (new BcryptHasher(['rounds' => 4]))->make('correct horse'));
$her = log_in('ada');
$his = log_in('uwe');
$cookie = $her['laravel_session'];
equal($page($her), ['Savings', 'Travel'], 'her page lists her accounts');
equal($page($his), ['Rent'], 'his lists his');
equal($page($her), ['Savings', 'Travel'], 'hers lists hers again, on the same connection');
equal($page([]), [], 'nobody has none');
$header = fn($value) => 'laravel_session=' . rawurlencode($value);
equal(user_of($header($cookie)), '1', 'the database finds her in the cookie');
equal(user_of($header(tampered($cookie))), null, 'a cookie with one character replaced is refused');
equal($page(['laravel_session' => tampered($cookie)]), [], 'and lists nothing');
$id = as_admin('SELECT id FROM sessions WHERE user_id = 1');
equal(user_of("laravel_session=$id"), null, 'the bare id of the row is refused');
[$response] = request('POST', fn($request, $guard) => new Response((string) $guard->logout() . $request->session()->invalidate()), $her);
equal(user_of($header($cookie)), null, 'she logs out: the database refuses her cookie');
equal($page(['laravel_session' => $cookie]), [], 'which lists nothing');
equal($page($his), ['Rent'], 'and his goes on');

as_admin('CREATE TABLE notes (id int)');
as_admin('GRANT INSERT ON notes TO app');
request('POST', function () {
    DB::table('notes')->insert(['id' => 1]);
    $response = new Response('failed', 500);
    return $response->withException(new Exception('after a write'));
}, $his);
equal(as_admin('SELECT count(*)::text FROM notes'), '0', 'a controller that failed after a write has written nothing');
function error_of($does)
{
    try {
        DB::transaction($does);
        return 'none';
    } catch (Throwable $e) {
        return get_class($e) . ' ' . $e->getCode();
    }
}

$authenticate = fn($cookie) => DB::selectOne('SELECT session_auth.authenticate_request(?, NULL)', [$cookie]);
$lacking = fn() => DB::selectOne("SELECT session_auth.require_permission('delete', 'accounts')");
equal(error_of(fn() => $authenticate('laravel_session=none')), 'Illuminate\Database\QueryException 28000', 'a refused cookie arrives as QueryException');
equal(error_of($lacking), 'Illuminate\Database\QueryException 28000', 'so does a permission that nobody asks for');
equal(error_of(fn() => [$authenticate($header($his['laravel_session'])), $lacking()]), 'Illuminate\Database\QueryException 42501', 'one that is lacking has another code');
