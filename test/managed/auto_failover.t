# pg_auto_failover with its monitor and two servers: the primary is lost in the middle of
# traffic, and comes back. test/failover runs it.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Managed;
use SessionLedger;

plan skip_all => 'pg_auto_failover is not installed' unless -x '/usr/bin/pg_autoctl';
my $dir = tempdir(CLEANUP => 1);
my %node = map { $_ => { port => free_port(), data => "$dir/$_" } } qw(monitor a b);
@ENV{qw(HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR)} = ($dir) x 4;
chomp($ENV{PG_CONFIG} = `command -v pg_config; :`);
END { stop_all(map { $_->{data} } values %node) if %node }

sub at { return "host=127.0.0.1 port=$node{$_[0]}{port} user=postgres dbname=postgres" }
sub is_primary { return ask(at($_[0]), 'SELECT pg_is_in_recovery()') eq 'f' }
my $writable = "host=127.0.0.1,127.0.0.1 port=$node{a}{port},$node{b}{port} user=postgres dbname=postgres target_session_attrs=read-write";
my @common = qw(--auth trust --no-ssl --hostname 127.0.0.1 --run);

$node{monitor}{manager} = spawn("$dir/monitor.log", 'pg_autoctl', 'create', 'monitor', '--pgdata', $node{monitor}{data}, '--pgport', $node{monitor}{port}, qw(--auth trust --no-ssl --hostname 127.0.0.1 --run));
ok(until_true(120, sub { ask("host=127.0.0.1 port=$node{monitor}{port} user=autoctl_node dbname=pg_auto_failover", 'SELECT 1') eq '1' }), 'a monitor')
	or BAIL_OUT(`tail -n 20 $dir/monitor.log`);
sub create
{
	my ($name) = @_;
	return $node{$name}{manager} = spawn("$dir/$name.log", 'pg_autoctl', 'create', 'postgres', '--pgdata', $node{$name}{data}, '--pgport', $node{$name}{port}, '--name', $name,
		'--monitor', "postgres://autoctl_node\@127.0.0.1:$node{monitor}{port}/pg_auto_failover", '--username', 'postgres', '--dbname', 'postgres', @common);
}
create('a');
ok(until_true(120, sub { is_primary('a') }), 'a primary') or BAIL_OUT(`tail -n 30 $dir/a.log`);
create('b');
my $synchronous = q{SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')};
ok(until_true(180, sub { ask(at('a'), $synchronous) eq '1' }), 'a synchronous standby') or BAIL_OUT(`tail -n 30 $dir/b.log`);
ask(at('a'), q{CREATE EXTENSION session_auth});
ask(at('a'), q{ALTER DATABASE postgres SET session_auth.rotation_grace = '1h'});

my $ledger = SessionLedger->new(8, 1);
my $worked = $ledger->ask('work', $writable, 10);
is(scalar @{ $worked->{unexpected} // [] }, 0, 'sessions come and go');
my ($postmaster) = process_of($node{a}{data});
# the keeper would start it again
kill 'STOP', $node{a}{manager}, split /\s+/, `pgrep --parent $node{a}{manager}`;
$ledger->ask('run', $writable, 'expire', 'postmaster', $postmaster);
kill 'KILL', -$node{a}{manager};
# or its pidfile would be somebody's
waitpid $node{a}{manager}, 0;
my $took = until_true(180, sub { is_primary('b') });
ok($took, sprintf 'the standby is the primary, %.0f seconds after', $took) or diag(`tail -n 30 $dir/b.log $dir/monitor.log`);
ok(until_true(60, sub { ask(at('b'), 'CREATE TABLE IF NOT EXISTS written (); SELECT 1') eq '1' }), 'and is written to');
my $found = $ledger->ask('check', $writable);
is($found->{wrong}, 0, 'every session that was answered works, every one that was ended is refused') or diag(explain($found));
diag("live $found->{live}, ended $found->{ended}, none of these accepted");

spawn("$dir/a.log", 'pg_autoctl', 'run', '--pgdata', $node{a}{data});
ok(until_true(240, sub { ask(at('b'), $synchronous) eq '1' }), 'the former primary is a synchronous standby now') or diag(`tail -n 20 $dir/a.log`);
$ledger->end;
done_testing();
