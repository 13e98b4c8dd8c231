# Subscribing to another server, beyond logical.t: whom the subscription may connect as, what a
# first copy makes of ends that the publisher never heard of, and numbers that both servers
# give out.
# Siblings: test/t/logical.t, test/t/update_order.t, test/attacks/replicated_ends.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;
use Subscriber;

my ($publisher, $subscriber) = map { new_server($_, subscribing_conf()) } qw(publisher subscriber);
replicates($publisher, $subscriber);

# A database of that name on both.
sub databases
{
	my ($name) = @_;
	foreach my $node ($publisher, $subscriber)
	{
		$node->safe_psql('postgres', "CREATE DATABASE $name");
		$node->safe_psql($name, 'CREATE EXTENSION session_auth');
	}
	return;
}

sub publish
{
	my ($database, @tables) = @_;
	return there($database, 'CREATE PUBLICATION p FOR TABLE ' . join(', ', map { "session_auth.$_" } @tables));
}

sub subscribe
{
	my ($database, $as) = @_;
	my $conninfo = $publisher->connstr($database) . ($as // '');
	return here($database, "CREATE SUBSCRIPTION $database CONNECTION \$\$$conninfo\$\$ PUBLICATION p");
}

# --- whom it connects as

databases('rights');
my $alice = there('rights', q{SELECT token FROM session_auth.create_session('alice')});
there('rights', q{SELECT session_auth.add_key('k', 'HS256', 'a secret of more than thirty-two bytes'), session_auth.create_role('ADMIN');
	CREATE ROLE copier LOGIN REPLICATION; GRANT pg_read_all_data TO copier});
publish('rights', qw(roles keys key_secrets sessions));
subscribe('rights', ' user=copier');
copied('rights');
my $rows = q{SELECT (SELECT count(*) FROM session_auth.roles), (SELECT count(*) FROM session_auth.keys), (SELECT count(*) FROM session_auth.key_secrets), (SELECT count(*) FROM session_auth.sessions)};
is(here('rights', $rows), '1|1|0|0', 'a role without BYPASSRLS: the first copy of sessions and secrets is empty');
is(here('rights', who($alice)), 'nobody', 'a session is not there');
my $bob = applied('rights', q{SELECT token FROM session_auth.create_session('bob')});
is(here('rights', who($bob)), 'bob', 'though one that begins afterwards is');

# A subscription that would rather fail than copy less than all.
here('rights', 'DROP SUBSCRIPTION rights');
here('rights', 'TRUNCATE session_auth.roles, session_auth.keys, session_auth.sessions CASCADE');
my $since = -s $subscriber->logfile;
subscribe('rights', q{ user=copier options='-c row_security=off'});
fails(qr/could not start initial contents copy for table "session_auth\.sessions": ERROR: .*would be affected by row-level security/, 'with row_security = off it says so', $since);
there('rights', 'ALTER ROLE copier BYPASSRLS');
copied('rights');
is(here('rights', $rows), '1|1|1|2', 'with BYPASSRLS all is copied');
is(here('rights', who($alice)), 'alice', 'and the session is there');

# --- ends that the publisher never heard of

databases('ends');
my %token = map { $_ => there('ends', "SELECT token FROM session_auth.create_session('$_')") } qw(kept purged);
publish('ends', qw(sessions rotated_tokens session_events));
subscribe('ends');
copied('ends');
here('ends', "SELECT session_auth.expire_session('$token{purged}'::text); SELECT session_auth.purge_sessions()");
here('ends', "SELECT session_auth.expire_session('$token{kept}'::text)");
is(here('ends', 'SELECT count(*) FROM session_auth.sessions'), '1', 'a session has ended on the subscriber, another one has been purged as well');
here('ends', 'DROP SUBSCRIPTION ends');
subscribe('ends');
copied('ends');
is(here('ends', who($token{kept})), 'nobody', 'after a first copy from a server that has not heard of it the end stays');
is(here('ends', who($token{purged})), 'purged', 'and the session that was purged is back');
applied('ends', who($token{kept}));
is(here('ends', who($token{kept})) . '|' . there('ends', who($token{kept})), 'nobody|kept', 'as the page says, the publisher never hears of an end');

# --- numbers of grants and keys

databases('numbers');
there('numbers', q{SELECT session_auth.add_authjs_secret('the secret of the publisher for Auth.js'), session_auth.add_cookie_secret('express', 'the secret of express of the publisher');
	SELECT session_auth.create_role('ADMIN'), session_auth.create_role('USER'), session_auth.grant_role('alice', 'ADMIN'), session_auth.add_key('k', 'HS256', 'a secret of more than thirty-two bytes')});
publish('numbers', qw(roles user_roles keys key_secrets authjs_secrets cookie_secrets));
subscribe('numbers');
copied('numbers');

sub refused
{
	my ($statement) = @_;
	my ($status, $out, $err) = $subscriber->psql('numbers', "\\set VERBOSITY sqlstate\nSELECT session_auth.$statement");
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : 'done';
}

my $grant = q{grant_role('bob', 'USER')};
my $key = q{add_key('l', 'HS256', 'a secret of more than thirty-two bytes')};
my $jwks = q{import_jwks('https://i', '{"keys": [{"kty":"OKP","crv":"Ed25519","kid":"m","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}')};
here('numbers', q{CREATE TABLE people (id text, role text); INSERT INTO people VALUES ('erna', 'USER')});
my $adopt = q{adopt_roles('people', 'id', 'role')};
my $authjs = q{add_authjs_secret('a secret that encrypts cookies of Auth.js')};
my $cookies = q{add_cookie_secret('express', 'a secret of express that the subscriber has')};
my @sequences = qw(user_roles_grant_id_seq keys_key_id_seq authjs_secrets_secret_id_seq cookie_secrets_secret_id_seq);

# As the page has it, where each of them is named.
my ($moves_on) = slurp_file('docs/reliability.md') =~ /^( *SELECT setval\(.*?;)$/ms;
is(join(' ', sort $moves_on =~ /session_auth\.(\w+)/g), join(' ', sort @sequences), 'the page moves every sequence whose numbers travel');
# ... of those tables that it says can be published
my ($can) = slurp_file('docs/reliability.md') =~ /^## Logical replication\n\n(.*?) can be published/ms;
my @tables = map { "'session_auth.$_'::regclass" } lc($can) =~ /(\w{4,})/g;
cmp_ok(scalar(@tables), '>', 10, 'the page names what can be published');
is(there('numbers', q{SELECT string_agg(s.relname, ' ' ORDER BY s.relname) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
	WHERE d.deptype = 'i' AND d.refobjid IN (} . join(', ', @tables) . ')'), join(' ', sort @sequences), 'and there are no others');

# Each attempt takes a number, so they are set back before it.
sub refused_at_first
{
	my ($statement) = @_;
	here('numbers', 'SELECT ' . join ', ', map { "setval('session_auth.$_', 1, false)" } @sequences);
	return refused($statement);
}

is(refused_at_first($_), '23505', /(\w+)/ && "$1: the number came from the publisher already") foreach $grant, $key, $jwks, $adopt, $authjs, $cookies;
here('numbers', $moves_on);
is(refused($_), 'done', /(\w+)/ && "$1: there are others once the sequence is moved on") foreach $grant, $key, $jwks, $adopt, $authjs, $cookies;

# Keys without kid are told apart by themselves, in what they are refused for as well.
my @without_kid = map { qq({"kty":"OKP","crv":"Ed25519","x":"$_"}) } qw(11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw);
my $one = qq{import_jwks('https://j', '{"keys": [$without_kid[0]]}')};
my $two = qq{import_jwks('https://j', '{"keys": [$without_kid[0], $without_kid[1]]}')};
is(refused($one), 'done', 'a key without kid');
is(refused_at_first($two), '23505', 'the number of another one is taken, though the first is there');
here('numbers', $moves_on =~ s/1000000000/2000000000/gr);
is(refused($two), 'done', 'and there is a number for it too');
applied('numbers', q{SELECT session_auth.grant_role('carol', 'USER')});
is(here('numbers', q{SELECT string_agg(user_id || role, ',' ORDER BY user_id) FROM session_auth.list_user_roles()}), 'aliceADMIN,bobUSER,carolUSER,ernaUSER', 'which those of the publisher go on beside');

# Sessions come by a subscription of their own, as the page has it, which no conflict of these stops.
there('numbers', 'CREATE PUBLICATION sessions FOR TABLE session_auth.sessions, session_auth.rotated_tokens');
here('numbers', 'CREATE SUBSCRIPTION sessions CONNECTION $$' . $publisher->connstr('numbers') . '$$ PUBLICATION sessions');
$subscriber->wait_for_subscription_sync($publisher, 'sessions', 'numbers');
my $held = there('numbers', q{SELECT token FROM session_auth.create_session('held')});
$publisher->wait_for_catchup('sessions');
is(here('numbers', who($held)), 'held', 'a session is there');
$since = -s $subscriber->logfile;
there('numbers', q{SELECT session_auth.grant_role('bob', 'USER'), session_auth.grant_role('dora', 'USER')});
fails(qr/unique (?:constraint|index) "user_roles_user_id_role_tenant_key"/, 'the same role granted to the same user on both stops replication', $since);
there('numbers', "SELECT session_auth.expire_session('$held'::text)");
$publisher->wait_for_catchup('sessions');
is(here('numbers', who($held)), 'nobody', 'but for that of ends');
here('numbers', q{SELECT session_auth.revoke_role('bob', 'USER')});
$publisher->wait_for_catchup('numbers');
is(here('numbers', q{SELECT string_agg(user_id, ',' ORDER BY user_id) FROM session_auth.list_user_roles() WHERE role = 'USER'}), 'bob,carol,dora,erna', 'until it is taken back on the subscriber');

unsubscribe($_, $_) foreach qw(rights ends);
unsubscribe('numbers', qw(numbers sessions));
$_->stop foreach $subscriber, $publisher;
done_testing();
