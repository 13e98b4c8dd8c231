# Patroni with etcd and two servers, synchronous: the primary is lost in the middle of
# traffic; and one that was only paused wakes up beside its successor. test/failover runs it.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use HTTP::Tiny;
use lib $FindBin::Bin;
use Test::More;
use Time::HiRes qw(sleep time);
use Managed;
use SessionLedger;

plan skip_all => 'patroni and etcd are not installed' if grep { !-x "/usr/bin/$_" } qw(patroni etcd);
chomp(my $bin = `pg_config --bindir`);
my $dir = tempdir(CLEANUP => 1);
my ($etcd, $etcd_peer) = (free_port(), free_port());
my %node = map { $_ => { port => free_port(), api => free_port(), data => "$dir/$_" } } qw(a b);
END { stop_all(map { $_->{data} } values %node) if %node }

sub start_patroni
{
	my ($name) = @_;
	my $n = $node{$name};
	open(my $file, '>', "$dir/$name.yml") or die $!;
	print $file <<"YAML";
scope: shop
name: $name
restapi: { listen: '127.0.0.1:$n->{api}', connect_address: '127.0.0.1:$n->{api}' }
etcd3: { host: '127.0.0.1:$etcd' }
bootstrap:
  dcs: { ttl: 20, loop_wait: 2, retry_timeout: 5, maximum_lag_on_failover: 1048576, synchronous_mode: true, postgresql: { use_pg_rewind: true, parameters: { wal_log_hints: 'on', max_connections: 50, fsync: 'off' } } }
  initdb: [ { encoding: UTF8 }, { locale: C.UTF-8 }, { auth: trust } ]
  pg_hba: [ 'local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust' ]
postgresql:
  listen: '127.0.0.1:$n->{port}'
  connect_address: '127.0.0.1:$n->{port}'
  data_dir: $n->{data}
  bin_dir: $bin
  pgpass: $dir/$name.pgpass
  authentication: { superuser: { username: postgres }, replication: { username: postgres }, rewind: { username: postgres } }
  parameters: { unix_socket_directories: '$dir' }
watchdog: { mode: 'off' }
YAML
	close $file;
	return $n->{patroni} = spawn("$dir/$name.log", '/usr/bin/patroni', "$dir/$name.yml");
}

spawn("$dir/etcd.log", '/usr/bin/etcd', '--data-dir', "$dir/etcd", '--listen-client-urls', "http://127.0.0.1:$etcd", '--advertise-client-urls', "http://127.0.0.1:$etcd",
	'--listen-peer-urls', "http://127.0.0.1:$etcd_peer", '--initial-advertise-peer-urls', "http://127.0.0.1:$etcd_peer", '--initial-cluster', "default=http://127.0.0.1:$etcd_peer", '--unsafe-no-fsync');
sub at { return "host=127.0.0.1 port=$node{$_[0]}{port} user=postgres dbname=postgres" }
sub is_primary { return ask(at($_[0]), 'SELECT pg_is_in_recovery()') eq 'f' }
my $writable = "host=127.0.0.1,127.0.0.1 port=$node{a}{port},$node{b}{port} user=postgres dbname=postgres target_session_attrs=read-write";

start_patroni('a');
ok(until_true(120, sub { is_primary('a') }), 'a primary') or BAIL_OUT(`cat $dir/*.log`);
start_patroni('b');
# Patroni's own word: it trusts a standby with a failover some time after PostgreSQL does
sub is_synchronous { return HTTP::Tiny->new(timeout => 2)->get("http://127.0.0.1:$node{$_[0]}{api}/synchronous")->{status} == 200 }
ok(until_true(180, sub { is_synchronous('b') }), 'a synchronous standby') or BAIL_OUT(`tail -n 30 $dir/*.log`);
ask(at('a'), q{CREATE EXTENSION session_auth});
# as long as a failover takes, a rotated token is in its grace
ask(at('a'), q{ALTER DATABASE postgres SET session_auth.rotation_grace = '1h'});

# --- the primary is lost, Patroni with it

my $ledger = SessionLedger->new(8, 1);
my $worked = $ledger->ask('work', $writable, 10);
is(scalar @{ $worked->{unexpected} // [] }, 0, 'sessions come and go');
kill 'KILL', $node{a}{patroni};
my ($postmaster) = process_of($node{a}{data});
my $lost = $ledger->ask('run', $writable, 'expire', 'postmaster', $postmaster);
my $took = until_true(120, sub { is_primary('b') });
ok($took, sprintf 'the standby is the primary, %.0f seconds after', $took);
my $found = $ledger->ask('check', $writable);
is($found->{wrong}, 0, 'every session that was answered works, every one that was ended is refused') or diag(explain($found));
diag("live $found->{live}, ended $found->{ended}, none of these accepted");

# --- the former primary comes back, by pg_rewind where it must

start_patroni('a');
ok(until_true(240, sub { is_synchronous('a') }), 'the former primary is a synchronous standby now') or diag(`tail -n 20 $dir/a.log`);

# --- a primary that is paused, as a machine that is suspended, and wakes up

my ($token, $kept) = map { ask(at('b'), qq{SELECT token FROM session_auth.create_session('$_')}) } qw(alice carol);
my $live = sub { return ask($_[0], "SELECT count(*) FROM session_auth.verify_session('$_[1]')") };
is($live->(at('b'), $token), 1, 'a session');
my @paused = ($node{b}{patroni}, process_of($node{b}{data}));
kill 'STOP', @paused;
my $paused = time;
$took = until_true(120, sub { is_primary('a') });
ok($took, sprintf 'while it is paused the other becomes the primary, after %.0f seconds', $took);
ok(until_true(60, sub { ask(at('a'), "SELECT session_auth.expire_session('$token'::text)") eq 't' }), 'the session is ended there');
sleep 5;
kill 'CONT', process_of($node{b}{data}), $node{b}{patroni};
my $woken = time;
my ($accepted, $chosen) = (0, 0);
while (time - $woken < 30)
{
	$accepted = time - $woken if $live->(at('b'), $token) eq '1';
	$chosen = time - $woken if ask("host=127.0.0.1,127.0.0.1 port=$node{b}{port},$node{a}{port} user=postgres dbname=postgres target_session_attrs=read-write",
		'SELECT current_setting(\'port\')') eq $node{b}{port};
}
diag(sprintf 'woken after %.0f s: accepted the ended session for %.1f s, was chosen as read-write for %.1f s', $woken - $paused, $accepted, $chosen);
ok(until_true(240, sub { is_synchronous('b') }), 'it becomes a standby') or diag(`tail -n 20 $dir/b.log`);
is($live->(at('b'), $token), 0, 'and refuses what was ended');
is($live->(at('b'), $kept), 1, 'and nothing else');
$ledger->end;
done_testing();
