# Dumps hold roles, permissions, who has which role and what is protected, not
# sessions; what is restored works.
# Also: test/attacks/dumps.t.
use strict;
use warnings;
use PostgreSQL::Test::Utils;
use Test::More;
use PostgreSQL::Test::Cluster;
use SessionAuth;

my $node = new_server('dump', 'max_prepared_transactions = 2');
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
	CREATE EXTENSION citext;
	CREATE TYPE team AS ENUM ('red');
	CREATE TABLE "Team notes" (id int PRIMARY KEY, gone int, person citext, team team);
	ALTER TABLE "Team notes" DROP gone;
	SELECT session_auth.protect_table('"Team notes"', 'notes', 'person', 'team');
	ALTER TABLE "Team notes" RENAME TO "notes of ""teams""";
	ALTER TABLE "notes of ""teams""" RENAME person TO author;
	CREATE TABLE sums (id int, owner numeric, org int) PARTITION BY RANGE (id);
	CREATE TABLE sums_1 PARTITION OF sums FOR VALUES FROM (0) TO (10);
	SELECT session_auth.protect_table('sums', 'it''s \ "odd"', 'owner', 'org');
	CREATE ROLE keeper;
	SELECT session_auth.grant_usage('keeper', 'request');
	GRANT CREATE ON SCHEMA public TO keeper;
	CREATE TABLE "Pay roll" (id int PRIMARY KEY, "who is it" citext, "50% pay" int DEFAULT 0, team team DEFAULT 'red');
	ALTER TABLE "Pay roll" OWNER TO keeper;
	SELECT session_auth.protect_table('"Pay roll"', 'pay', denied => 'error'), session_auth.protect_columns('"Pay roll"', '{50% pay,team}', owner_column => 'who is it');
});
$node->safe_psql('postgres', "CREATE ROLE u_$_; SELECT session_auth.grant_usage('u_$_', '$_')") foreach qw(request issuer admin impersonator maintenance monitor auditor);
my $usages = q{SELECT database_role, usage, (SELECT string_agg(c.relname, ',' ORDER BY c.relname) FROM pg_class c WHERE c.relnamespace = 'session_auth'::regnamespace AND has_table_privilege(u.database_role, c.oid, 'SELECT')) FROM session_auth.list_usages() u};
my $token = $node->safe_psql('postgres', q{SELECT token FROM session_auth.create_session('alice')});
my $hash = $node->safe_psql('postgres', "SELECT encode(sha256('$token'), 'hex')");
my $secret = $node->safe_psql('postgres', q{SELECT encode(secret, 'hex') FROM session_auth.token_secrets});

# What a statement fails with.
sub refusal
{
	my ($database, $statement) = @_;
	my ($status, $out, $err) = $node->psql($database, $statement, on_error_stop => 0);
	return $err;
}

my $dir = PostgreSQL::Test::Utils::tempdir();
my %restore = (
	plain => sub { $node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', "--file=$_[0]", $_[1] ], 'plain: psql restores it') },
	custom => sub { $node->command_ok([ 'pg_restore', '--exit-on-error', "--dbname=$_[1]", $_[0] ], 'custom: pg_restore restores it') });
my $protected = q{SELECT object, resource, owner_column, tenant_column, denied, protected_at, protected_by, problem FROM session_auth.list_protected()};
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
	is($node->safe_psql($format, "SELECT count(*), count(*) FILTER (WHERE encode(secret, 'hex') = '$secret') FROM session_auth.token_secrets"), '1|0', "$format: the secret that proves when a token was issued is another one");

	my $ask = sub { return $node->safe_psql($format, $_[0]) };
	is($ask->($usages), $node->safe_psql('postgres', $usages), "$format: who holds which usage is restored, with the views");
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
	is($ask->($protected), $node->safe_psql('postgres', $protected), "$format: what is protected is remembered, and whole");
	is($ask->(q{SELECT count(*) FROM session_auth.check_policies() WHERE object ~ 'accounts|notes'}), '0', "$format: and nothing is reported of it");
	is($ask->(q{SELECT target, view, columns, resource, owner_column FROM session_auth.column_protections}), q{"Pay roll"|"Pay roll_visible"|{"50% pay",team}|Pay roll|who is it}, "$format: so are hidden columns");
	is($ask->(q{SELECT string_agg(problem, ';') FROM session_auth.check_policies() WHERE object ~ 'Pay'}), '', "$format: … and whole");
	like(refusal($format, 'DROP VIEW "Pay roll_visible"'), qr/would lose its protection/, "$format: … and guarded");
	like(refusal($format, 'ALTER TABLE accounts DISABLE ROW LEVEL SECURITY'), qr/ERROR:  table public.accounts would lose its protection$/m, "$format: and it is guarded");
	is($ask->($triggers), $node->safe_psql('postgres', $triggers), "$format: triggers fire as before");
}

# a dump of the schema alone has the policies and not what is remembered
$node->command_ok([ 'pg_dump', '--schema-only', "--file=$dir/schema", 'postgres' ], 'pg_dump --schema-only');
$node->safe_psql('template1', 'CREATE DATABASE schema');
$node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', "--file=$dir/schema", 'schema' ], 'it is restored');
is($node->safe_psql('schema', q{SELECT count(*) FROM session_auth.list_protected()}), '0', '… without what is remembered');
my $renew = $node->safe_psql('schema', q{SELECT advice FROM session_auth.check_policies() WHERE problem ~ 'nobody remembers' ORDER BY object});
is($renew =~ tr/\n/\n/ + 1, 5, '… which check_policies says of each table');
$node->safe_psql('schema', join ';', split /\n/, $renew);
my $all = q{SELECT object::text, resource, owner_column, tenant_column, problem FROM session_auth.list_protected()};
is($node->safe_psql('schema', $all), $node->safe_psql('postgres', $all), '… and its advice brings all of it back');

# --clean drops policies one by one before their tables, which the guard refuses unless it is off
$node->command_ok([ 'pg_dump', '--clean', '--if-exists', "--file=$dir/clean", 'postgres' ], 'pg_dump --clean');
{
	local $ENV{PGOPTIONS} = '-c session_auth.guard_protection=off';
	$node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', "--file=$dir/clean", 'custom' ], 'it is restored over what is there');
}
is($node->safe_psql('custom', $all), $node->safe_psql('postgres', $all), '… and all is protected');

# the end of a transaction is where it is prepared
like(refusal('postgres', q{BEGIN; ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY; PREPARE TRANSACTION 'x'}), qr/would lose its protection/, 'PREPARE TRANSACTION is refused');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'), '0', '… and leaves nothing');
is(refusal('postgres', q{BEGIN; ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; PREPARE TRANSACTION 'x'}), '', 'unless everything is back');
is(refusal('postgres', q{COMMIT PREPARED 'x'}), '', '… which can be committed');

# A member of pg_read_all_data dumps what the owner does, in a database without protected
# tables: from these pg_dump takes nothing for whom row-level security filters.
$node->safe_psql('postgres', q{CREATE ROLE reader LOGIN IN ROLE pg_read_all_data; SELECT session_auth.add_cookie_secret('express', 'the secret of a cookie'), session_auth.unprotect_table('accounts'), session_auth.unprotect_table('sums'), session_auth.unprotect_table('"notes of ""teams"""'), session_auth.unprotect_columns('"Pay roll"'), session_auth.unprotect_table('"Pay roll"');
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
