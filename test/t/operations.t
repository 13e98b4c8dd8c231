# docs/operations.md: which lock each call takes, the settings of the tables, and what is
# typed after a restore and after a leak. And what a standby says that lacks the files.
use strict;
use warnings;
use File::Temp qw(tempdir);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use OwnInstallation;
use SessionAuth;

my $document = slurp_file('docs/operations.md');
my $node = PostgreSQL::Test::Cluster->new('operations');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
add_extension($node);
$node->safe_psql('postgres', q{
	CREATE ROLE owner; SELECT session_auth.grant_usage('owner', 'request'); GRANT CREATE ON SCHEMA public TO owner;
	SET ROLE owner;
	CREATE TABLE orders (id int PRIMARY KEY, owner text, total int);
	CREATE TABLE old_orders (LIKE orders INCLUDING ALL);
	CREATE TABLE hidden_orders (LIKE orders INCLUDING ALL);
	CREATE TABLE logins (token text PRIMARY KEY, person text, until timestamptz);
	CREATE TABLE old_logins (LIKE logins INCLUDING ALL);
	CREATE TABLE people (id text PRIMARY KEY, role text);
	RESET ROLE;
	SELECT session_auth.protect_table(t, owner_column => 'owner') FROM unnest('{old_orders,hidden_orders}'::regclass[]) t;
	SELECT session_auth.protect_columns('hidden_orders', '{total}');
	SELECT session_auth.adopt_sessions('old_logins', 'token', 'person', 'until', signed_only => false);
	SELECT session_auth.add_key('2026', 'HS256', 'a secret of more than thirty-two bytes', 'https://i', role_source => 'both');
	SELECT session_auth.add_cookie_secret('express', 'the secret that leaked'), session_auth.add_authjs_secret('a secret of Auth.js');
	SELECT session_auth.allow_audience('old-shard');
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER shard FOREIGN DATA WRAPPER postgres_fdw;
	CREATE SERVER old_shard FOREIGN DATA WRAPPER postgres_fdw;
	SELECT session_auth.connect_node('old_shard');
	GRANT SELECT ON old_orders TO app;
	-- a ban that is over, for the purge
	INSERT INTO session_auth.bans VALUES ('dave', 'people', '2020-01-01');
});
sub ask { return $node->safe_psql('postgres', join "\n", @_) }
my ($token, $session) = split /\|/, ask(q{SELECT token, session_id FROM session_auth.create_session('alice')});

# --- locks

# What a call holds until its transaction ends, as the document writes it: first of the
# application's tables, then of the extension's.
sub locks_of
{
	my ($call) = @_;
	$call =~ s/\btoken\b(?=\)$)/'$token'::text/;
	$call =~ s/\bsession_id\b/'$session'::uuid/;
	my $before = $call =~ /^sign_out/ ? "SELECT FROM session_auth.authenticate('$token');" : '';
	my %locks;
	foreach (split /\n/, ask(qq{SET client_min_messages = error; BEGIN;
		\\o /dev/null\n$before SELECT session_auth.$call;\n\\o
		SELECT n.nspname, c.relname, upper(trim(regexp_replace(regexp_replace(l.mode, 'Lock\$', ''), '([A-Z])', ' \\1', 'g')))
		FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE l.pid = pg_backend_pid() AND c.relkind IN ('r', 'p', 'v') AND n.nspname IN ('public', 'session_auth') AND l.mode <> 'AccessShareLock'
		ORDER BY 1, 3, 2; ROLLBACK}))
	{
		my ($schema, $table, $mode) = split /\|/;
		push @{ $locks{$schema}{$mode} }, "`$table`";
	}
	return join ' | ', map { my $of = $locks{$_} // {}; join('; ', map { "$_ " . join(', ', @{ $of->{$_} }) } sort keys %$of) || '–' } qw(public session_auth);
}

