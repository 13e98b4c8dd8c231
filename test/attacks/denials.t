# Attack: learn from a denial who one is taken for, what roles there are or whose session
# it is; make the log hold a token by sending it in one string with what is denied; make
# it lie, by a user id that begins a line of its own.
# Holds: the client hears action and resource, as in 0.1.0; the log alone has the rest, and
# no statement.
# Guards: src/sql/sql_permission.c, raise_denied(); src/executor/denial.c, log_denial();
# src/identity/identity_words.c, in_one_line().
# Also: test/t/log.t.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my $node = new_server('denials', "session_preload_libraries = 'session_auth'", 'session_auth.log_denials = on', 'log_statement = none');
add_extension($node);
$node->safe_psql('postgres', q{CREATE TABLE accounts (id int); SELECT session_auth.protect_table('accounts'); GRANT SELECT ON accounts TO app});
my ($session, $token) = split /\|/, $node->safe_psql('postgres', q{SELECT session_id, token FROM session_auth.create_session('bob', metadata => '{"secret": "of the device"}')});
my $forged = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('x' || chr(8232) || 'LOG: forged')});

sub heard
{
	my ($statements) = @_;
	my $before = -s $node->logfile;
	my ($status, $out, $err) = $node->psql('postgres', "SET client_min_messages = debug5; $statements", extra_params => [ '--username', 'app' ], on_error_stop => 0);
	return ($out . $err, substr(slurp_file($node->logfile), $before));
}
foreach my $denied (q{SELECT session_auth.require_permission('edit', 'accounts')}, 'SELECT count(*) FROM accounts')
{
	my ($client, $log) = heard("SELECT 1 FROM session_auth.authenticate('$token', 'connection')\\; $denied");
	unlike($client, qr/bob|USER|\Q$session\E|device/, "$denied: the client hears nothing of who was denied");
	like($log, qr/User "bob", roles \{USER\}, session \Q$session\E\./, '… and the log does');
	unlike($log, qr/\Q$token\E|device|STATEMENT/, '… without the string, in which a token came, and without claims');
	($client, $log) = heard("SELECT 1 FROM session_auth.authenticate('$forged', 'connection')\\; $denied");
	like($log, qr/User "x\?\?\?LOG: forged"/, '… a user id makes no line of its own');
}

$node->stop;
done_testing();
