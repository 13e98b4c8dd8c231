<?php
// What Doctrine's identity map and its result cache keep for another user.
error_reporting(E_ALL & ~E_DEPRECATED);
require 'Doctrine/ORM/autoload.php';
require __DIR__ . '/tap.php';

use Doctrine\DBAL\DriverManager;
use Doctrine\ORM\Configuration;
use Doctrine\ORM\EntityManager;
use Doctrine\ORM\Mapping as ORM;
use Doctrine\ORM\Mapping\Driver\AttributeDriver;
use Doctrine\ORM\Proxy\ProxyFactory;

#[ORM\Entity, ORM\Table(name: 'accounts')]
class Account
{
    #[ORM\Id, ORM\Column(type: 'integer')]
    public $id;
    #[ORM\Column(type: 'text')]
    public $name;
    #[ORM\OneToMany(targetEntity: Payment::class, mappedBy: 'account')]
    public $payments;
}

#[ORM\Entity, ORM\Table(name: 'notices')]
class Notice
{
    #[ORM\Id, ORM\Column(type: 'integer')]
    public $id;
    #[ORM\Column(type: 'text')]
    public $name;
}

#[ORM\Entity, ORM\Table(name: 'rules')]
class Rule
{
    #[ORM\Id, ORM\Column(type: 'integer')]
    public $id;
    #[ORM\Column(type: 'text')]
    public $name;
}

#[ORM\Entity, ORM\Table(name: 'payments')]
class Payment
{
    #[ORM\Id, ORM\Column(type: 'integer')]
    public $id;
    #[ORM\ManyToOne(targetEntity: Account::class, inversedBy: 'payments')]
    public $account;
}

$connection = ['driver' => 'pdo_pgsql', 'host' => getenv('PGHOST'), 'port' => getenv('PGPORT'), 'dbname' => getenv('PGDATABASE'), 'user' => getenv('PGUSER')];
$config = new Configuration();
$config->setMetadataDriverImpl(new AttributeDriver([__DIR__]));
$config->setProxyDir(sys_get_temp_dir());
$config->setProxyNamespace('Proxies');
$config->setAutoGenerateProxyClasses(ProxyFactory::AUTOGENERATE_EVAL);
$em = new EntityManager(DriverManager::getConnection($connection, $config), $config);
echo '# with PHP ', PHP_VERSION, "\n";

/** What work answers in a transaction of that user. */
function as_user($user, $work)
{
    global $em;
    $em->beginTransaction();
    $em->getConnection()->executeQuery("SELECT session_auth.authenticate(?)", [getenv($user)]);
    $answer = $work();
    $em->commit();
    return $answer;
}

$find = fn () => $em->find(Account::class, 1)?->name;
equal(as_user('ADA', $find), 'Savings', 'she finds her account');
equal(as_user('UWE', $find), 'Savings', 'the leak: the identity map answers him, too');
$em->clear();
equal(as_user('UWE', $find), null, 'after clear() the database is asked, and he has none');

$hers = as_user('ADA', fn () => $em->find(Account::class, 1));
equal(count($hers->payments), 0, 'no rows: a collection that is first read after the transaction nobody asks for');
$em->clear();
$hers = as_user('ADA', fn () => $em->createQuery('SELECT a, p FROM Account a LEFT JOIN a.payments p WHERE a.id = 1')->getSingleResult());
equal(count($hers->payments), 1, 'joined within it, they are there');

// findings/change-of-no-row.sh
$change = fn ($kind) => as_user('ADA', function () use ($em, $kind) {
    $found = $em->find($kind, 1);
    $found->name = 'after';
    $em->flush();
    $em->refresh($found);
    return $found->name;
});
equal($change(Notice::class), 'before', 'a change that the policies refuse is flushed, and raises nothing');
try {
    $change(Rule::class);
    $state = 'none';
} catch (Doctrine\DBAL\Exception\DriverException $error) {
    $state = $error->getSQLState();
}
equal($state, '42501', "with denied => 'error' it raises");
