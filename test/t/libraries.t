# Tokens and cookies of the real libraries, changed at random, given to them and to the server: we accept nothing
# that they refuse (test/libraries/compare.mjs). Needs npm, so it runs where SESSION_AUTH_NPM is set, which make
# check-web does: some hundred inputs to each, the same each
# time. test/libraries/run gives as many as are wanted, and draws its seed. Also: test/t/npm_tokens.t, test/t/web_vectors.t.
use strict;
use warnings;
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

plan skip_all => 'npm is not asked for: make check-web runs this' unless $ENV{SESSION_AUTH_NPM};
my $faketime = find_faketime();
plan skip_all => 'libfaketime is not installed' unless $faketime;

my $inputs = $ENV{SESSION_AUTH_INPUTS} // 300;
my $seed = $ENV{SESSION_AUTH_SEED} // 21;
my @parties = split /,/, $ENV{SESSION_AUTH_PARTIES} // '';

# All is judged at the instant of test/libraries/clock.mjs.
my $node;
{
	local @ENV{qw(LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC TZ)} = ($faketime, '2030-03-17 17:46:40', 1, 'UTC');
	$node = new_server('libraries', "timezone = 'UTC'", 'autovacuum = off', 'log_min_messages = fatal', 'log_min_error_statement = fatal');
}
is($node->safe_psql('postgres', 'SELECT extract(epoch FROM clock_timestamp())'), '1900000000.000000', 'the clock stands');

# What is allowed is what the page shows.
my $page = slurp_file('docs/reliability.md');
my @reasons = slurp_file('test/libraries/differences.mjs') =~ /^\s*reason: ["'](.*)["'],$/mg;
cmp_ok(scalar(@reasons), '>', 0, 'there are differences');
ok(index($page, "| $_ |") >= 0, "docs/reliability.md has: $_") foreach @reasons;

my $dir = PostgreSQL::Test::Utils::tempdir();
copy($_, $dir) or die "$_: $!" foreach glob('test/npm/package*.json'), 'test/npm/.npmrc', grep { -f } glob('test/libraries/*');
note('installing the packages that test/npm/package.json names');
PostgreSQL::Test::Utils::system_or_bail('npm', 'ci', '--silent', '--prefix', $dir);
diag("seed $seed, $inputs inputs to each");
local @ENV{qw(PGHOST PGPORT)} = ($node->host, $node->port);
relay('node', "$dir/compare.mjs", $inputs, $seed, @parties);
$node->stop;
done_testing();
