# Attack: a token that was copied before a rotation is used after it, by the thief or
# the owner: in a read-only or failing transaction, a savepoint, at once in several
# connections, before the rotation is committed, and when no worker can be had.
# Holds: within the grace both work; after it, presenting the old one ends the session
# for everybody, lastingly, and is recorded; it never ends another's session.
# Guards: src/verify/session.c, find_rotated(); src/verify/theft.c, theft_report() and theft_settle().
# Also: test/pgtap/rotation.sql, test/specs/two_rotations.spec.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('stolen_tokens');
add_extension($node);
my $ask = sub { return $node->safe_psql('postgres', $_[0]) };
my $who = sub { return $ask->("SELECT coalesce((SELECT user_id FROM session_auth.verify_session('$_[0]')), 'refused')") };
sub rotated
{
	my ($user) = @_;
	my $old = $ask->("SELECT token FROM session_auth.create_session('$user')");
	my $new = $ask->("SELECT token FROM session_auth.rotate_session('$old')");
	return ($old, $new);
}

my ($old, $new) = rotated('alice');
is($who->($old) . $who->($new), 'alicealice', 'within the grace both open the session');
$node->append_conf('postgresql.conf', 'session_auth.rotation_grace = 0');
$node->reload;
$node->poll_query_until('postgres', q{SELECT current_setting('session_auth.rotation_grace', true) = '0'});

my %uses = (
	'authenticate' => q{SELECT session_auth.authenticate('$1')},
	'verify_session' => q{SELECT * FROM session_auth.verify_session('$1')},
	'authenticate, read only' => q{BEGIN READ ONLY; SELECT session_auth.authenticate('$1'); ROLLBACK},
	'verify_session, read only' => q{BEGIN READ ONLY; SELECT * FROM session_auth.verify_session('$1'); COMMIT},
	'rolled back' => q{BEGIN; SAVEPOINT s; SELECT session_auth.authenticate('$1'); ROLLBACK TO s; ROLLBACK},
	'verify_session, rolled back' => q{BEGIN READ ONLY; SELECT * FROM session_auth.verify_session('$1'); ROLLBACK},
	'refresh_session' => q{SELECT session_auth.refresh_session('$1')},
	'rotate_session' => q{SELECT session_auth.rotate_session('$1')},
	'expire_session' => q{SELECT session_auth.expire_session('$1'::text)},
	'authenticate_request' => q{SELECT session_auth.authenticate_request(NULL, 'Bearer $1')});
foreach my $use (sort keys %uses)
{
	my ($first, $second) = rotated('bob');
	my $other = $ask->(q{SELECT token FROM session_auth.create_session('bob')});
	(my $statement = $uses{$use}) =~ s/\$1/$first/g;
	my $backend = $node->background_psql('postgres', on_error_stop => 0);
	$backend->query($statement);
	is($backend->query("SELECT count(*) FROM session_auth.verify_session('$second')"), '0', "$use: refused where it was seen");
	$backend->quit;
	is($who->($second), 'refused', '… and everywhere');
	is($who->($other), 'bob', q{… the user's other session is not touched});
}
is($ask->(q{SELECT count(*) FROM session_auth.sessions WHERE user_id = 'bob' AND ended_by = 'theft'}), scalar(keys %uses), 'each is recorded in its session');
is($ask->(q{SELECT count(*) FROM session_auth.session_events WHERE event = 'session_ended' AND detail ->> 'by' = 'theft'}), scalar(keys %uses), '… and once in the events');

# seen by a transaction that could write and then rolled back
my ($first, $second) = rotated('fay');
$ask->("BEGIN; SELECT * FROM session_auth.verify_session('$first'); ROLLBACK");
is($who->($second), 'refused', 'verify_session in a transaction that is rolled back');

# a rotation that is not committed has not happened: the token is nobody's yet
my ($carol, $next);
$carol = $ask->(q{SELECT token FROM session_auth.create_session('carol')});
my $rotating = $node->background_psql('postgres', on_error_stop => 0);
$next = $rotating->query("BEGIN; SELECT token FROM session_auth.rotate_session('$carol')");
is($who->($carol) . $who->($next), 'carolrefused', 'not committed: the old one is good, the new one is not');
$rotating->query('ROLLBACK');
is($who->($carol) . $who->($next), 'carolrefused', 'rolled back: so it stays');
$rotating->quit;

# at once, from several connections: ended once, and nobody is served
($old, $new) = rotated('dora');
my @run = map { IPC::Run::start([ 'psql', '--no-psqlrc', '--quiet', '--host', $node->host, '--port', $node->port, 'postgres', '--command', "SELECT session_auth.authenticate('$old')" ], '>', \my $o, '2>&1') } 1 .. 4;
$_->finish foreach @run;
is($who->($new), 'refused', 'four thieves at once');
is($ask->(q{SELECT count(*) FROM session_auth.session_events WHERE event = 'session_ended' AND user_id = 'dora'}), '1', '… end it once');

# no worker to be had: this backend refuses it, and ends it as soon as it can write
$node->append_conf('postgresql.conf', 'max_worker_processes = 0');
$node->restart;
($old, $new) = rotated('erin');
my $backend = $node->background_psql('postgres', on_error_stop => 0);
$backend->query("SELECT session_auth.authenticate('$old')");
is($backend->query("SELECT count(*) FROM session_auth.verify_session('$new')"), '0', 'without a worker: refused where it was seen');
is($who->($new), 'refused', '… and, with the next call of that backend, everywhere');
$backend->quit;

$node->stop;
done_testing();
