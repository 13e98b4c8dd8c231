# Two databases that replicate sessions to each other without origin = none, as PostgreSQL 15
# must: what comes back is not written a second time, but for a session that was ended and
# purged before its first row came back, and what has no rule by which it is merged.
# Siblings: test/t/logical.t, test/attacks/replicated_ends.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

# Both in one server: a database's changes are sent alike.
my $node = new_server('node', 'wal_level = logical', 'max_wal_senders = 10', 'max_replication_slots = 10', 'wal_retrieve_retry_interval = 100ms', 'autovacuum = off');

sub on { my ($name, $statement) = @_; return $node->safe_psql($name, $statement) }
sub other { return $_[0] eq 'a' ? 'b' : 'a' }
sub apart { on($_, "ALTER SUBSCRIPTION to_$_ DISABLE") foreach @_; $node->poll_query_until($_, "SELECT pid IS NULL FROM pg_stat_subscription WHERE subname = 'to_$_'") or die 'workers' foreach @_; return; }
sub together { on($_, "ALTER SUBSCRIPTION to_$_ ENABLE") foreach @_; return; }
sub arrived { $node->wait_for_catchup("to_$_") foreach @_; return; }
sub who { return "SELECT coalesce((SELECT user_id FROM session_auth.verify_session('$_[0]')), 'nobody')" }

on('postgres', "CREATE DATABASE $_") foreach qw(a b);
on($_, 'CREATE EXTENSION session_auth; CREATE PUBLICATION sessions FOR TABLE session_auth.sessions, session_auth.rotated_tokens, session_auth.session_events') foreach qw(a b);
foreach my $to (qw(a b))
{
	my $from = other($to);
	on($from, "SELECT pg_create_logical_replication_slot('to_$to', 'pgoutput')");
	my $conninfo = $node->connstr($from);
	on($to, "CREATE SUBSCRIPTION to_$to CONNECTION \$\$$conninfo\$\$ PUBLICATION sessions WITH (create_slot = false, slot_name = 'to_$to', copy_data = false)");
}

# How often rows of sessions were written.
sub written { my ($name, $how) = @_; return "SELECT n_tup_$how FROM pg_stat_user_tables WHERE relid = 'session_auth.sessions'::regclass" }

# A session that a ends and purges while nothing comes back.
sub purged_while_apart
{
	my ($user) = @_;
	apart('a');
	my $token = on('a', "SELECT token FROM session_auth.create_session('$user')");
	on('a', "SELECT session_auth.expire_session('$token'::text)");
	on('a', q{SELECT session_auth.purge_sessions()});
	arrived('b');
	return $token;
}

# --- with deletions in the publication

my $token = purged_while_apart('alice');
is(on($_, 'SELECT count(*) FROM session_auth.sessions'), '0', "a session has been ended and purged on $_") foreach qw(a b);
together('a');
ok($node->poll_query_until('a', written('a', 'ins') =~ s/n_tup_ins/n_tup_ins > 5/r), 'its rows and their deletion follow each other round and round');

# --- without

on($_, q{ALTER PUBLICATION sessions SET (publish = 'insert, update')}) foreach qw(a b);
my $settled = join ' UNION ALL ', map { "SELECT md5(string_agg(t.xmin::text, '' ORDER BY t.xmin::text)) FROM session_auth.$_ t" } qw(sessions session_events);

# What is sent from now on has been there and back, and is written by nobody.
sub is_settled
{
	my ($name) = @_;
	arrived(qw(b a b a));
	my %before = map { $_ => on($_, $settled) } qw(a b);
	arrived(qw(b a b a));
	is(on($_, $settled), $before{$_}, "$name, $_") foreach qw(a b);
	return;
}

is_settled('without them it comes to an end');
on($_, q{SELECT session_auth.purge_sessions()}) foreach qw(a b);
is(on($_, 'SELECT count(*) FROM session_auth.sessions'), '0', "when $_ purges too, the session is gone") foreach qw(a b);

