# What a failover to an asynchronous standby loses: sessions and ends whose WAL had not been
# sent, and nothing that was replayed; that of two primaries each has its own ends; and what
# pg_rewind takes back when it makes the former one a standby.
# Siblings: test/t/failover.t, test/t/synchronous.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1, extra => ['--data-checksums']);
$primary->append_conf('postgresql.conf', "fsync = off\nfull_page_writes = on\nautovacuum = off\nsession_auth.warn_literal_tokens = off\nwal_keep_size = '256MB'\n");
$primary->start;
add_extension($primary);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

sub created
{
	my ($node, $user) = @_;
	return $node->safe_psql('postgres', "SELECT token FROM session_auth.create_session('$user')");
}

sub ends
{
	my ($node, $token) = @_;
	return $node->safe_psql('postgres', "SELECT session_auth.expire_session('$token'::text)");
}

sub who
{
	my ($node, $token) = @_;
	return $node->safe_psql('postgres', "SELECT coalesce((SELECT user_id FROM session_auth.verify_session('$token')), 'nobody')");
}

# What has been replayed, and what is never sent.
my %token = map { $_ => created($primary, $_) } qw(kept ended unheard old_alone new_alone);
is(ends($primary, $token{ended}), 't', 'a session ends');
$primary->wait_for_catchup($standby);
$standby->append_conf('postgresql.conf', "primary_conninfo = ''\n");
$standby->reload;
$standby->poll_query_until('postgres', 'SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)') or die 'still connected';
is(ends($primary, $token{unheard}), 't', 'the standby is away, and another one ends');
is(who($primary, $token{unheard}), 'nobody', 'which the primary refuses');
$token{unsent} = created($primary, 'unsent');
is(who($primary, $token{unsent}), 'unsent', 'a session that begins meanwhile is accepted there');
my $newer = $primary->safe_psql('postgres', "SELECT token FROM session_auth.rotate_session('$token{kept}')");
$primary->stop('immediate');
$standby->promote;
is(who($standby, $token{kept}), 'kept', 'promoted: a session that was replayed is accepted');
is(who($standby, $token{ended}), 'nobody', 'one whose end was is not');
is(who($standby, $token{unheard}), 'unheard', 'an end that was not sent is undone');
is(who($standby, $token{unsent}), 'nobody', 'a session that was not sent is lost');
is(who($standby, $newer), 'nobody', 'and so is the token of a rotation');

# The former primary comes back as the primary that it had been.
$primary->start;
my $any = sprintf q{host=%s,%s port=%s,%s dbname=postgres target_session_attrs=read-write}, map { ($primary->$_, $standby->$_) } qw(host port);
is((run_command([ 'psql', '-XAtq', '-c', 'SHOW cluster_name', $any ]))[0], 'primary', 'target_session_attrs=read-write takes it for the primary');
is(ends($standby, $token{new_alone}), 't', 'a session ends on the new primary');
is(who($primary, $token{new_alone}), 'new_alone', 'and lives on the former one');
is(ends($primary, $token{old_alone}), 't', 'one ends on the former one');
is(who($standby, $token{old_alone}), 'old_alone', 'and lives on the new one');
$token{old_made} = created($primary, 'old_made');
is(who($primary, $token{old_made}), 'old_made', 'which begins one as well');

# pg_rewind makes it a standby of the new one.
$primary->stop;
$standby->safe_psql('postgres', 'CHECKPOINT');
my $conf = slurp_file($primary->data_dir . '/postgresql.conf');
command_ok([ 'pg_rewind', '--no-sync', '--source-server', $standby->connstr('postgres'), '--target-pgdata', $primary->data_dir ], 'pg_rewind');
unlink $primary->data_dir . '/postgresql.conf';
append_to_file($primary->data_dir . '/postgresql.conf', $conf);
$primary->enable_streaming($standby);
$primary->start;
$standby->wait_for_catchup($primary);
is($primary->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the former primary is a standby');
is(who($primary, $token{old_made}), 'nobody', 'the session that it had created is gone');
is(who($primary, $token{$_}), $_, "an end that only it knew of is undone: $_") foreach qw(old_alone unheard);
is(who($primary, $token{$_}), 'nobody', "an end that the new one knows of is in force: $_") foreach qw(ended new_alone);
is(who($primary, $token{kept}), 'kept', 'and a session that both had goes on');
is(ends($standby, $token{old_alone}), 't', 'ended again on the new primary');
$standby->wait_for_catchup($primary);
is(who($primary, $token{old_alone}), 'nobody', 'it has ended on both');

$_->stop foreach $primary, $standby;
done_testing();
