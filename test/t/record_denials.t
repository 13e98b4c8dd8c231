# session_auth.record_denials: a denial that raises an error becomes a row of
# session_events although its transaction is rolled back, in bounds of time and of rows.
# Also: test/t/log.t, test/t/purge_worker.t, test/t/statistics.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('denials', 'autovacuum = off', q{shared_preload_libraries = 'session_auth'}, 'session_auth.purge_interval = 0',
	'session_auth.record_denials = 40', q{wal_level = replica}, 'max_wal_senders = 4', 'hot_standby = on');
add_extension($node);
my %tokens = map { $_ => $node->safe_psql('postgres', qq{SELECT token FROM session_auth.create_session('$_')}) } qw(alice bob carol);
$node->safe_psql('postgres', q{
	CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1); SELECT session_auth.protect_table('accounts');
	CREATE TABLE loud (id int); SELECT session_auth.protect_table('loud', denied => 'error');
	GRANT ALL ON accounts, loud TO app});

sub ask { return $node->safe_psql('postgres', $_[0]) }
# What the request role says as a user, in a transaction; it hears of each error.
sub as_user
{
	my ($user, $statements) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "BEGIN; SELECT session_auth.authenticate('$tokens{$user}'); $statements; COMMIT", extra_params => [ '--username', 'app' ], on_error_stop => 0);
	return $err;
}
sub require_as { my ($user, $action, $resource) = @_; return as_user($user, "SELECT session_auth.require_permission('$action', '$resource')") }
sub recorded { my ($what, $where, $expected) = @_; return $node->poll_query_until('postgres', "SELECT $what FROM session_auth.session_events WHERE event LIKE 'denied%' AND ($where)", $expected // 't') }
sub forget { return ask(q{DELETE FROM session_auth.session_events WHERE event LIKE 'denied%'}) }

# --- what is recorded

like(require_as('bob', 'edit', 'accounts'), qr/permission denied: "edit" on "accounts"/, 'bob is denied, which rolls back his transaction');
ok(recorded('count(*) = 1', "user_id = 'bob'"), 'a row tells of it');
is(ask(q{SELECT event, user_id, actor, detail, at > now() - interval '1 minute' FROM session_auth.session_events WHERE event LIKE 'denied%'}),
	'denied|bob|bob|{"count": 1, "action": "edit", "resource": "accounts"}|t', '… who, and what');
is(ask(q{SELECT e.session_id = s.session_id FROM session_auth.session_events e, session_auth.sessions s WHERE e.event = 'denied' AND s.user_id = 'bob'}), 't', '… and in which session');
forget();
require_as('bob', 'edit', 'accounts') for 1 .. 5;
ok(recorded(q{sum((detail ->> 'count')::int) = 5}, "user_id = 'bob'"), 'the same again is counted');
cmp_ok(ask(q{SELECT count(*) FROM session_auth.session_events WHERE event = 'denied'}), '<', 5, '… in fewer rows');
forget();
like(as_user('carol', 'SELECT * FROM loud'), qr/permission denied: "view" on "loud"/, 'a loud table');
like(as_user('carol', 'DO $$ BEGIN PERFORM session_auth.require_permission($a$view$a$, $a$caught$a$); EXCEPTION WHEN insufficient_privilege THEN NULL; END $$'), qr/^$/, 'a denial that is caught');
ask(q{ALTER ROLE app SET session_auth.denied_policies = 'error'});
like(as_user('carol', 'SELECT session_auth.is_authenticated(); SELECT * FROM accounts'), qr/permission denied for table accounts/, 'a policy that is loud by the setting');
ask(q{ALTER ROLE app RESET session_auth.denied_policies});
like(slurp_file($node->logfile), qr/permission denied for table accounts\n.*DETAIL: .*User "carol"/, '… whose log says who it was');
ok(recorded('count(*) = 3', "user_id = 'carol'"), 'each is a row');
is(ask(q{SELECT string_agg((detail - 'count')::text, ' ' ORDER BY (detail - 'count')::text) FROM session_auth.session_events WHERE event = 'denied'}),
	'{"action": "view", "resource": "caught"} {"action": "view", "resource": "loud"} {"table": "public.accounts", "action": "view"}', '… which names a table where no resource is known');
forget();
my ($status, $out, $err) = $node->psql('postgres', q{BEGIN; SELECT session_auth.impersonate('bob'); SELECT session_auth.require_permission('edit', repeat('ü', 1000))});
ok(recorded(q{count(*) = 1}, q{user_id = 'bob' AND actor = 'postgres'}), 'who impersonates is the actor');
is(ask(q{SELECT octet_length(detail ->> 'resource') FROM session_auth.session_events WHERE event = 'denied'}), '254', 'a long name is cut between characters');
forget();
as_user('carol', 'SELECT * FROM accounts');
$node->psql('postgres', q{SELECT session_auth.require_permission('edit', 'accounts')}, extra_params => [ '--username', 'app' ]);
require_as('carol', 'edit', 'last');
ok(recorded(q{count(*) = 1}, q{detail ->> 'resource' = 'last'}), 'another denial');
is(ask(q{SELECT count(*) FROM session_auth.session_events WHERE event LIKE 'denied%'}), '1', 'an empty answer, and one who is nobody, are none');
my $all = $node->safe_psql('postgres', q{SELECT string_agg(e::text, ' ') FROM session_auth.session_events e});
unlike($all, qr/\Q$_\E/, 'no token is in any row') foreach map { substr($_, 4) } values %tokens;

# --- a flood

forget();
as_user('alice', q{DO $$ BEGIN FOR i IN 1 .. 3000 LOOP BEGIN PERFORM session_auth.require_permission('edit', 'thing ' || i); EXCEPTION WHEN insufficient_privilege THEN NULL; END; END LOOP; END $$});
require_as('carol', 'edit', 'accounts');
ok(recorded(q{count(*) = 1}, q{user_id = 'carol'}), 'of a user who was denied once there is a row, beside one who floods');
ok(recorded(q{sum((detail ->> 'count')::int) = 3001}, 'true'), 'each is counted');
is(ask(q{SELECT count(*) BETWEEN 5 AND 20, count(*) = count(DISTINCT detail ->> 'resource') FROM session_auth.session_events WHERE event = 'denied' AND user_id = 'alice'}), 't|t', 'who floods gets a quarter of the rows of a minute, or of two');
is(ask(q{SELECT count(*), min(user_id), min(detail ->> 'count')::int > 100 FROM session_auth.session_events WHERE event = 'denied_others'}), '1||t', '… and the rest is one row');

# --- where, and whether

$node->psql('postgres', q{SELECT session_auth.is_authenticated(); SET session_auth.record_denials = 5}, stderr => \$err);
is($err, '', 'a superuser can change it');
$node->psql('postgres', 'SET session_auth.record_denials = 0', extra_params => [ '--username', 'app' ], stderr => \$err);
like($err, qr/permission denied to set parameter/, '… and the request role cannot');
is(ask(q{SELECT count(*) FROM session_auth.check_policies() WHERE object = 'session_auth.record_denials'}), '0', 'check_policies finds it in order');
forget();
ask(q{ALTER DATABASE postgres SET session_auth.record_events = 'sessions'});
require_as('alice', 'edit', 'accounts');
ask(q{CREATE DATABASE other}); $node->safe_psql('other', 'CREATE EXTENSION session_auth');
$node->psql('other', q{BEGIN; SELECT session_auth.impersonate('dave'); SELECT session_auth.require_permission('edit', 'here')});
ok($node->poll_query_until('other', q{SELECT count(*) = 1 FROM session_auth.session_events WHERE event = 'denied' AND user_id = 'dave'}), 'another database has its own');
is(ask(q{SELECT count(*) FROM session_auth.session_events WHERE user_id = 'dave'}), '0', '… which this one does not see');
is(ask(q{SELECT count(*) FROM session_auth.session_events WHERE event LIKE 'denied%'}), '0', 'record_events leaves them out like others');
ask(q{ALTER DATABASE postgres RESET session_auth.record_events});

# --- what goes away meanwhile

$node->psql('other', q{BEGIN; SELECT session_auth.impersonate('dave'); SELECT session_auth.require_permission('edit', 'gone')});
ask('DROP DATABASE other WITH (FORCE)');
my $locked = $node->background_psql('postgres');
$locked->query_safe('BEGIN; LOCK session_auth.session_events IN ACCESS EXCLUSIVE MODE');
my $before = -s $node->logfile;
require_as('carol', 'edit', 'locked');
sleep 3;
$locked->query_safe('ROLLBACK');
$locked->quit;
require_as('carol', 'edit', 'unlocked');
ok(recorded('count(*) = 2', q{detail ->> 'resource' IN ('locked', 'unlocked')}), 'a table that somebody has locked gets its rows later');
unlike(substr(slurp_file($node->logfile), $before), qr/database .* does not exist|FATAL/, 'a dropped database leaves nothing in the log');

# --- a standby records nothing, and without the library in shared memory nobody does

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('denials_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$standby->psql('postgres', "BEGIN; SELECT session_auth.authenticate('$tokens{bob}'); SELECT session_auth.require_permission('edit', 'standby')", stderr => \$err);
like($err, qr/permission denied: "edit" on "standby"/, 'a standby denies');
like(slurp_file($standby->logfile), qr/permission denied: "edit" on "standby"\n.*DETAIL: .*User "bob"/, '… and logs');
$standby->stop;

$node->append_conf('postgresql.conf', q{shared_preload_libraries = ''});
$node->restart;
require_as('bob', 'edit', 'accounts');
is(ask(q{SELECT severity || ': ' || problem FROM session_auth.check_policies() WHERE object = 'session_auth.record_denials'}), 'warning: it is on, but without shared_preload_libraries it records nothing', 'without shared_preload_libraries check_policies says that nothing is recorded');
$node->psql('postgres', q{SELECT session_auth.is_authenticated(); SET session_auth.record_denials = 5}, stderr => \$err);
like($err, qr/WARNING: .*records nothing\nDETAIL: .*shared_preload_libraries = 'session_auth'/, '… and so does SET');

$node->stop;
done_testing();
