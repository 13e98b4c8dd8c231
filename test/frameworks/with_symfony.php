<?php
// Symfony's own session, token and listener on PostgreSQL, alive: PdoSessionHandler's table is adopted as it is, and the
// database reads the user out of what PHP and Symfony have serialized.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
foreach (['Security/Http', 'HttpFoundation', 'HttpKernel'] as $part)
    require_once "Symfony/Component/$part/autoload.php";

use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpFoundation\Session\Session;
use Symfony\Component\HttpFoundation\Session\Storage\Handler\PdoSessionHandler;
use Symfony\Component\HttpFoundation\Session\Storage\NativeSessionStorage;
use Symfony\Component\HttpKernel\Event\RequestEvent;
use Symfony\Component\HttpKernel\Event\ResponseEvent;
use Symfony\Component\HttpKernel\HttpKernelInterface;
use Symfony\Component\Security\Core\Authentication\Token\AbstractToken;
use Symfony\Component\Security\Core\Authentication\Token\RememberMeToken;
use Symfony\Component\Security\Core\Authentication\Token\Storage\TokenStorage;
use Symfony\Component\Security\Core\Authentication\Token\SwitchUserToken;
use Symfony\Component\Security\Core\Authentication\Token\UsernamePasswordToken;
use Symfony\Component\Security\Core\User\UserInterface;
use Symfony\Component\Security\Core\User\UserProviderInterface;
use Symfony\Component\Security\Http\Authenticator\Token\PostAuthenticationToken;
use Symfony\Component\Security\Http\Firewall\ContextListener;

// no session can be started once something has been printed
$lines = [];
register_shutdown_function(function () use (&$lines) { echo implode("\n", $lines), "\n"; });
function equal($got, $wanted, $name)
{
    global $lines;
    static $seen = 0;
    $lines[] = ($got === $wanted ? 'ok ' : 'not ok ') . ++$seen . " - $name";
    if ($got !== $wanted)
        $lines[] = '# got ' . json_encode($got) . ', wanted ' . json_encode($wanted);
}

