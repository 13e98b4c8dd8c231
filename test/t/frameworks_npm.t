# The web frameworks of npm, alive: each logs people in, the database verifies the cookies as
# they arrive, refuses spoilt ones, and refuses them after the logout. Needs npm, so it runs where
# SESSION_AUTH_NPM is set, which make check-web does. Also: test/t/frameworks_debian.t, test/t/npm_tokens.t.
use strict;
use warnings;
use File::Copy qw(copy);
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use Frameworks;

plan skip_all => 'npm is not asked for: make check-web runs this' unless $ENV{SESSION_AUTH_NPM};

my $node = new_server('frameworks');
my $shops = Frameworks->new($node, 'a secret of this run, longer than thirty-two bytes');
my $dir = $shops->typed('Express and Fastify');
copy($_, $dir) or die "$_: $!" foreach glob('test/npm/frameworks/*.*'), 'test/npm/frameworks/.npmrc';
$shops->run_as('postgres', 'postgres', 'npm', 'ci', '--silent', '--prefix', $dir);

foreach my $framework (qw(express fastify))
{
	subtest $framework => sub {
		$shops->add($framework, $dir, $framework, '');
		$shops->alive($framework, 'node', "$dir/servers.mjs", $framework);
		$shops->drop($framework);
	};
}

# Those that need no application of the page's have an empty database each. Auth.js' adapters
# write what a clock on the wall shows, or do not: so in two time zones.
foreach my $run (
	['cookies'], ['better-auth'], ['connect-pg-simple'],
	map { my $adapter = $_; map { [ 'authjs', "$adapter-adapter", $_ ] } 'Asia/Tokyo', 'America/New_York' } qw(pg drizzle kysely typeorm))
{
	my ($program, $adapter, $zone) = @$run;
	subtest join(' ', @$run) => sub {
		(my $database = lc join '', @$run) =~ s/\W//g;
		local $ENV{TZ} = $zone // 'UTC';
		$node->safe_psql('postgres', "CREATE DATABASE $database");
		$node->safe_psql($database, 'CREATE EXTENSION session_auth');
		$shops->alive($database, 'node', "$dir/$program.mjs", $adapter // ());
	};
}

# Cookies of test/vectors/web_frameworks_more.json, made anew: the libraries judge them as they did.
{
	my ($made) = run_command([ 'node', "$dir/vectors.mjs" ]);
	my ($now, $then) = map { [ map { my %v = %$_; delete @v{qw(cookie_value cookie_header)}; \%v } @{ decode_json($_) } ] } $made, slurp_file('test/vectors/web_frameworks_more.json');
	is_deeply($now, $then, 'vectors.mjs makes the vectors of web_frameworks_more.json');
}

$node->stop;
done_testing();
