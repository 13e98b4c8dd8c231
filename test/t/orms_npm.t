# What npm's object-relational mappers keep of one user's rows for another, and what docs/orms.md says against it: each
# leak is seen without the remedy, and none with it. Needs npm, so it runs where SESSION_AUTH_NPM is set, which
# make check-web does. Also: test/t/orms_debian.t, and examples/authjs/test/orm-caches.test.mjs for Prisma.
use strict;
use warnings;
use File::Copy qw(copy);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use Frameworks;

plan skip_all => 'npm is not asked for: make check-web runs this' unless $ENV{SESSION_AUTH_NPM};

my $node = new_server('orms');
my $shops = Frameworks->new($node, 'unused');
my $dir = PostgreSQL::Test::Utils::tempdir();
copy($_, $dir) or die "$_: $!" foreach glob('test/orms/npm/*.*'), 'test/orms/npm/.npmrc', 'test/npm/frameworks/tap.mjs';
$shops->run_as('postgres', 'postgres', 'npm', 'ci', '--silent', '--prefix', $dir);

foreach my $orm (qw(typeorm mikro-orm))
{
	subtest $orm => sub {
		(my $database = $orm) =~ s/\W//g;
		$shops->add_people($database);
		$shops->alive($database, 'node', "$dir/$orm.mjs");
		$shops->drop($database);
	};
}

$node->stop;
done_testing();