function connect()
{
    return new PDO('pgsql:host=' . getenv('PGHOST') . ';port=' . getenv('PGPORT') . ';dbname=' . getenv('PGDATABASE'), getenv('ADMIN'), null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function as_admin($statement, ...$values)
{
    static $admin = null;
    $admin ??= connect();
    $query = $admin->prepare($statement);
    $query->execute($values);
    $row = $query->columnCount() ? $query->fetch(PDO::FETCH_NUM) : false;
    return $row ? $row[0] : null;
}

function user_of($id)
{
    return as_admin("SELECT user_id FROM session_auth.authenticate(?, on_refused => 'nobody')", $id);
}

/** An application's own user, as an entity has it. */
class User implements UserInterface
{
    protected string $email;
    private ?self $manager = null;
    public array $tags = ['a' => 1.5];

    function __construct(private int $id, string $email) { $this->email = $email; }
    function getRoles(): array { return ['ROLE_USER']; }
    function eraseCredentials() {}
    function getPassword() { return null; }
    function getSalt() { return null; }
    function getUsername() { return $this->email; }
    function getUserIdentifier(): string { return $this->email; }
}

/** One that is not there yet: a second factor is missing. */
class HalfwayToken extends AbstractToken
{
    function getCredentials() { return ''; }
}

class Users implements UserProviderInterface
{
    function loadUserByUsername(string $username) { return new User(42, $username); }
    function loadUserByIdentifier(string $identifier): UserInterface { return new User(42, $identifier); }
    function refreshUser(UserInterface $user) { return $user; }
    function supportsClass(string $class) { return $class === User::class; }
}

class Kernel implements HttpKernelInterface
{
    function handle(Request $request, int $type = self::MAIN_REQUEST, bool $catch = true) { return new Response; }
}

/** What a request does, between Symfony's listener that reads the session and the one that writes it; the session's id. */
function request($id, callable $does, string $firewall = 'main')
{
    $handler = new PdoSessionHandler(connect(), ['lock_mode' => PdoSessionHandler::LOCK_NONE]);
    $session = new Session(new NativeSessionStorage(['use_cookies' => 0, 'use_strict_mode' => 0, 'gc_probability' => 0, 'cache_limiter' => ''], $handler));
    $session->setId($id ?? session_create_id());
    $session->start();
    $tokens = new TokenStorage;
    $request = new Request;
    $request->setSession($session);
    $request->cookies->set($session->getName(), $session->getId());
    $listener = new ContextListener($tokens, [new Users], $firewall);
    $listener->authenticate(new RequestEvent(new Kernel, $request, HttpKernelInterface::MAIN_REQUEST));
    $does($tokens, $session);
    $listener->onKernelResponse(new ResponseEvent(new Kernel, $request, HttpKernelInterface::MAIN_REQUEST, new Response));
    $session->save();
    return $session->getId();
}

$version = trim((string) shell_exec('dpkg-query -W -f \'${Version}\' php-symfony-security-http 2>/dev/null'));
$lines[] = "# with Symfony $version, PHP " . PHP_VERSION;
(new PdoSessionHandler(connect()))->createTable();
as_admin("SELECT session_auth.adopt_sessions('sessions', 'sess_id', 'sess_data', 'sess_lifetime', user_form => 'symfony', user_path => '{_security_main,id}', expires_form => 'seconds')");

$ada = new User(42, 'ada@example.com');
$uwe = new User(43, 'uwe@example.com');
$her = request(null, fn ($tokens, $session) => $session->set('theme', 'dark'));
equal(user_of($her), null, 'a guest is nobody');
$guest = $her;
$her = request($her, function ($tokens, $session) use ($ada) {
    $session->migrate(true);
    $tokens->setToken(new UsernamePasswordToken($ada, 'main', $ada->getRoles()));
});
equal(user_of($her), '42', 'she logs in');
equal([user_of($guest), $guest === $her], [null, false], 'with another session than the guest had');
$name = null;
request($her, function ($tokens) use (&$name) { $name = $tokens->getToken()->getUserIdentifier(); });
equal([$name, user_of($her)], ['ada@example.com', '42'], 'Symfony finds her in it as well');
$left = as_admin('SELECT extract(epoch FROM expires_at - now())::int FROM session_auth.verify_session(?)', $her);
equal(abs($left - (int) ini_get('session.gc_maxlifetime')) < 30, true, 'for as long as PHP keeps it');

foreach (['RememberMeToken' => new RememberMeToken($uwe, 'main', 'secret'), 'PostAuthenticationToken' => new PostAuthenticationToken($uwe, 'main', ['ROLE_USER'])] as $kind => $token)
    equal(user_of(request(null, fn ($tokens) => $tokens->setToken($token))), '43', "$kind names him");
$switched = request(null, fn ($tokens) => $tokens->setToken(new SwitchUserToken($uwe, 'main', ['ROLE_USER'], new UsernamePasswordToken($ada, 'main', ['ROLE_ADMIN']), '/')));
equal(as_admin("SELECT a.user_id || ' by ' || (SELECT s.actor FROM session_auth.sessions s WHERE s.session_id = a.session_id) FROM session_auth.authenticate(?) a", $switched), '43 by 42', 'she switches to him: he is the user, and she acts');
equal(user_of(request(null, function ($tokens) use ($uwe) { $token = new HalfwayToken(['ROLE_USER']); $token->setUser($uwe); $tokens->setToken($token); })), null, 'a token of another class is nobody');
equal(user_of(request(null, fn ($tokens) => $tokens->setToken(new UsernamePasswordToken($uwe, 'other', ['ROLE_USER'])), 'other')), null, 'nor is one of another firewall');

as_admin("UPDATE sessions SET sess_lifetime = extract(epoch FROM now())::int - 1 WHERE sess_id = ?", $her);
equal(user_of($her), null, 'her session expires');
$his = request(null, fn ($tokens) => $tokens->setToken(new UsernamePasswordToken($uwe, 'main', ['ROLE_USER'])));
equal(user_of($his), '43', 'he logs in');
request($his, fn ($tokens) => $tokens->setToken(null));
equal(user_of($his), null, 'and out');
$last = request(null, fn ($tokens) => $tokens->setToken(new UsernamePasswordToken($uwe, 'main', ['ROLE_USER'])));
request($last, fn ($tokens, $session) => $session->invalidate());
equal(user_of($last), null, 'a session that is invalidated has ended');
$lines[] = '1..14';
