# Dumps hold roles, permissions and who has which role, not sessions; what is
# restored works.
# Also: test/attacks/dumps.t.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('dump');
add_extension($node);
$node->safe_psql('postgres', q{
	SELECT session_auth.create_role('CHIEF', '{ADMIN}');
	SELECT session_auth.deny_permission('CHIEF', 'burn', '*');
	SELECT session_auth.grant_role('carol', 'CHIEF');
	SELECT session_auth.grant_role('carol', 'USER', 'acme');
	CREATE TABLE accounts (id int, owner text);
	INSERT INTO accounts VALUES (1, 'carol'), (2, 'bob');
	SELECT session_auth.protect_table('accounts');
	GRANT SELECT ON accounts TO app;
});
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $hash = $node->safe_psql('postgres', "SELECT encode(sha256('$token'), 'hex')");

my $dir = PostgreSQL::Test::Utils::tempdir();
my %restore = (
	plain => sub { $node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', "--file=$_[0]", $_[1] ], 'plain: psql restores it') },
	custom => sub { $node->command_ok([ 'pg_restore', '--exit-on-error', "--dbname=$_[1]", $_[0] ], 'custom: pg_restore restores it') });
my $triggers = q{SELECT string_agg(format('%s of %s: %s', tgname, tgrelid::regclass, tgenabled), ', ' ORDER BY tgrelid::regclass::text, tgname) FROM pg_trigger WHERE NOT tgisinternal};
foreach my $format (sort keys %restore)
{
	my $file = "$dir/$format";
	$node->command_ok([ 'pg_dump', "--format=$format", "--file=$file", 'postgres' ], "$format: pg_dump");
	my $dump = slurp_file($file);
	unlike($dump, qr/\Q$hash\E/, "$format: no hash of a token is in it");
	unlike($dump, qr/\Q$token\E/, "$format: nor a token");
	$node->safe_psql('template1', "CREATE DATABASE $format");
	$restore{$format}->($file, $format);

	my $ask = sub { return $node->safe_psql($format, $_[0]) };
	is($ask->(q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')}), 't', "$format: a permission works");
	is($ask->(q{SELECT session_auth.has_permission('CHIEF', 'view', 'accounts')}), 't', "$format: so does inheritance");
	is($ask->(q{SELECT session_auth.has_permission('CHIEF', 'burn', 'accounts')}), 'f', "$format: and a denial");
	is($ask->(q{SELECT session_auth.export_permissions()}), $node->safe_psql('postgres', q{SELECT session_auth.export_permissions()}), "$format: the map is the same");
	is($ask->(q{SELECT count(*) FROM session_auth.sessions}), '0', "$format: no session came along");
	is($ask->("SELECT count(*) FROM session_auth.verify_session('$token')"), '0', "$format: the token is unknown there");
	is($ask->(q{SELECT count(*) FROM session_auth.session_events WHERE user_id = 'alice'}), '0', "$format: nor did events");
	my $carol = $ask->(q{SELECT token FROM session_auth.create_session('carol')});
	is($ask->("SELECT role || roles::text FROM session_auth.verify_session('$carol')"), 'CHIEF{CHIEF}', "$format: users have their roles");
	is($ask->("SELECT roles FROM session_auth.verify_session('$carol', 'acme')"), '{CHIEF,USER}', "$format: and those of a tenant");
	is($ask->(qq{SET ROLE app; BEGIN; SELECT FROM session_auth.authenticate('$carol'); SELECT count(*) FROM accounts; COMMIT; SELECT count(*) FROM accounts}), "2\n0", "$format: policies and rights work");
	is($ask->(q{SELECT session_auth.grant_permission('USER', 'fly', 'moon'); SELECT session_auth.has_permission('USER', 'fly', 'moon')}), "t\nt", "$format: a later change is seen");
	is($ask->(q{SELECT session_auth.create_role('LATE'); SELECT session_auth.grant_role('dora', 'LATE')}), "\nt", "$format: identifiers go on where they were");
	is($ask->($triggers), $node->safe_psql('postgres', $triggers), "$format: triggers fire as before");
}

# A member of pg_read_all_data dumps what the owner does, in a database without protected
# tables: from these pg_dump takes nothing for whom row-level security filters.
$node->safe_psql('postgres', q{CREATE ROLE reader LOGIN IN ROLE pg_read_all_data; SELECT session_auth.add_cookie_secret('express', 'the secret of a cookie'), session_auth.unprotect_table('accounts');
	CREATE TABLE people (id text, role text); INSERT INTO people VALUES ('erin', 'ADMIN'); SELECT session_auth.adopt_roles('people', 'id', 'role')});
my $dumped = sub {
	my ($user) = @_;
	my $file = "$dir/of_$user";
	$node->command_ok([ 'pg_dump', "--username=$user", "--file=$file", 'postgres' ], "$user: pg_dump");
	return slurp_file($file) =~ s/^.(?:un)?restrict .*\n//mgr;
};
my ($owners, $readers) = map { $dumped->($_) } $node->safe_psql('postgres', 'SELECT current_user'), 'reader';
is($readers, $owners, 'reader: the dump is the same');
like($readers, qr/^COPY session_auth\.user_roles .*\n(?:.*\n)*?\d+\tcarol\tCHIEF/m, 'reader: grants are in it');
unlike($readers, qr/the secret of a cookie|\terin\tADMIN\t\\N\t/, 'reader: and no secret, nor what was adopted');

$node->stop;
done_testing();
