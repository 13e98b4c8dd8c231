# The Debian package where it is installed: in a root that has PostgreSQL and no
# compiler, over the files of 0.1.0, which a database uses. test/deb makes the root
# and runs this in it, as root: installed.t MAJOR.
use strict;
use warnings;
use Test::More;

my ($major) = @ARGV;
plan skip_all => 'test/deb runs this' unless $major && -d '/srv/deb';
my $package = "postgresql-$major-session-auth";
my ($version) = `cat /srv/main/session_auth.control` =~ /^default_version\s*=\s*'(.*)'/m;

# What a command says, and in $? how it ended.
sub said
{
	my (@command) = @_;
	open(my $output, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command) or die "cannot run $command[0]: $!";
	my $said = join '', <$output>;
	close $output;
	chomp $said;
	return $said;
}

# What psql answers as a database role.
sub psql
{
	my ($database, $role, $statements) = @_;
	return said(qw(runuser -u postgres -- psql --no-psqlrc --quiet --tuples-only --no-align --set=VERBOSITY=verbose --port=5499),
		"--username=$role", "--dbname=$database", "--command=$statements");
}

# The files of the extension that PostgreSQL looks at.
sub files { return said('find', '/usr/lib/postgresql', '/usr/share/postgresql', '-name', 'session_auth*') }

is(said('sh', '-c', 'command -v cc gcc clang make || true'), '', 'there is no compiler here');
is(files(), '', 'nor the extension');
said('tar', '--extract', '--file=/srv/0.1.0.tar', '--directory=/');
said('pg_createcluster', $major, 'packaged', '--port=5499', '--start', '-o', "listen_addresses=", '--', '--auth=trust', '--locale=C.UTF-8');
is($?, 0, 'a cluster');

# the token is in the text, of which 0.2.0 warns
my $request = sub { return "SET client_min_messages = error; BEGIN; SELECT user_id FROM session_auth.authenticate('$_[0]'); SELECT count(*) FROM accounts; COMMIT" };
psql('postgres', 'postgres', 'CREATE DATABASE used');
psql('postgres', 'postgres', 'CREATE DATABASE told');
like(my $token = psql('used', 'postgres', q{
	CREATE EXTENSION session_auth; CREATE ROLE visitor LOGIN;
	CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1), (2); GRANT SELECT ON accounts TO visitor;
	SELECT FROM session_auth.protect_table('accounts'); SELECT FROM session_auth.grant_usage('visitor', 'request');
	SELECT FROM session_auth.import_permissions('{"ADMIN": ["view:accounts"]}'); SELECT FROM session_auth.grant_role('alice', 'ADMIN');
	SELECT token FROM session_auth.create_session('alice')}) =~ s/^.*\n//sr, qr/^sat_/, 'a database uses 0.1.0');
is(psql('used', 'postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'session_auth'}), '0.1.0', '… which it is');
is(psql('used', 'visitor', $request->($token)), "alice\n2", '… and its library, as 0.1.0 was built');

my $installed = said('sh', '-c', 'apt-get install -qq -y --no-install-recommends /srv/deb/*.deb');
is($?, 0, 'the package installs over its files') or diag($installed);
is(said('dpkg', '--verify', $package), '', '… which are its own now');
is(psql('used', 'postgres', 'ALTER EXTENSION session_auth UPDATE'), '', 'the database is brought up to date');
is(psql('used', 'postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'session_auth'}), $version, "… to $version");
is(psql('used', 'visitor', $request->($token)), "alice\n2", '… and its tokens work');
is(psql('used', 'visitor', 'SELECT count(*) FROM accounts'), 0, '… and its policies');
is(psql('used', 'postgres', q{SELECT FROM session_auth.add_cookie_secret('fastify-secure', md5('a key of 32 bytes'))}), '', 'it was built with libsodium');
like(said('dpkg-query', '--show', 'libsodium*'), qr{^libsodium\d+(?::\w+)?\t\S}m, '… which is here');

# by the environment, as it connects a second time by itself
my $story = said(qw(runuser -u postgres -- env PGPORT=5499 PGDATABASE=told sh -c), 'cd /srv/main/examples/demo && psql --no-psqlrc --quiet <story.sql');
is($?, 0, q{the demo's story comes out as it should}) or diag($story);
unlike($story, qr/should have ended/, '… each step of it');

my $removed = said('apt-get', 'purge', '-qq', '-y', $package);
is($?, 0, 'the package is removed') or diag($removed);
is(files(), "/usr/share/postgresql/$major/extension/session_auth--0.1.0.sql", q{… with all its files; what `make install` of 0.1.0 had beside them stays});
like(psql('used', 'visitor', 'SELECT count(*) FROM accounts'), qr/^ERROR:  58P01/, 'protected tables show nothing without it');
like(psql('used', 'visitor', $request->($token)), qr/^ERROR:  58P01/, '… nor is anybody authenticated');
said('sh', '-c', 'apt-get install -qq -y --no-install-recommends /srv/deb/*.deb');
is(psql('used', 'visitor', $request->($token)), "alice\n2", 'all is there again when the package is');
said('pg_dropcluster', '--stop', $major, 'packaged');
said('apt-get', 'purge', '-qq', '-y', $package);
done_testing();
