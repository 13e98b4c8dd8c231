<?php
// What Eloquent's models keep for another user.
error_reporting(E_ALL & ~E_DEPRECATED);
foreach (['Container', 'Database', 'Events', 'Support'] as $part)
    @include_once "Illuminate/$part/autoload.php";
require __DIR__ . '/tap.php';

use Illuminate\Database\Capsule\Manager as Capsule;
use Illuminate\Database\Eloquent\Model;

class Account extends Model
{
    public $timestamps = false;

    public function payments()
    {
        return $this->hasMany(Payment::class);
    }
}

class Notice extends Model
{
    public $timestamps = false;
}

class Rule extends Model
{
    public $timestamps = false;
}

class Payment extends Model
{
    public $timestamps = false;
}

$capsule = new Capsule();
$capsule->addConnection(['driver' => 'pgsql', 'host' => getenv('PGHOST'), 'port' => getenv('PGPORT'), 'database' => getenv('PGDATABASE'), 'username' => getenv('PGUSER')]);
$capsule->setAsGlobal();
$capsule->bootEloquent();
echo '# with PHP ', PHP_VERSION, "\n";

function as_user($user, $work)
{
    return Capsule::connection()->transaction(function () use ($user, $work) {
        Capsule::selectOne('SELECT session_auth.authenticate(?)', [getenv($user)]);
        return $work();
    });
}

$kept = as_user('ADA', fn () => Account::with('payments')->find(1));
equal(as_user('UWE', fn () => [$kept->name, $kept->payments->count()]), ['Savings', 1], 'the leak: a model that is kept shows him her account and what it has loaded');
equal(as_user('UWE', fn () => $kept->fresh()), null, 'fresh() asks, and he has none');
equal(as_user('UWE', fn () => Account::find(1)), null, 'so does find(): Eloquent has no identity map');
$lazy = as_user('ADA', fn () => Account::find(1));
equal($lazy->payments->count(), 0, 'no rows: a relation that is first read after the transaction nobody asks for');

// findings/change-of-no-row.sh
$change = fn ($kind) => as_user('ADA', function () use ($kind) {
    try {
        return [$kind::find(1)->forceFill(['name' => 'after'])->save(), $kind::find(1)->name];
    } catch (Illuminate\Database\QueryException $error) {
        return $error->getCode();
    }
});
equal($change(Notice::class), [true, 'before'], 'a change that the policies refuse is saved, it says');
equal($change(Rule::class), '42501', "with denied => 'error' it raises");
