# The newest Odyssey and PgBouncer (test/poolers runs this in Debian sid): whatever they
# are set to, no client has another's identity; and what works behind which setting.
# docs/poolers.md has the table. Siblings: test/t/pooled_clients.t, test/t/pgpool.t.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

use constant { CLIENTS => 40, TRANSACTIONS => 800 };
plan skip_all => 'odyssey is not installed' unless -x '/usr/bin/odyssey' || -x '/usr/sbin/odyssey';

my $node = new_server('poolers', 'max_connections = 60', "listen_addresses = '127.0.0.1'");
add_extension($node);
$node->safe_psql('postgres', q{
	SELECT session_auth.grant_permission('USER', 'view', 'accounts');
	CREATE TABLE accounts (id int PRIMARY KEY, owner text);
	INSERT INTO accounts SELECT n, CASE WHEN n <= 3 THEN 'alice' ELSE 'bob' END FROM generate_series(1, 8) n;
	SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	GRANT SELECT ON accounts TO app;
	CREATE SCHEMA shop;
	ALTER ROLE app SET search_path = shop, public;
});
my %token = map { ($_ => $node->safe_psql('postgres', "SELECT token FROM session_auth.create_session('$_')")) } qw(alice bob);
# that every connection has prepared, as in test/t/pooled_clients.t
my $prepare = 'PREPARE every_account AS SELECT owner FROM accounts; PREPARE accounts_above(int) AS SELECT owner FROM accounts WHERE id > $1';