my ($table) = $document =~ /^\| call \|.*\n\|[-|]+\n((?:\|.*\n)+)/m;
my %said;
foreach (split /\n/, $table)
{
	my ($call, $locks) = /^\| `(.*?)` \| (.*) \|$/ or next;
	my $held = locks_of($call);
	is($locks, $held, "locks of $call") or diag("| `$call` | $held |");
	$said{$1} = 1 if $call =~ /^(\w+)\(/;
}

# Each function of the reference that a usage gives is in the table, or only reads.
my %reads = map { $_ => 1 } qw(access_matrix actor authenticate authenticate_request check_policies claim claims deauthenticate demand_permission
	explain_permission export_permissions has_permission has_role is_authenticated issue_token list_adoptions list_audiences list_keys list_nodes
	list_permissions list_protected list_secrets list_sessions list_usages list_user_roles my_sessions narrow permitted_resources pre_request require_permission role roles seal_identity session_id tenant tenant_as
	token_from_cookie user_id user_id_as user_uuid verify_session);
# which is purge_sessions, in transactions of its own
$said{purge} = 1;
my %documented = map { $_ => 1 } slurp_file('docs/reference.md') =~ /^### (\w+)/mg;
my @functions = grep { $documented{$_} } split /\n/, ask(q{SELECT DISTINCT p.proname FROM unnest('{request,issuer,admin,maintenance,monitor,auditor,impersonator}'::text[]) u, session_auth.functions_of_usage(u) f JOIN pg_proc p ON p.oid = f ORDER BY 1});
cmp_ok(scalar @functions, '>', 60, 'functions of the reference');
is(join(' ', grep { !$said{$_} && !$reads{$_} } @functions), '', 'none is left out');

# --- settings

my @settings = $document =~ /^\| `(\w+)` \| `(\w+ = [\d.]+)` \|/mg;
my @expected = map { split /\|/ } split /\n/, ask(q{SELECT relname, replace(o, '=', ' = ') FROM pg_class, unnest(reloptions) o WHERE relnamespace = 'session_auth'::regnamespace AND relkind = 'r' ORDER BY 1, 2});
my $pairs = sub { my @p; while (my ($t, $o) = splice(@_, 0, 2)) { push @p, "$t $o" } return join "\n", sort @p };
is($pairs->(@settings), $pairs->(@expected), 'the settings of the tables');
# --- after a restore and after a leak

my %typed;
{
	my $heading = '';
	while ($document =~ /^#+ ([^\n]*)$|^```sql\n(.*?)^```$/msg)
	{
		if (defined $1) { $heading = $1 } else { push @{ $typed{$heading} }, $2 }
	}
}

# Types what stands below a heading, with some words replaced.
sub type
{
	my ($heading, %instead) = @_;
	my $statements = join "\n", @{ delete $typed{$heading} };
	$statements =~ s/\Q$_\E/$instead{$_}/g foreach keys %instead;
	my ($status, undef, $err) = $node->psql('postgres', $statements);
	return is($status, 0, "what to type: $heading") || diag($err);
}
sub live { return ask("SELECT count(*) FROM session_auth.verify_session('$_[0]')") }
sub created { return ask("SELECT token FROM session_auth.create_session('$_[0]')") }

my ($alice, $bob) = map { created($_) } qw(alice bob);
type('One user\'s token, or device');
is(live($alice) . live($bob), '01', 'her sessions have ended, and nobody else\'s');
foreach my $heading ('Restore', 'Many tokens: a log, a proxy, a browser extension, an XSS')
{
	my @all = map { created($_) } qw(alice bob carol);
	ask(q{INSERT INTO old_logins VALUES (gen_random_uuid(), 'dora', now() + interval '1 day')});
	my $adopted = ask(q{SELECT token FROM old_logins ORDER BY until DESC LIMIT 1});
	is(live($adopted), 1, "$heading: an adopted one");
	type($heading);
	is(join('', map { live($_) } @all, $adopted), '0000', '… everybody is signed out');
}

my $jwt = ask(q{SELECT session_auth.issue_token('erna', '1 hour', kid => '2026')});
is(live($jwt), 1, 'a JWT');
type('A signing key, or a secret that signs JWTs', 'file:/etc/session_auth/2027' => 'another secret of more than thirty-two bytes');
is(live($jwt), 0, 'is refused without its key');
is(live(ask(q{SELECT session_auth.issue_token('erna', '1 hour', kid => '2027')})), 1, 'and one of the new key is not');
type('The secret of Auth.js or of a framework\'s cookies', 'file:/etc/session_auth/cookies' => 'a secret of cookies');
is(ask(q{SELECT count(*) FROM session_auth.list_secrets() WHERE kind = 'express'}), 1, 'the new secret is the only one');
my $before = created('alice');
type('The table of sessions');
is(live($before), 1, 'with another secret of tokens those of before go on');
ask(q{ALTER ROLE app PASSWORD 'x'});
my $app = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
my $forged = created('alice');
type('The password of a database role');
is(ask(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND pid <> pg_backend_pid()}), 0, 'its connections have ended');
is(live($forged), 0, '… and the sessions that were created since');
eval { $app->quit };
is(join(', ', sort keys %typed), '', 'nothing else is typed there');

# --- a standby without the files

my $dir = tempdir(CLEANUP => 1);
my $installation = OwnInstallation->new($dir);
$installation->uninstall;
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby', install_path => $installation->path);
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
my $wanted = qr/could not access file "(?:\$libdir\/)?session_auth"/;
foreach (q{SELECT session_auth.is_authenticated()}, q{SELECT * FROM old_orders})
{
	my (undef, undef, $err) = $standby->psql('postgres', $_, extra_params => [ '--username', 'app' ]);
	like($err, $wanted, "a standby without the files answers nothing: $_");
}
$standby->stop;
$node->stop;
done_testing();
