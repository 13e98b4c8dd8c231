# Attack, or accident: DROP, CREATE, ALTER and rewrites of the extension and its tables in
# the midst of other connections' transactions, cursors, identities and caches.
# Holds: no crash, errors that say what is missing, nothing of the old answers for the new;
# a token of the old is none of the new. test/t/drop.t has the plain sequence.
# Guards: src/catalog/tables.c, relation_invalidated() and find_relation().
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('drop_in_use');
add_extension($node);
my $set_up = q{CREATE EXTENSION session_auth; SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}')};
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my @others = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 3;
my $has = q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')};
$_->query("PREPARE has AS $has; EXECUTE has; SELECT FROM session_auth.authenticate('$token', 'connection'); SELECT session_auth.verify_session('$token')") foreach @others;
$others[1]->query('BEGIN; SELECT session_auth.user_id()');
$others[2]->query('BEGIN; DECLARE c CURSOR FOR SELECT session_auth.user_id() FROM generate_series(1, 3); FETCH c');

# a request that stays open keeps nobody from dropping it
my ($status, $out, $err) = $node->psql('postgres', q{SET lock_timeout = '5s'; DROP EXTENSION session_auth CASCADE});
is($status, 0, 'DROP waits neither for identities nor for open transactions and cursors') or diag($err);
$others[1]->query('SELECT session_auth.user_id()');
$others[1]->query('ROLLBACK');
$others[2]->query('FETCH c');
$others[2]->query('ROLLBACK');
foreach my $n (0 .. 2)
{
	$others[$n]->{stderr} = '';
	is($others[$n]->query('EXECUTE has'), '', "connection $n: a prepared question is an error");
	unlike($others[$n]->{stderr}, qr/server closed|PANIC|FATAL/, '… and no crash');
}
$node->safe_psql('postgres', $set_up);
is($others[0]->query('EXECUTE has'), 't', 'the new extension answers the old plan');
is($others[0]->query(q{SELECT coalesce(session_auth.user_id(), 'nobody')}), 'nobody', 'an identity of the old one is gone');
is($others[1]->query("SELECT count(*) FROM session_auth.verify_session('$token')"), '0', 'and its token');

# rewritten and renamed under a warm cache
$node->safe_psql('postgres', 'VACUUM FULL session_auth.sessions; REINDEX SCHEMA session_auth; SET session_auth.guard_protection = off; ALTER TABLE session_auth.permissions RENAME TO p');
$others[2]->{stderr} = '';
is($others[2]->query($has), '', 'a table that was renamed is missing');
like($others[2]->{stderr}, qr/42P01|permissions does not exist|not complete/, '… and the error says so');
$node->safe_psql('postgres', 'SET session_auth.guard_protection = off; ALTER TABLE session_auth.p RENAME TO permissions');
is($others[2]->query($has), 't', '… until it is back');
$node->safe_psql('postgres', q{LOAD 'session_auth'; SET session_auth.guard_protection = off; ALTER SCHEMA session_auth RENAME TO gone});
is($others[2]->query('SELECT gone.has_permission(\'ADMIN\', \'view\', \'accounts\')'), '', 'a renamed schema answers nothing');
$node->safe_psql('postgres', 'SET session_auth.guard_protection = off; ALTER SCHEMA gone RENAME TO session_auth');
is($others[2]->query($has), 't', '… and answers when it is back');

# dropped and made anew in one transaction, and undone
is($others[0]->query("BEGIN; DROP EXTENSION session_auth CASCADE; $set_up; $has; ROLLBACK; $has") =~ s/\s+/ /gr, '1 t t', 'anew within a transaction, and back by ROLLBACK');
is($others[1]->query('ALTER EXTENSION session_auth UPDATE; ' . $has), 't', 'ALTER EXTENSION UPDATE while in use');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()}), '3', 'all connections lived');

$_->quit foreach @others;
$node->stop;
done_testing();
