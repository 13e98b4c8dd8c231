# The order of an update from 0.1.0 on several servers: the files on standbys first, then on
# the primary, then ALTER EXTENSION UPDATE; where servers replicate logically, the subscriber
# first, and no purge by a publisher that has not been updated.
# Siblings: test/t/releases.t, test/t/subscribing.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use OwnInstallation;
use SessionAuth;
use Subscriber;

my @conf = ('fsync = off', 'session_auth.warn_literal_tokens = off', subscribing_conf(), '');
my %installation = map { $_ => OwnInstallation->new(PostgreSQL::Test::Utils::tempdir()) } qw(publisher subscriber bare);
$installation{$_}->install('session_auth--0.1.0.sql', slurp_file('sql/released/session_auth--0.1.0.sql')) foreach qw(publisher subscriber);
my $library = slurp_file("$installation{bare}{pkglibdir}/session_auth.so");
$installation{bare}->uninstall;
my ($publisher, $subscriber) = map { PostgreSQL::Test::Cluster->new($_, install_path => $installation{$_}->path) } qw(publisher subscriber);
foreach my $node ($publisher, $subscriber)
{
	$node->init(allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', join "\n", @conf);
	$node->start;
}

replicates($publisher, $subscriber);

my ($n, $since) = (0);

# What create_session of 0.1.0 writes, and its purge.
sub old_session
{
	my ($database, $user) = @_;
	my $token = sprintf 'sat_%043d', ++$n;
	there($database, "INSERT INTO session_auth.sessions (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
		SELECT gen_random_uuid(), ('x' || encode(substr(h, 1, 8), 'hex'))::bit(64)::bigint, now(), now() + interval '1 day', now(), '1 day', h, '$user' FROM sha256('$token') h;
		INSERT INTO session_auth.session_events (event, user_id) VALUES ('session_created', '$user');
		INSERT INTO session_auth.revoked_tokens (jti, until) VALUES ('of $user', now() - interval '1 hour')");
	return $token;
}

# A database of both servers that replicates sessions, ends and revocations.
sub replicated_as_0_1_0
{
	my ($database) = @_;
	foreach my $node ($publisher, $subscriber)
	{
		$node->safe_psql('postgres', "CREATE DATABASE $database");
		$node->safe_psql($database, q{CREATE EXTENSION session_auth VERSION '0.1.0'});
	}
	old_session($database, 'before');
	there($database, 'CREATE PUBLICATION p FOR TABLE ' . join(', ', map { "session_auth.$_" } qw(sessions rotated_tokens revoked_tokens user_revocations session_events)));
	my $conninfo = $publisher->connstr($database);
	here($database, "CREATE SUBSCRIPTION $database CONNECTION \$\$$conninfo\$\$ PUBLICATION p");
	return copied($database);
}

my $update = 'ALTER EXTENSION session_auth UPDATE';
my $heard = sub { return here($_[0], q{SELECT (SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM session_auth.sessions), (SELECT count(*) FROM session_auth.revoked_tokens)}) };

replicated_as_0_1_0('subscriber_first');
here('subscriber_first', $update);
my $between = old_session('subscriber_first', 'between');
$publisher->wait_for_catchup('subscriber_first');
is(here('subscriber_first', who($between)), 'between', 'the subscriber updated first: it takes the rows of 0.1.0');
there('subscriber_first', $update);
my $later = applied('subscriber_first', q{SELECT token FROM session_auth.create_session('later', permissions => '{view:accounts}')});
is(here('subscriber_first', who($later)), 'later', 'and those of the publisher, once that is updated');
applied('subscriber_first', q{SELECT session_auth.revoke_token('later', until => now() - interval '1 hour'); SELECT session_auth.purge_sessions()});
is($heard->('subscriber_first'), 'before between later|2', 'its purge finds what it has sent since');

replicated_as_0_1_0('publisher_first');
there('publisher_first', $update);
$since = -s $subscriber->logfile;
$later = there('publisher_first', q{SELECT token FROM session_auth.create_session('later')});
fails(qr/"session_auth\.session\w+" is missing replicated column/, 'the publisher updated first: replication stops', $since);
here('publisher_first', $update);
$publisher->wait_for_catchup('publisher_first');
is(here('publisher_first', who($later)), 'later', 'until the subscriber is updated, and nothing is lost');

# A purge by 0.1.0 names rows by all of their columns, of which 0.2.0 has more.
replicated_as_0_1_0('purged');
here('purged', $update);
$since = -s $subscriber->logfile;
there('purged', 'DELETE FROM session_auth.revoked_tokens WHERE until < now()');
fails(qr/publisher did not send replica identity column expected by the logical replication target relation "session_auth\.revoked_tokens"/, 'a purge by a publisher that is not updated yet stops replication', $since);

my ($lsn) = slurp_file($subscriber->logfile, $since) =~ /target relation "session_auth\.revoked_tokens".*?finished at ([0-9A-F]+\/[0-9A-F]+)/s;
here('purged', "ALTER SUBSCRIPTION purged SKIP (lsn = '$lsn')");
$publisher->wait_for_catchup('purged');
$between = old_session('purged', 'between');
$publisher->wait_for_catchup('purged');
is(here('purged', who($between)), 'between', 'until that transaction is skipped');
here('purged', 'SELECT session_auth.purge_sessions()');
is($heard->('purged'), 'before between|0', 'and the subscriber purges by itself');

# --- a subscriber without the files

unlink "$installation{subscriber}{pkglibdir}/session_auth.so" or die;
here('purged', q{SELECT pg_terminate_backend(pid) FROM pg_stat_subscription WHERE subname = 'purged'});
$since = -s $subscriber->logfile;
$between = old_session('purged', 'without');
fails(qr/could not access file "\$libdir\/session_auth"/, 'a subscriber that cannot load the library applies nothing', $since);
$installation{subscriber}->install('session_auth.so', $library);
$publisher->wait_for_catchup('purged');
is(here('purged', who($between)), 'without', 'and goes on when it can');

# --- standbys

$publisher->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby', install_path => $installation{bare}->path);
$standby->init_from_backup($publisher, 'base', has_streaming => 1);
$standby->start;
there('subscriber_first', q{CREATE TABLE notes (owner text); SELECT session_auth.protect_table('notes', owner_column => 'owner'); CREATE ROLE app LOGIN; GRANT SELECT ON notes TO app; SELECT session_auth.grant_usage('app', 'request')});
$later = there('subscriber_first', q{SELECT token FROM session_auth.create_session('later')});
$publisher->wait_for_catchup($standby);
my %asks = ('each call' => who($later), 'each query of a protected table' => 'SELECT * FROM notes');
foreach my $what (sort keys %asks)
{
	my ($status, $out, $err) = $standby->psql('subscriber_first', "\\set VERBOSITY sqlstate\n$asks{$what}", extra_params => [ '--username', 'app' ]);
	like($err, qr/ERROR:\s+58P01/, "a standby without the files answers $what with 58P01");
}
$installation{bare}->install('session_auth.so', $library);
is($standby->safe_psql('subscriber_first', who($later)), 'later', 'and like its primary when they are there');
there('purged', $update);
$publisher->wait_for_catchup($standby);
is($standby->safe_psql('purged', who($between)), 'without', 'and the UPDATE reaches it as WAL');

unsubscribe($_, $_) foreach qw(subscriber_first publisher_first purged);
$_->stop foreach $standby, $subscriber, $publisher;
done_testing();
