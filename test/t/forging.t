# Routes to a forged identity that need a connection of their own: options of
# the connection, settings of roles and databases, and a placeholder that is set
# before the library is loaded.
# Also: test/pgtap/forging.sql, test/attacks/forged_identity.t.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('forging');
add_extension($node);

sub who
{
	my ($user, $statements, $options) = @_;
	local $ENV{PGOPTIONS} = $options // '';
	my ($status, $out, $err) = (0, '', '');
	$status = $node->psql('postgres', "$statements; SELECT coalesce(session_auth.user_id(), 'nobody') || session_auth.is_authenticated()::text;",
		stdout => \$out, stderr => \$err, extra_params => [ '--username', $user ], on_error_stop => 0);
	return (split /\n/, $out)[-1] // "no answer: $err";
}

my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
foreach my $user ('app', $superuser)
{
	my $called = $user eq 'app' ? 'a request role' : 'a superuser';
	is(who($user, 'SELECT 1'), 'nobodyfalse', "$called is nobody at first");
	is(who($user, q{SET session_auth.identity = 'alice'}), 'nobodyfalse', "$called: SET before the library is loaded");
	is(who($user, q{SELECT set_config('session_auth.identity', 'alice', false)}), 'nobodyfalse', "$called: set_config before it is loaded");
	is(who($user, q{SELECT session_auth.is_authenticated(); SET session_auth.identity = 'alice'}), 'nobodyfalse', "$called: SET after it is loaded");
	is(who($user, q{BEGIN; SET LOCAL session_auth.identity = 'alice'}), 'nobodyfalse', "$called: SET LOCAL in a transaction");
	my $answer = who($user, 'SELECT 1', '-c session_auth.identity=alice');
	unlike($answer, qr/alice|true/, "$called: PGOPTIONS");
}

# Set while no library has said what the setting is.
foreach my $statement (
	q{ALTER ROLE app SET session_auth.identity = 'alice'},
	q{ALTER DATABASE postgres SET session_auth.identity = 'alice'},
	q{ALTER ROLE app IN DATABASE postgres SET session_auth.identity = 'alice'},
	q{ALTER ROLE ALL SET session_auth.identity = 'alice'},
	q{ALTER SYSTEM SET session_auth.identity = 'alice'})
{
	$node->psql('template1', $statement, on_error_stop => 0);
	$node->reload;
	my $answer = who('app', 'SELECT 1');
	unlike($answer, qr/alice|true/, $statement);
	(my $undo = $statement) =~ s/SET (session_auth\.identity).*/RESET $1/;
	$node->psql('template1', $undo, on_error_stop => 0);
	is(who('app', 'SELECT 1'), 'nobodyfalse', "undone: $undo");
}

# A function whose SET clause was accepted before the library was loaded.
$node->psql('postgres', q{CREATE FUNCTION forged() RETURNS text LANGUAGE sql SET session_auth.identity = 'alice' AS 'SELECT session_auth.user_id()'; GRANT EXECUTE ON FUNCTION forged() TO app}, on_error_stop => 0);
foreach my $before ('SELECT 1', 'SELECT session_auth.is_authenticated()')
{
	my ($out, $err) = ('', '');
	$node->psql('postgres', "$before; SELECT 'forged as ' || forged()", stdout => \$out, stderr => \$err, extra_params => [ '--username', 'app' ], on_error_stop => 0);
	unlike($out, qr/alice/, "a function with a SET clause, after $before");
}

# A file of the server is no way in either.
$node->append_conf('postgresql.conf', q{session_auth.identity = 'alice'});
$node->reload;
unlike(who('app', 'SELECT 1'), qr/alice|true/, 'postgresql.conf');

$node->stop;
done_testing();
