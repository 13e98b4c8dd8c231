# docs/poolers.md is typed as it stands behind PgBouncer with one server connection: what it
# shows of the pooler, and its programs for psycopg.
# Siblings: test/t/pgbouncer.t, test/t/readme.t, test/t/pgpool.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

plan skip_all => 'pgbouncer is not installed' unless find_pgbouncer();

my $page = slurp_file('docs/poolers.md');
my $node = new_server('page');

# What the page shows beside its statements, and what comes of them; neither with how psql counts and confirms.
sub shown
{
	my ($text) = @_;
	return join "\n", grep { !/^\(\d+ rows?\)$|^(?:BEGIN|COMMIT|ROLLBACK|DISCARD ALL)$|^$/ } split /\n/, normalised($text);
}

sub typed
{
	my ($conninfo, $statements) = @_;
	my $out = '';
	IPC::Run::run([ 'psql', '--no-psqlrc', $conninfo ], '<', \$statements, '>&', \$out);
	return $out;
}

# The fenced blocks of a section: language and text by turns.
sub blocks
{
	my ($title) = @_;
	return section($page, 2, $title) =~ /^```(\w*)\n(.*?)^```$/msg;
}

# --- from nothing to a filtered query

my @blocks = blocks('From nothing to a filtered query');
my (undef, $by_administrator, undef, $answer, undef, $ini) = splice @blocks, 0, 6;
my $came = typed($node->connstr('postgres'), $by_administrator);
my ($token) = $came =~ /(sat_\S+)/;
like(shown($came), qr/\Q${\ shown($answer)}\E$/, 'what the administrator types has the answer of the page');
like($ini, qr/^pool_mode = transaction$/m, 'which pools by transaction');
my ($conninfo, $pooler) = start_pgbouncer($node, 'app', 'pool_size=1', 'ignore_startup_parameters = extra_float_digits,options');
cmp_ok(scalar(@blocks), '==', 8, 'the application has two blocks');
my $set = '';
while (my (undef, $statements, undef, $shown) = splice @blocks, 0, 4)
{
	$statements =~ s/sat_[A-Za-z0-9_-]{43}/$token/;
	($set) = $statements =~ /^(\\set.*\n)/ unless $set;
	is(shown(typed($conninfo, $set . $statements)), shown($shown), 'what the application types has its answer');
}

# --- statements and what they print, in one block

sub as_printed
{
	my ($title) = @_;
	foreach my $block (grep { /;$/m } blocks($title))
	{
		my @lines = split /^/, $block;
		my ($name) = $lines[0] =~ /(.*)/;
		is(shown(typed($conninfo, join '', $set, grep { /;$/ } @lines)), shown(join '', grep { !/;$/ } @lines), "as printed: $name");
	}
	return;
}

as_printed('Always between BEGIN and COMMIT');
typed($conninfo, "$set SELECT session_auth.authenticate(:'token', 'connection');");
as_printed('Scope: transaction or connection');

# --- psycopg

my $python = '/usr/bin/python3';
SKIP: {
	skip 'psycopg is not installed', 2 unless system("$python -c 'import psycopg' 2>/dev/null") == 0;
	my (undef, $program, undef, $printed, undef, $except, undef, $refused) = blocks('psycopg');
	my $bob = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('bob')});
	my $runs = sub {
		my ($given, $text) = @_;
		# what psycopg logs of a pipeline that was aborted comes or not, on the other channel
		my ($out) = run_command([ $python, '-c', "conninfo, token = '$conninfo', '$given'\n$text" ]);
		return "$out\n";
	};
	is($runs->($bob, $program), $printed, 'a pipeline of psycopg prints what the page says');
	my ($head, $body) = $program =~ /\A(.* as connection:\n)(.*)\z/s;
	is($runs->('made up', "$head    try:\n" . ($body =~ s/^/    /mgr) . $except), $refused, 'and so does one whose token is refused');
}

kill 'INT', $pooler;
$node->stop;
done_testing();