# Odyssey before the node; returns a connection string and what ends it.
sub start_odyssey
{
	my (@rules) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $dir = PostgreSQL::Test::Utils::tempdir_short();
	append_to_file("$dir/conf", join("\n", "unix_socket_dir \"$dir\"", 'unix_socket_mode "0700"', "locks_dir \"$dir\"", "log_file \"$dir/log\"", 'log_format "%p %t %l [%i %s] (%c) %m\n"', 'log_to_stdout no', 'log_config no',
		'log_session no', 'log_stats no', 'workers 2', "listen { host \"127.0.0.1\" port $port }",
		'storage "server" { type "remote" host "127.0.0.1" port ' . $node->port . ' }',
		'database default { user default { authentication "none" storage "server" pool_size 2 client_fwd_error yes',
		@rules, '} }', ''));
	my $pooler = IPC::Run::start([ 'odyssey', "$dir/conf" ], '<', \undef, '>&', \my $log);
	return ("host=127.0.0.1 port=$port user=app dbname=postgres", sub { $pooler->signal('KILL'); eval { $pooler->finish } }, sub { ($log // '') . (-e "$dir/log" ? slurp_file("$dir/log") : '') });
}

sub start_newest_pgbouncer
{
	my (@conf) = @_;
	my ($conninfo, $pid) = start_pgbouncer($node, 'app', "pool_size=2", @conf);
	return ($conninfo, sub { kill 'INT', $pid }, sub { '' });
}

# What a script of psycopg's prints, line by line, which can connect and has the tokens.
sub python
{
	my ($conninfo, $script) = @_;
	my ($out, $err) = run_command([ '/usr/bin/python3', '-c', <<"PY" . $script ]);
import psycopg
alice, bob = '$token{alice}', '$token{bob}'
def connect(**more): return psycopg.connect('$conninfo', autocommit=True, **more)
def who(c): return c.execute('SELECT session_auth.user_id()').fetchone()[0]
def ends(work):
    try: work(); return 'works'
    except psycopg.Error as error: return error.sqlstate or type(error).__name__
PY
	return $out if $err eq '';
	return $out . ($err =~ /(\w+Error.*)$/)[0];
}

# What packages/node makes of scope connection there; test/poolers has installed its clients.
sub node
{
	my ($conninfo) = @_;
	my ($host, $port) = $conninfo =~ /host=(\S+) port=(\d+)/;
	my ($out, $err) = run_command([ 'node', 'test/pooling/with_node.mjs', $host, $port, $token{alice} ]);
	diag($err) if $err ne '';
	return $out;
}

sub answers
{
	my ($conninfo) = @_;
	for (1 .. 300)
	{
		return if python($conninfo, "print(connect(prepare_threshold=None).execute('SELECT 1').fetchone()[0])") eq '1';
		select(undef, undef, undef, 0.1);
	}
	BAIL_OUT("nobody answers at $conninfo");
	return;
}

# Many clients of two users: whatever fails, is rolled back or vanishes, nobody is another.
sub isolated
{
	my ($name, $conninfo, $modes, @more) = @_;
	foreach my $mode (@$modes)
	{
		my ($out, $err) = run_command([ '/usr/bin/python3', 'test/t/lib/pooled_clients.py', $mode, CLIENTS, TRANSACTIONS, $conninfo, @token{'alice', 'bob'}, @more ]);
		my %count = map { /^(.+) (\d+)$/ ? ($1 => $2) : () } split /\n/, $out;
		my @anomalies = grep { /^anomaly/ } split /\n/, $out;
		is($count{transactions}, TRANSACTIONS, "$name, $mode: all transactions were run") or diag(substr $err, -2000);
		is(scalar @anomalies, 0, "$name, $mode: no client saw another's rows or identity") or diag(join("\n", @anomalies[0 .. ($#anomalies > 9 ? 9 : $#anomalies)]));
	}
	return;
}

# statements that a driver prepares by itself, of two clients that take turns
my $prepared = <<'PY';
cs = [connect(prepare_threshold=0) for _ in range(4)]
def turns():
    for n in range(20):
        for c, t, u in zip(cs, [alice, bob] * 2, ['alice', 'bob'] * 2):
            with c.transaction():
                c.execute('SELECT FROM session_auth.authenticate(%s)', [t])
                assert {r[0] for r in c.execute('SELECT owner FROM accounts WHERE id > %s', [0])} == {u}
            assert who(c) is None
print(ends(turns))
PY
# a pipeline of several statements, and one without BEGIN, up to one Sync
my $pipeline = <<'PY';
c = connect(prepare_threshold=None)
def pipe(*statements):
    with c.pipeline():
        cursors = [c.execute(*s) for s in statements]
        return [r.fetchall() for r in cursors]
a, q, w = ('SELECT user_id FROM session_auth.authenticate(%s)', [alice]), ('SELECT count(*) FROM accounts',), ('SELECT session_auth.user_id()',)
print(ends(lambda: print(pipe(a, q)[1][0][0])))
print(who(c))
PY

# both at once
my $both = <<'PY';
cs = [connect(prepare_threshold=0) for _ in range(4)]
def turns():
    for n in range(20):
        for c, t, u in zip(cs, [alice, bob] * 2, ['alice', 'bob'] * 2):
            with c.pipeline():
                c.execute('BEGIN'); c.execute('SELECT FROM session_auth.authenticate(%s)', [t])
                rows = c.execute('SELECT owner FROM accounts WHERE id > %s', [0]); c.execute('COMMIT')
                assert {r[0] for r in rows.fetchall()} == {u}
print(ends(turns))
PY

like(join(' ', `odyssey --version 2>&1`, `pgbouncer --version`), qr/odyssey 1\.5.*PgBouncer 1\.2[6-9]/s, 'versions') and diag(join ' ', (map { /(odyssey \S+)/ } `odyssey --version 2>&1`), (map { /(PgBouncer \S+)/ } `pgbouncer --version`));

# --- PgBouncer

foreach my $mode ('transaction', 'statement', 'session')
{
	my ($conninfo, $end) = start_newest_pgbouncer("pool_mode = $mode");
	is(python($conninfo, "print(connect().info.parameter_status('pgbouncer.pool_mode'))"), $mode, "PgBouncer says that it pools by $mode");
	my $answer = $mode eq 'session' ? 'alice,alice' : "55000 scope connection is refused: PgBouncer pools by $mode";
	is(node($conninfo), "$answer; then null", '… and packages/node goes by it');
	$end->();
}
{
	my ($conninfo, $end) = start_pgbouncer($node, 'app', "pool_size=2 connect_query='$prepare'");
	isolated('PgBouncer', $conninfo, [ 'plain', 'pipeline' ]);
	is(python($conninfo, $prepared), 'works', 'PgBouncer: prepared statements of the driver');
	is(python($conninfo, $both), 'works', 'PgBouncer: … in pipelines as well');
	kill 'INT', $end;
	($conninfo, $end) = start_newest_pgbouncer('pool_mode = statement');
	is(python($conninfo, $pipeline), "3\nworks\nNone", 'PgBouncer, statement: a pipeline without BEGIN, and nobody after it');
	is(python($conninfo, q{print(ends(lambda: connect().execute('BEGIN')))}), '08P01', '… and no BEGIN');
	$end->();
	($conninfo, $end) = start_newest_pgbouncer('track_extra_parameters = session_auth.identity, session_auth.idle_timeout, search_path');
	is(python($conninfo, <<'PY'), "alice None None", 'PgBouncer: track_extra_parameters brings no identity along');
c, d = connect(prepare_threshold=None), connect(prepare_threshold=None)
c.execute('BEGIN'); c.execute('SELECT FROM session_auth.authenticate(%s)', [alice]); inside = who(c); c.execute('COMMIT')
print(inside, who(c), who(d))
PY
	$end->();
}

# --- Odyssey

my %odyssey = (
	plain => [ 'pool "transaction"', 'pool_discard no' ],
	prepared => [ 'pool "transaction"', 'pool_discard no', 'pool_reserve_prepared_statement yes' ],
	smart => [ 'pool "transaction"', 'pool_discard no', 'pool_smart_discard yes' ],
	session => [ 'pool "session"', 'pool_discard yes' ],
);
foreach my $name (sort keys %odyssey)
{
	my ($conninfo, $end, $log) = start_odyssey(@{ $odyssey{$name} });
	answers($conninfo);
	my $path = python($conninfo, <<'PY');
c = connect(prepare_threshold=None); print(c.execute('SHOW search_path').fetchone()[0]); c.close()
d = connect(prepare_threshold=None); print(d.execute('SHOW search_path').fetchone()[0])
PY
	diag("Odyssey $name: search_path ", $path =~ s/\n/, then /r);
	# pipelines of many clients do not always come to their end with it
	isolated("Odyssey $name", $conninfo, ['plain'], 'unprepared');
	is(python($conninfo, $name eq 'prepared' ? $prepared : $pipeline), $name eq 'prepared' ? 'works' : "3\nworks\nNone", "Odyssey $name: " . ($name eq 'prepared' ? 'prepared statements' : 'a pipeline'));
	$end->();
}
$node->stop;
done_testing();