$token = purged_while_apart('bob');
is(on('b', who($token)), 'nobody', 'another one is purged on a, and has ended on b');
on('b', q{SELECT session_auth.purge_sessions()});
on('a', q{SET session_auth.guard_protection = off;
	CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
	CREATE TRIGGER hold BEFORE UPDATE ON session_auth.sessions FOR EACH ROW EXECUTE FUNCTION hold(); ALTER TABLE session_auth.sessions ENABLE REPLICA TRIGGER hold});
my $holder = $node->background_psql('a');
$holder->query_safe('SELECT pg_advisory_lock(1)');
together('a');
ok($node->poll_query_until('a', who($token), 'bob'), 'its first row comes back, and it is there again');
$holder->query_safe('SELECT pg_advisory_unlock(1)');
$holder->quit;
ok($node->poll_query_until('a', who($token), 'nobody'), 'until its end does');
is_settled('and no further');
on($_, q{SELECT session_auth.purge_sessions()}) foreach qw(a b);
is_settled('nor does what is purged then come back');
is(on($_, 'SELECT count(*) FROM session_auth.sessions'), '0', "to $_") foreach qw(a b);

# --- a rotation that arrives where its session has been purged

$token = on('a', q{SELECT token FROM session_auth.create_session('erna')});
arrived(qw(b a));
apart('a');
my $newer = on('b', "SELECT token FROM session_auth.rotate_session('$token')");
on('a', "SELECT session_auth.expire_session('$token'::text)");
on('a', q{SELECT session_auth.purge_sessions()});
together('a');
arrived(qw(b a));
is(on('a', who($_)), 'nobody', 'a rotation that arrives after a purge opens nothing') foreach $token, $newer;
is(on('a', 'SELECT count(*) FROM session_auth.rotated_tokens'), '1', 'its old token is left behind');
my ($tidies) = slurp_file('docs/reliability.md') =~ /^ *(DELETE FROM session_auth\.rotated_tokens.*?;)$/ms;
on('a', $tidies =~ s/1 day/0/r);
is(on('a', 'SELECT count(*) FROM session_auth.rotated_tokens'), '0', 'and goes by what the page says');
on('b', q{SELECT session_auth.purge_sessions()});

# --- what has no rule

sub goes_round
{
	my ($user, $id, $change, $name) = @_;
	on('a', "INSERT INTO session_auth.sessions SELECT '$id', ('x' || encode(substr(h, 1, 8), 'hex'))::bit(64)::bigint, now(), now() + interval '1 day', now(), '1 day', h, '$user' FROM sha256('$id') h");
	arrived(qw(b a));
	apart(qw(a b));
	on($_, sprintf("UPDATE session_auth.sessions SET $change WHERE user_id = '$user'", ord $_)) foreach qw(a b);
	my $start = on('a', written('a', 'upd'));
	together(qw(a b));
	ok($node->poll_query_until('a', written('a', 'upd') =~ s/n_tup_upd/n_tup_upd > $start + 10/r), $name);
	apart(qw(a b));
	on($_, "DELETE FROM session_auth.sessions WHERE user_id = '$user'") foreach qw(a b);
	together(qw(a b));
	return is_settled("$user: until its row is gone");
}

goes_round('carol', 'c0000000-0000-4000-8000-000000000000', q{metadata = '{"by": %s}'}, 'what is changed by hand on both goes round and round');
goes_round('dora', 'd0000000-0000-8000-8000-000000000000', q{expires_at = now() + interval '%s days'}, 'so does the expiry of an adopted session');

on($_, "ALTER SUBSCRIPTION to_$_ DISABLE; ALTER SUBSCRIPTION to_$_ SET (slot_name = NONE); DROP SUBSCRIPTION to_$_") foreach qw(a b);
$node->stop;
done_testing();
