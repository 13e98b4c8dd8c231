# Attack: read sessions, secrets and private keys out of a dump: plain, of the whole
# server, of data alone, of single tables, with inserts, of the schema, by who dumps.
# Holds: roles, permissions and public keys are in it, the rest is not, unless its
# tables are named. test/t/dump.t restores one. Guards: sql/parts/keys.sql and
# schema.sql (pg_extension_config_dump and its conditions).
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('dumps');
add_extension($node);
my $key = `openssl genpkey -algorithm ED25519 2>/dev/null`;
my %secret = (hmac => 'HmacSecret0123456789abcdefghijklmnopqrstuv', authjs => 'AuthJsSecretOfTheApplication', cookie => 'CookieSecretOfExpress0123456789', private => (split /\n/, $key)[1]);
$node->safe_psql('postgres', "SELECT session_auth.add_key('h', 'HS256', '$secret{hmac}'), session_auth.add_key('e', 'EdDSA', '$key'), session_auth.add_authjs_secret('$secret{authjs}'), session_auth.add_cookie_secret('express', '$secret{cookie}')");
$secret{token} = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
$secret{hash} = $node->safe_psql('postgres', "SELECT encode(sha256('$secret{token}'), 'hex')");
$secret{id} = $node->safe_psql('postgres', q{SELECT session_id FROM session_auth.sessions});

my %dumps = ('pg_dump' => [ 'pg_dump', 'postgres' ], 'pg_dump --data-only --inserts' => [ 'pg_dump', '--data-only', '--inserts', 'postgres' ], 'pg_dump --schema-only' => [ 'pg_dump', '--schema-only', 'postgres' ],
	'pg_dump --schema=session_auth' => [ 'pg_dump', '--schema=session_auth', 'postgres' ], 'pg_dump --exclude-schema=public' => [ 'pg_dump', '--exclude-schema=public', 'postgres' ],
	'pg_dump --extension=session_auth' => [ 'pg_dump', '--extension=session_auth', 'postgres' ], 'pg_dumpall' => ['pg_dumpall']);
foreach my $name (sort keys %dumps)
{
	my ($out, $err) = ('', '');
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	ok(IPC::Run::run($dumps{$name}, '>', \$out, '2>', \$err), "$name works") or diag($err);
	my @found = grep { index($out, $secret{$_}) >= 0 } sort keys %secret;
	is("@found", '', '… and has no secret');
	like($out, qr/view\taccounts|'view', 'accounts'/, '… but has the permissions') if $name !~ /schema-only|extension|schema=/;
	like($out, qr/BEGIN PUBLIC KEY/, '… and the public key') if $name !~ /schema-only|extension|schema=/;
}

$node->stop;
done_testing();
