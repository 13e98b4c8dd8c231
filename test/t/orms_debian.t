# What Debian's object-relational mappers keep of one user's rows for another, and what docs/orms.md says against it:
# each leak is seen without the remedy, and none with it. Those that scripts/packages.txt does not name run
# where they are installed. Also: test/t/orms_npm.t, and test/t/frameworks_debian.t for Rails.
use strict;
use warnings;
use Cwd qw(cwd);
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;
use Frameworks;

my $python = '/usr/bin/python3';
# JDBC knows no Unix sockets.
my $node = new_server('orms', "listen_addresses = '127.0.0.1'");
my $shops = Frameworks->new($node, 'unused');
my $dir = PostgreSQL::Test::Utils::tempdir();
my @jars = map { "/usr/share/java/$_.jar" } qw(hibernate-core hibernate-commons-annotations postgresql slf4j-api slf4j-nop dom4j
	commons-collections3 javassist antlr geronimo-jpa_2.0_spec geronimo-jta-1.2-spec);
my @classes = ('-cp', join(':', $dir, @jars));
local $ENV{PYTHONPATH} = cwd() . '/packages/python/src';

my %programs = (
	SQLAlchemy => { needs => [ $python, '-c', 'import sqlalchemy, psycopg2' ], run => [ $python, 'test/orms/with_sqlalchemy.py' ] },
	Django => { needs => [ $python, '-c', 'import django, psycopg2' ], run => [ $python, 'test/orms/with_django.py' ] },
	Doctrine => { needs => [ 'php', '-r', 'require "Doctrine/ORM/autoload.php"; exit(extension_loaded("pdo_pgsql") ? 0 : 1);' ], run => [ 'php', 'test/orms/with_doctrine.php' ] },
	Hibernate => { needs => [ 'sh', '-c', 'javac -d "$@" test/orms/WithHibernate.java', 'sh', $dir, @classes ], run => [ 'java', '--add-opens=java.base/java.lang=ALL-UNNAMED', @classes, 'WithHibernate' ] },
	Eloquent => { needs => [ 'php', '-r', 'require "Illuminate/Database/autoload.php"; exit(extension_loaded("pdo_pgsql") ? 0 : 1);' ], run => [ 'php', 'test/orms/with_eloquent.php' ] });

foreach my $orm (sort keys %programs)
{
	my $program = $programs{$orm};
	subtest $orm => sub {
		plan skip_all => 'it is not installed' unless $shops->has(@{ $program->{needs} });
		$shops->add_people(lc $orm);
		$shops->alive(lc $orm, @{ $program->{run} });
		$shops->drop(lc $orm);
	};
}

$node->stop;
done_testing();
