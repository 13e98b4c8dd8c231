# ALTER EXTENSION UPDATE, from each released version (sql/released) to this one:
# what it leaves is what a fresh install makes, data and open connections live
# on, and the library has what every released script names.  As long as versions
# are few, made-up ones beside them show that the test would notice.
#
# Here new files replace old ones in an installation of the test's own.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use File::Basename qw(basename);
use MIME::Base64 qw(encode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ExtensionFacts;
use OwnInstallation;
use SessionAuth;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $installation = OwnInstallation->new($dir);
my $node = PostgreSQL::Test::Cluster->new('releases', install_path => $installation->path);
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nsession_auth.warn_literal_tokens = off\nautovacuum = off\njit = off\nmax_worker_processes = 20\n");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE signin LOGIN; CREATE ROLE chief LOGIN; CREATE ROLE stranger');

my ($version) = slurp_file('session_auth.control') =~ /^default_version\s*=\s*'(.*)'/m;
my $script = slurp_file($installation->extension_dir . "/session_auth--$version.sql");
my $library = slurp_file(($installation->extension_dir =~ s{/share/}{/lib/}r =~ s{/extension$}{/lib}r) . '/session_auth.so');
my %released = map { (basename($_) =~ /^session_auth--(.*)\.sql$/)[0] => slurp_file($_) } grep { !/--.*--/ } glob 'sql/released/session_auth--*.sql';

# --- asking

sub database
{
	my ($name) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	# what anybody's default privileges give away must be taken back by deltas too
	$node->safe_psql($name, 'ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO stranger; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO stranger; ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO stranger');
	return sub { return $node->safe_psql($name, join "\n", @_) };
}

# What breaks connections that have the other library: a symbol with other
# arguments, a column that is no longer where it was.
sub broken_promises
{
	my ($old, $new) = @_;
	my $promises = sub {
		my %of;
		foreach (keys %{ $_[0] })
		{
			$of{"column $1"} = $2 if /^"column (\S+ \S+) (type \S.*?) collation/ || /^"column (\S+\.\d+) (.*?) collation/;
			push @{ $of{"symbol $2"} }, $1 if /FUNCTION session_auth\.(.*?)\\n LANGUAGE c\b.*body (\w+)"$/;
		}
		return \%of;
	};
	my ($was, $is) = map { $promises->($_) } $old, $new;
	my @broken;
	foreach my $what (sort keys %$was)
	{
		next if $what =~ /^symbol/ && !$is->{$what};
		my ($a, $b) = map { ref $_ ? join(' and ', sort @$_) : $_ // 'gone' } $was->{$what}, $is->{$what};
		push @broken, "$what: $a, then $b" if $a ne $b;
	}
	return @broken;
}

# What a statement fails with, as somebody.
sub error_of
{
	my ($name, $statement, $user) = (@_, 'postgres');
	my ($status, $out, $err) = $node->psql($name, $statement, extra_params => [ '--username', $user ], on_error_stop => 0);
	return $err;
}

# The data that an update must keep, and what it must answer then. The library
# may refuse tables of an older version, so it writes none of these itself.
my $token = 'sat_' . 'A' x 43;
my $encoded = sub { return encode_base64url($_[0]) };
my $signed = join '.', map { $encoded->($_) } '{"alg":"HS256","kid":"own"}', '{"iss":"https://i","sub":"alice","role":"ADMIN","jti":"good","iat":1,"exp":9999999999}';
my $secret = 'a secret of more than thirty-two bytes';
my $jwt = "$signed." . $encoded->(hmac_sha256($signed, $secret));
my $fill = qq{
	SELECT session_auth.grant_usage('app', 'request'), session_auth.grant_usage('signin', 'issuer'), session_auth.grant_usage('chief', 'admin');
	SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts", "edit:*", "!edit:vault"], "USER": ["view:profile"]}');
	SELECT session_auth.create_role('CHIEF', '{ADMIN}'), session_auth.grant_role('alice', 'CHIEF'), session_auth.grant_role('alice', 'USER', 'acme');
	SELECT session_auth.add_key('public', 'EdDSA', '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}', 'https://i');
	SELECT session_auth.add_key('own', 'HS256', '$secret', 'https://i', role_source => 'both');
	SELECT session_auth.add_authjs_secret('the secret of an application'), session_auth.add_cookie_secret('express', 'another secret');
	SELECT session_auth.revoke_token('a-jti');
	INSERT INTO session_auth.user_revocations VALUES ('bob', '2026-01-01');
	INSERT INTO session_auth.sessions (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
	SELECT 'a5b2b3ce-0d4e-4c1c-8a2b-1f7c5cbb0001', ('x' || left(encode(h, 'hex'), 16))::bit(64)::bigint, '2026-01-01', '2126-01-01', '2026-01-01', '1 day', h, 'alice' FROM sha256('$token') h;
	CREATE TABLE accounts (id int, owner text);
	INSERT INTO accounts SELECT n, CASE n % 2 WHEN 0 THEN 'alice' ELSE 'bob' END FROM generate_series(1, 100) n;
	SELECT session_auth.protect_table('accounts', owner_column => 'owner');
	GRANT SELECT ON accounts TO app;
	CREATE TABLE logins (token text PRIMARY KEY, person text, until timestamptz);
	INSERT INTO logins VALUES ('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de', 'carol', now() + interval '1 day');
	SELECT session_auth.adopt_sessions('logins', 'token', 'person', 'until');
	CREATE TABLE people (id text PRIMARY KEY, role text);
	INSERT INTO people VALUES ('carol', 'USER');
	SELECT session_auth.adopt_roles('people', 'id', 'role');
};
my $answers = qq{
	SELECT session_auth.export_permissions();
	SELECT * FROM session_auth.list_permissions();
	SELECT * FROM session_auth.list_keys();
	SELECT r.role, a, s, session_auth.has_permission(r.role, a, s) FROM session_auth.roles r, unnest('{view,edit}'::text[]) a, unnest('{accounts,profile,vault}'::text[]) s ORDER BY 1, 2, 3;
	SELECT * FROM session_auth.verify_session('$token', 'acme');
	SELECT * FROM session_auth.verify_session('$jwt');
	SELECT count(*) FROM session_auth.verify_session('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de');
	SELECT session_auth.drop_cookie_secret('express', 'another secret');
	SELECT user_id, roles FROM session_auth.verify_session('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de');
	SELECT event, count(*) FROM session_auth.session_events GROUP BY event ORDER BY event;
	SELECT severity, object, problem FROM session_auth.check_policies() WHERE problem NOT LIKE 'a table says who%' ORDER BY 1, 2, 3;
	SELECT jti, issuer, until FROM session_auth.revoked_tokens; SELECT user_id, not_before FROM session_auth.user_revocations;
	SELECT session_auth.grant_role('dora', 'USER'), max(grant_id) FROM session_auth.user_roles;
	UPDATE logins SET person = 'dora'; SELECT user_id, roles FROM session_auth.verify_session('6f2b0a55-6f2d-4c7e-9d59-53b0d6a4c0de');
	SELECT count(*) FROM session_auth.rotate_session('$token');
};
my $outdated = qr/ERROR:  extension session_auth is older in this database than its library\nDETAIL: .*\nHINT:  Run ALTER EXTENSION session_auth UPDATE\./;

# An update of a database that is in use: it ends as a fresh install does.
sub update_in_use
{
	my ($from, $to) = @_;
	my $name = "from_$from" =~ tr/./_/r;
	my $ask = database($name);
	my $fresh = database("to_$name");
	$ask->("CREATE EXTENSION session_auth VERSION '$from';", $fill);
	$fresh->("CREATE EXTENSION session_auth VERSION '$to';", $fill);
	my $open = $node->background_psql($name, on_error_stop => 0, extra_params => [ '--username', 'app' ]);
	my $request = "BEGIN; SELECT user_id, role FROM session_auth.authenticate('$token'); EXECUTE mine; COMMIT";
	$open->query_safe('PREPARE mine AS SELECT count(*) FROM accounts');
	my $said = $open->query($request);
	ok($said eq "alice|CHIEF\n50" || $open->{stderr} =~ $outdated, "$from to $to: a connection gets what it wants, or is told to update");
	$open->{stderr} = '';
	$open->query_safe('BEGIN; EXECUTE mine');
	my ($status, $out, $err) = $node->psql($name, "SET lock_timeout = '1s'; ALTER EXTENSION session_auth UPDATE TO '$to'");
	is($status, 0, "$from to $to: updated beside an open transaction") or diag($err);
	$open->query_safe('COMMIT');
	is($open->query($request), "alice|CHIEF\n50", "$from to $to: that connection goes on");
	$open->quit;
	is($ask->($answers), $fresh->($answers), "$from to $to: data are kept, and answers");
	is($ask->(q{SELECT extversion FROM pg_extension WHERE extname = 'session_auth'}), $to, "$from to $to: it is that version now");
	return $ask;
}

# --- what is released stays as it is

my ($meta) = slurp_file('META.json') =~ /^  "version": "(.*)"/m;
is($meta, $version, 'META.json has the version of the control file');
ok(!exists $released{$version} || $released{$version} eq $script, "$version: sql/parts still make its script")
	or diag("sql/released has $version. If it is out, set a new default_version and write sql/session_auth--$version--NEW.sql; CONTRIBUTING.md tells how.");
$installation->install("session_auth--$_.sql", $released{$_}) foreach grep { $_ ne $version } keys %released;

my $fresh = database('fresh');
my $should = extension_facts($fresh, 'CREATE EXTENSION session_auth');
cmp_ok(scalar(keys %$should), '>', 300, 'there are facts');
my $named = q{
	SELECT count(*) FROM regexp_matches($script$%s$script$, '''MODULE_PATHNAME'', ''(\w+)''', 'g') m (symbol),
		LATERAL (SELECT pg_temp.probe(symbol[1])) p (has) WHERE has
};
my $probe = q{
	CREATE FUNCTION pg_temp.probe(symbol text) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE format('CREATE OR REPLACE FUNCTION pg_temp.probed() RETURNS void LANGUAGE c AS ''$libdir/session_auth'', %L', symbol);
		RETURN true;
	END $$;
};
foreach my $old (sort keys %released)
{
	my $symbols = () = $released{$old} =~ /'MODULE_PATHNAME', '\w+'/g;
	is($fresh->($probe, sprintf($named, $released{$old})), $symbols, "$old: the library has all $symbols functions that its script names");
	is($fresh->(qq{SELECT count(*) FROM pg_extension_update_paths('session_auth') WHERE source = '$old' AND target = '$version' AND path IS NOT NULL}), $old eq $version ? 0 : 1, "$old: there is a way to $version");
	is(join("\n", broken_promises(extension_facts($fresh, "CREATE EXTENSION session_auth VERSION '$old'"), $should)), '', "$old: open connections find what they know");
	next if $old eq $version;
	is(differences(extension_facts($fresh, "CREATE EXTENSION session_auth VERSION '$old'; ALTER EXTENSION session_auth UPDATE"), $should), '', "$old: updated is what a fresh install is");
	my $ask = update_in_use($old, $version);
	# who held a usage then holds what it is now
	(my $name = "from_$old") =~ tr/./_/;
	my $as = sub { my ($user, $statement) = @_; return $node->safe_psql($name, $statement, extra_params => [ '--username', $user ]) };
	foreach ([ app => 'request' ], [ signin => 'issuer' ], [ chief => 'admin' ])
	{
		my ($role, $usage) = @$_;
		is($ask->(qq{
			SELECT f::text FROM session_auth.functions_of_usage('$usage') f WHERE NOT has_function_privilege('$role', f, 'EXECUTE')
			UNION ALL SELECT r::text FROM session_auth.relations_of_usage('$usage') r WHERE NOT has_table_privilege('$role', r, 'SELECT')}), '', "$old: $role has all of usage $usage without another grant_usage");
	}
	is($as->('app', qq{SELECT user_id FROM session_auth.authenticate('$jwt', on_refused => 'nobody')}), 'alice', '… and uses it: a request');
	is($as->('signin', q{SELECT count(*) FROM session_auth.create_session('gina', permissions => '{view:accounts}'); SELECT permissions FROM session_auth.list_sessions('gina')}), "1\n{view:accounts}", '… who signs people in');
	is($as->('chief', q{SELECT session_auth.grant_role('gina', 'USER'); SELECT role FROM session_auth.list_user_roles('gina'); SELECT count(*) > 0 FROM session_auth.session_events}), "t\nUSER\nt", '… and who administers');
	my $hex = 'c0' x 16 . '0123456789abcdef' x 2;
	is($ask->(qq{
		INSERT INTO logins VALUES ('$hex', 'erna', '2100-01-01'); INSERT INTO people VALUES ('erna', 'USER'), ('finn', 'CHIEF');
		DELETE FROM people WHERE id = 'finn';
		SELECT user_id, roles FROM session_auth.verify_session('$hex')}), 'erna|{USER}', "$old: tables that it adopted are followed on, whatever their tokens look like");
}

# --- what 0.1.0 protected is remembered, and what it compared by a cast is reported

if ($released{'0.1.0'} && $version ne '0.1.0')
{
	my $ask = database('protected');
	$ask->(q{
		CREATE EXTENSION session_auth VERSION '0.1.0';
		SELECT session_auth.grant_usage('app', 'request');
		CREATE TABLE notes (id int, person text, org text); CREATE TABLE ids (id int, owner uuid);
		CREATE TABLE numbers (id int, gone int, owner int) PARTITION BY RANGE (id); ALTER TABLE numbers DROP gone;
		CREATE TABLE numbers_1 PARTITION OF numbers FOR VALUES FROM (0) TO (9);
		CREATE TABLE padded (id int, org char(8));
		SELECT session_auth.protect_table('notes', 'it''s \ odd', 'person', 'org'), session_auth.protect_table('ids', owner_column => 'owner'),
			session_auth.protect_table('numbers', owner_column => 'owner'), session_auth.protect_table('padded', tenant_column => 'org');
		CREATE TABLE mine (id int); CREATE POLICY session_auth_select ON mine USING (false);
		ALTER EXTENSION session_auth UPDATE});
	is($ask->(q{SELECT object, resource, owner_column, tenant_column, problem IS NOT NULL FROM session_auth.list_protected()}),
		"ids|ids|owner||f\nnotes|it's \\ odd|person|org|f\nnumbers|numbers|owner||t\nnumbers_1|numbers|owner||t\npadded|padded||org|t", '0.1.0: what it protected is remembered');
	my $reported = q{SELECT DISTINCT severity, object, advice FROM session_auth.check_policies() ORDER BY object};
	is($ask->($reported), join("\n", map { "error|public.$_->[0]|SELECT session_auth.protect_table('public.$_->[0]', '$_->[1]', $_->[2])" }
		[ 'numbers', 'numbers', q{owner_column => 'owner'} ], [ 'numbers_1', 'numbers', q{owner_column => 'owner'} ], [ 'padded', 'padded', q{tenant_column => 'org'} ]), '… and where it compared by a cast, reported');
	is(error_of('protected', 'BEGIN; ALTER TABLE numbers NO FORCE ROW LEVEL SECURITY; ALTER TABLE numbers FORCE ROW LEVEL SECURITY; COMMIT'), '', '… but no hindrance');
	like(error_of('protected', 'DROP POLICY session_auth_select ON numbers'), qr/would lose its protection/, '… and guarded');
	$ask->(q{SELECT session_auth.protect_table('numbers', owner_column => 'owner'), session_auth.protect_table('padded', tenant_column => 'org')});
	is($ask->($reported), '', '… which repeating protect_table heals');
}

# --- from 0.1.0: what members of pg_read_all_data could read is hidden, samples and long values too

my $hiding = database('hiding');
my $long = join '', map { ('a' .. 'z')[rand 26] } 1 .. 4000;
$hiding->(q{CREATE EXTENSION session_auth VERSION '0.1.0'; CREATE ROLE reader LOGIN IN ROLE pg_read_all_data;}, "SELECT session_auth.add_key('long', 'HS256', '$long');", (map { "SELECT session_auth.add_cookie_secret('express', 'SecretNumber$_');" } 1 .. 3), 'ANALYZE');
my $visible = sub {
	my ($status, $out) = $node->psql('hiding', join(';', 'SELECT secret FROM session_auth.cookie_secrets', q{SELECT stavalues1::text, stavalues2::text FROM pg_statistic WHERE starelid = 'session_auth.cookie_secrets'::regclass},
		map { "SELECT encode(chunk_data, 'escape') FROM $_" } split / /, $hiding->(q{SELECT string_agg(reltoastrelid::regclass::text, ' ') FROM pg_class WHERE relnamespace = 'session_auth'::regnamespace AND reltoastrelid <> 0})), extra_params => [ '--username', 'reader' ]);
	my $front = substr $long, 0, 100;
	return join ' ', scalar(() = $out =~ /^SecretNumber/mg), $out =~ /\{SecretNumber/ ? 'sampled' : '-', $out =~ /\Q$front\E/ ? 'beside' : '-';
};
is($visible->(), '3 sampled beside', '0.1.0: a member of pg_read_all_data reads secrets');
$hiding->('ALTER EXTENSION session_auth UPDATE; ANALYZE');
is($visible->(), '0 - -', 'updated: no more');
is($hiding->(q{SELECT secret FROM session_auth.key_secrets; SELECT user_id FROM session_auth.verify_session(session_auth.issue_token('alice', '1 hour'))}), "$long\nalice", '… and the secret is the same');

# --- a version that is made up: an older one

# what the text holds must be there, or this is no test any more
sub changed
{
	my ($text, @pairs) = @_;
	while (my ($what, $by) = splice @pairs, 0, 2)
	{
		index($text, $what) >= 0 or BAIL_OUT("nothing to change: $what");
		substr($text, index($text, $what), length $what) = $by;
	}
	return $text;
}

my $tenant = 'CREATE FUNCTION session_auth.tenant() RETURNS text';
my ($created) = $script =~ /^(\Q$tenant\E.*?;\nCOMMENT.*?;\n)/ms or BAIL_OUT('no function tenant');
my ($told) = $script =~ /^((?:COMMENT ON COLUMN session_auth\.sessions\.(?:signed_only|permissions|actor|rotated_at) IS\n[^\n]*;\n){4})/m or BAIL_OUT('no comments on signed_only, permissions, actor and rotated_at');
my ($taken) = $script =~ /^(CREATE FUNCTION session_auth\.take_over_sessions.*?;\nCOMMENT.*?;\n)/ms or BAIL_OUT('no function take_over_sessions');
my $took = changed($taken, "\n      LEFT JOIN banned w ON w.user_id = (a.session).actor", '', 'greatest(u.until, w.until)', 'u.until');
my $older = changed($script, ",\n  signed_only boolean,\n  permissions text[] COLLATE \"C\",\n  actor text COLLATE \"C\",\n  rotated_at timestamptz\n) WITH", "\n) WITH", $told, '', $taken, $took, $created, q{
CREATE FUNCTION session_auth.bygone() RETURNS text LANGUAGE c AS 'MODULE_PATHNAME', 'session_auth_tenant';
UPDATE pg_proc SET prosrc = 'session_auth_bygone' WHERE proname = 'bygone';
});
my $to_this = qq{
ALTER TABLE session_auth.sessions ADD COLUMN signed_only boolean, ADD COLUMN permissions text[] COLLATE "C", ADD COLUMN actor text COLLATE "C", ADD COLUMN rotated_at timestamptz;
$told
} . ($taken =~ s/^CREATE/CREATE OR REPLACE/r) . qq{
DROP FUNCTION session_auth.bygone();
$created
REVOKE ALL ON FUNCTION session_auth.tenant() FROM PUBLIC, stranger;
};
$installation->install('session_auth--0.0.1.sql', $older);
$installation->install("session_auth--0.0.1--$version.sql", $to_this);
is(differences(extension_facts($fresh, "CREATE EXTENSION session_auth VERSION '0.0.1'; ALTER EXTENSION session_auth UPDATE"), $should), '', 'made up, older: updated is what a fresh install is');

my $ask = database('older');
$ask->(q{CREATE EXTENSION session_auth VERSION '0.0.1';}, $fill);
like(error_of('older', $_), $outdated, "a library on tables that are older says so: $_") foreach "SELECT session_auth.verify_session('$token')", q{SELECT session_auth.create_session('alice')}, q{SELECT session_auth.expire_user_sessions('alice')};
is($ask->(q{SELECT session_auth.has_permission('ADMIN', 'view', 'accounts')}), 't', '… and answers what does not need them');
like(error_of('older', 'SELECT session_auth.bygone()'), qr/ERROR:  could not find function "session_auth_bygone" in file/, 'a function whose symbol is gone fails, and says so');
update_in_use('0.0.1', $version);

# --- and a newer one, with a library of its own

my $more = q{
CREATE FUNCTION session_auth.news(about text DEFAULT 'nothing') RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_news';
COMMENT ON FUNCTION session_auth.news(text) IS 'what is new';
};
my $newer = changed($script, "  rotated_at timestamptz\n) WITH", "  rotated_at timestamptz,\n  note text NOT NULL DEFAULT 'none'\n) WITH",
	",\n  PRIMARY KEY (at, event_id)\n)", ",\n  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,\n  PRIMARY KEY (at, event_id)\n)",
	"  denied boolean NOT NULL,\n  PRIMARY KEY (role, action, resource, denied)\n", "  denied boolean NOT NULL,\n  since timestamptz DEFAULT now(),\n  PRIMARY KEY (role, action, resource, denied)\n",
	$tenant, "$more\n$tenant");
my %delta = (
	'the column' => q{ALTER TABLE session_auth.sessions ADD COLUMN note text NOT NULL DEFAULT 'none';},
	'another column' => q{ALTER TABLE session_auth.session_events ADD COLUMN number bigint NOT NULL GENERATED ALWAYS AS IDENTITY; REVOKE ALL ON SEQUENCE session_auth.session_events_number_seq FROM PUBLIC, stranger;},
	'the function' => $more,
	'the rights' => q{REVOKE ALL ON FUNCTION session_auth.news(text) FROM PUBLIC, stranger;},
	'the default' => q{ALTER TABLE session_auth.permissions ADD COLUMN since timestamptz; ALTER TABLE session_auth.permissions ALTER COLUMN since SET DEFAULT now();});
my @order = ('the column', 'another column', 'the function', 'the rights', 'the default');
my %without = %delta;
$without{$_} = '' foreach @order;
$without{'the function'} = 'CREATE FUNCTION session_auth.news(text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$;';
$without{'the default'} = 'ALTER TABLE session_auth.permissions ADD COLUMN since timestamptz;';
my %told = ('the column' => 'sessions.17 note', 'another column' => 'session_events.8 number', 'the function' => 'comment on session_auth.news', 'the rights' => 'rights on function session_auth.news', 'the default' => 'permissions.5 since');

system('cp', '-r', qw(Makefile session_auth.control scripts src sql), $dir) == 0 or BAIL_OUT('cannot copy the sources');
append_to_file("$dir/src/news.c", q{
#include "postgres.h"
#include "base/compat.h"
#include "utils/builtins.h"
SQL_FUNCTION(session_auth_news);
Datum session_auth_news(PG_FUNCTION_ARGS) { PG_RETURN_DATUM(PG_GETARG_DATUM(0)); }
});
foreach ([ 'catalog/table_access.h', "	Natts_sessions = Anum_sessions_rotated_at", "	Anum_sessions_note,\n	Natts_sessions = Anum_sessions_note" ],
	[ 'catalog/table_sessions.c', "	values[Anum_sessions_metadata - 1] =", "	values[Anum_sessions_note - 1] = CStringGetTextDatum(\"by the newer library\");\n	values[Anum_sessions_metadata - 1] =" ],
	[ 'identity/identity_text.c', q{#define FORMAT '2'}, q{#define FORMAT '3'} ])
{
	my ($file, @pair) = @$_;
	my $content = changed(slurp_file("$dir/src/$file"), @pair);
	unlink "$dir/src/$file";
	append_to_file("$dir/src/$file", $content);
}
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
my $built = `make --silent --directory=$dir -j2 with_llvm=no COPT=-O0 all 2>&1`;
is($?, 0, 'a newer library builds') or diag($built);

# connections and a database from before
$ask = database('newer');
$ask->('CREATE EXTENSION session_auth;', $fill, 'CREATE TABLE numbers AS SELECT generate_series(1, 10) n; GRANT SELECT ON numbers TO app');
my $stolen = $ask->(q{SELECT token FROM session_auth.create_session('alice')});
$ask->("SELECT session_auth.rotate_session('$stolen'); UPDATE session_auth.rotated_tokens SET rotated_at = rotated_at - interval '1 hour'");
my $before = $node->background_psql('newer', on_error_stop => 0);
$before->query_safe("PREPARE has AS SELECT session_auth.has_permission('CHIEF', 'view', 'accounts'); EXECUTE has; SELECT session_auth.authenticate('$token', 'connection')");
my $request = $node->background_psql('newer', on_error_stop => 0, extra_params => [ '--username', 'app' ]);
$request->query_safe("PREPARE mine AS SELECT count(*) FROM accounts; BEGIN; SELECT session_auth.authenticate('$token'); EXECUTE mine");

$installation->install('session_auth.so', slurp_file("$dir/session_auth.so"));
$installation->install('session_auth--99.0.0.sql', $newer);
$installation->install("session_auth--$version--99.0.0.sql", join "\n", @delta{@order});
foreach my $n (0 .. $#order)
{
	$installation->install("session_auth--$version--99.0.$n-incomplete.sql", join "\n", map { $_ eq $order[$n] ? $without{$_} : $delta{$_} } @order);
}

# new files, old tables
my $serves = "SELECT session_auth.user_id(); EXECUTE has; SELECT count(*) FROM session_auth.verify_session('$token')";
is($before->query($serves), "alice\nt\n1", 'new files: a connection from before goes on');
is($request->query('EXECUTE mine'), '50', '… in the midst of its transaction');
like(error_of('newer', "SELECT session_auth.authenticate('$token')", 'app'), $outdated, '… a new one is told to update');
is($node->psql('newer', 'SELECT count(*) FROM accounts', extra_params => [ '--username', 'app' ]), 0, '… and without an identity');
is($node->safe_psql('newer', 'SELECT count(*) FROM accounts', extra_params => [ '--username', 'app' ]), '0', '… sees nothing');
my $parallel = sprintf q{SET %s = on; SELECT count(session_auth.user_id()) FROM numbers; RESET ALL}, $node->safe_psql('postgres', q{SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')});
is($request->query($parallel), '', '… a parallel worker of the new library does not take an identity of the old');
like($request->{stderr}, qr/ERROR:  session_auth was updated while this connection was open\nHINT:  Connect again\./, '… and says so');
unlike($request->{stderr}, qr/alice/, '… without showing it');
$request->query('ROLLBACK');
is($before->query("SELECT count(*) FROM session_auth.verify_session('$stolen')"), '0', '… a stolen token is refused although its worker cannot end the session');

# updated beside connections of the old library
$ask->(q{
	CREATE SCHEMA evil;
	CREATE DOMAIN evil.text AS integer; CREATE DOMAIN evil.bigint AS integer; CREATE DOMAIN evil.timestamptz AS integer;
	CREATE FUNCTION evil.now() RETURNS integer LANGUAGE sql AS 'SELECT 1/0';
	SET search_path = evil, public, pg_catalog;
	SET lock_timeout = '10s';
	ALTER EXTENSION session_auth UPDATE TO '99.0.0'});
is($ask->(q{SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'session_auth'::regnamespace AND a.atttypid IN (SELECT oid FROM pg_type WHERE typnamespace = 'evil'::regnamespace)}), '0', 'updated under a hostile search_path: with the types of pg_catalog');
is($before->query($serves), "alice\nt\n1", 'updated: a connection from before goes on');
is($request->query("BEGIN; SELECT user_id FROM session_auth.authenticate('$token'); EXECUTE mine; COMMIT; EXECUTE mine"), "alice\n50\n0", '… also with its next transaction');
my $made = $before->query(q{SELECT token FROM session_auth.create_session('alice', metadata => '{"by": "the older library"}')});
is($ask->(q{SELECT note, metadata FROM session_auth.sessions ORDER BY created_at DESC LIMIT 1}), 'none|{"by": "the older library"}', '… what it writes has defaults in new columns');
is($ask->(q{SELECT count(number) > 1, count(number) = count(DISTINCT number) FROM session_auth.session_events}), 't|t', '… also of identities');
$made = $ask->("SELECT token FROM session_auth.rotate_session('$made')");
is($before->query("SELECT user_id FROM session_auth.verify_session('$made')"), 'alice', '… what the new library wrote it reads');
$ask->(q{UPDATE session_auth.sessions SET note = 'kept'});
is($before->query("SELECT session_auth.refresh_session('$made') IS NOT NULL; SELECT session_auth.expire_session('$made'::text)"), "t\nt", '… and changes');
is($ask->(q{SELECT DISTINCT note FROM session_auth.sessions}), 'kept', '… leaving new columns as they are');
is($before->query(q{SELECT session_auth.revoke_permission('ADMIN', 'view', 'accounts'); EXECUTE has; SELECT session_auth.grant_permission('ADMIN', 'view', 'accounts'); EXECUTE has}), "t\nf\nt\nt", '… caches follow');
is($ask->(q{SELECT session_auth.grant_permission('ADMIN', 'view', 'new')}) . $before->query(q{SELECT session_auth.has_permission('CHIEF', 'view', 'new')}), 'tt', '… what others change, too');
is($ask->(q{SELECT session_auth.news(); SELECT user_id FROM session_auth.verify_session((SELECT token FROM session_auth.create_session('bob'))); SELECT note FROM session_auth.sessions ORDER BY created_at DESC LIMIT 1}), "nothing\nbob\nby the newer library", '… and new connections have what is new');
$_->quit foreach $before, $request;

# --- the test notices

my $newest = extension_facts($fresh, q{CREATE EXTENSION session_auth VERSION '99.0.0'});
is(differences(extension_facts($fresh, "CREATE EXTENSION session_auth VERSION '$version'; ALTER EXTENSION session_auth UPDATE TO '99.0.0'"), $newest), '', 'made up, newer: updated is what a fresh install is');
is(join("\n", broken_promises($should, $newest)), '', '… and breaks no promise');
foreach my $n (0 .. $#order)
{
	my $is = extension_facts($fresh, "CREATE EXTENSION session_auth VERSION '$version'; ALTER EXTENSION session_auth UPDATE TO '99.0.$n-incomplete'");
	like(differences($is, $newest), qr/\Q$told{$order[$n]}/, "a delta that forgets $order[$n] is noticed");
}
foreach ([ 'a function with other arguments', q{ALTER EXTENSION session_auth DROP FUNCTION session_auth.claim(text); CREATE FUNCTION session_auth.claim(text, text) RETURNS text LANGUAGE c AS '$libdir/session_auth', 'session_auth_claim'; ALTER EXTENSION session_auth ADD FUNCTION session_auth.claim(text, text)}, 'symbol session_auth_claim' ],
	[ 'a column of another type', 'ALTER TABLE session_auth.rotated_tokens ALTER session_id TYPE text', 'column session_auth.rotated_tokens.2' ],
	[ 'a column that is gone', 'ALTER TABLE session_auth.rotated_tokens DROP rotated_at', 'column session_auth.rotated_tokens.3' ])
{
	my ($what, $change, $told) = @$_;
	like(join("\n", broken_promises($should, extension_facts($fresh, "CREATE EXTENSION session_auth VERSION '$version'; SET session_auth.guard_protection = off; $change"))), qr/^\Q$told\E[^\n]*$/, "$what is noticed");
}
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|server process .* was terminated/, 'no server process died of it');

$node->stop;
done_testing();
