# Who sees an identity on its way to another server, or makes up one, gains nothing; and no
# foreign table is read or written as somebody who is not in force here any more.
# Siblings: test/attacks/agreed_keys.t, test/t/nodes.t.
# Guards: src/verify/external_read.c, read_seal(), binding_of_seal(); src/verify/verify.c, is_sealed_for(); src/verify/challenge.c, challenge_is_met();
# src/verify/issuing.c, issuing_key_of_seals(); src/pure/jose.c, jose_read_header(); src/sql/sql_seal.c, require_allowed();
# src/identity/identity.c, identity_set_carried(), identity_require_carriable(); src/remote/carried.c, carry_to(), end_notes(), carry_to_used();
# src/remote/arrival.c, only_relation(), start_executor(); src/remote/arrival_view.c, is_carried_identity(); src/remote/arrival_call.c, seal_of(), is_in_function();
# src/remote/carrier.c, carrier_write(); src/remote/touched.c, carry_for_query(), carry_to_written(), carry_for_copy(), require_same_identity().
use strict;
use warnings;
use File::Spec;
use MIME::Base64 qw(encode_base64url decode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my %server = map { $_ => new_server($_, 'log_statement = all', 'session_auth.clock_skew = 0') } qw(near b c);
my ($private, $public) = nodes_key_pair();
my $near = $server{near};
nodes_connect($near, $private, $public, b => $server{b}, c => $server{c});

sub on { my ($name, $statement) = @_; return $server{$name}->safe_psql('postgres', $statement); }

# What a client of a database role is told, errors by their SQLSTATE.
sub said
{
	my ($name, $statement, $role) = @_;
	my ($status, $out, $err) = $server{$name}->psql('postgres', "\\set VERBOSITY sqlstate\n$statement", extra_params => [ '--username' => $role // 'app' ], on_error_stop => 0);
	$err =~ s/^psql:\S+ //mg;
	return join "\n", grep { length } $out, $err;
}

foreach my $name (qw(b c))
{
	on($name, q{CREATE TABLE item (id integer, owner text, shard integer);
		INSERT INTO item SELECT n, CASE WHEN n % 2 = 0 THEN 'alice' ELSE 'bob' END, 1 FROM generate_series(1, 20) n;
		SELECT session_auth.protect_table('item', owner_column => 'owner');
		GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON item TO app;
		SELECT session_auth.import_permissions('{"OWNER": ["*:item"]}')});
}
on('near', q{CREATE FOREIGN TABLE item_b (id integer NOT NULL, owner text, shard integer NOT NULL) SERVER b OPTIONS (table_name 'item');
	CREATE TABLE item (id integer NOT NULL, owner text, shard integer NOT NULL) PARTITION BY LIST (shard);
	ALTER TABLE item ATTACH PARTITION item_b FOR VALUES IN (1);
	GRANT ALL ON item_b, item TO app;
	SELECT session_auth.import_permissions('{"OWNER": ["*:item"]}');
	SELECT session_auth.grant_role('alice', 'OWNER'), session_auth.grant_role('bob', 'OWNER');
	SELECT session_auth.allow_audience('b')});
my %token = map { $_ => on('near', "SELECT token FROM session_auth.create_session('$_')") } qw(alice bob);
sub as { return "SELECT FROM session_auth.authenticate('$token{$_[0]}');" }
sub seal
{
	my ($user, $audience, $lifetime, $more) = @_;
	return on('near', 'BEGIN;' . as($user) . ($more // '') . "SELECT session_auth.seal_identity('$audience', '$lifetime')") =~ s/^\s+//r;
}

# ------------------------------------------------------------------- who may seal what
is(said('near', 'BEGIN;' . as('alice') . "SELECT session_auth.seal_identity('c')"), 'ERROR:  42501', 'nobody seals for a server that was not allowed');
is(said('near', "SELECT session_auth.seal_identity('b')"), 'ERROR:  28000', 'nor without an identity');
is(said('near', q{UPDATE session_auth_nodes.to_b SET seal = 'x'}), 'ERROR:  42501', 'nor writes to what carries');
is(said('b', q{SELECT session_auth.impersonate('alice')}), 'ERROR:  42501', 'the far role itself is nobody');
on('b', 'SELECT session_auth.allow_audience($$c$$)');
is(said('b', "BEGIN; SELECT FROM session_auth.impersonate('alice'); SELECT session_auth.seal_identity('c')", 'postgres'), 'ERROR:  0A000', 'who has the public half cannot seal');
on('b', q{SELECT session_auth.add_key('shared', 'HS256', repeat('secret', 8), 'near')});
is(said('b', "BEGIN; SELECT FROM session_auth.impersonate('alice'); SELECT session_auth.seal_identity('c')", 'postgres'), 'ERROR:  0A000', 'nor by a secret');
is(said('b', q{SELECT session_auth.add_key('shared too', 'HS256', repeat('secret', 8), 'near', seals => true)}, 'postgres'), 'ERROR:  22023', 'which nobody may trust with it');

# -------------------------------------------------------------- where a seal is taken
my $enter = sub { my ($seal, $more) = @_; return "BEGIN; SELECT user_id, session_id IS NOT NULL FROM session_auth.authenticate('$seal'" . ($more // '') . ');' };
my $seal = seal('alice', 'b', '1 minute');
is(said('b', $enter->($seal)), 'alice|t', 'a seal, where it is for');
is(said('c', $enter->($seal)), 'ERROR:  28000', 'and on another server');
is(said('near', $enter->($seal)), 'ERROR:  28000', 'or on the one that made it, which has no name');
on('near', q{SELECT session_auth.allow_audience('near')});
is(said('near', $enter->(seal('alice', 'near', '1 minute'))), 'ERROR:  28000', '… not even where a name is given for it');
is(said('b', $enter->($seal, ", 'connection'")), 'ERROR:  22023', 'it is for one transaction');
is(said('b', $enter->($seal, ", tenant => 'acme'")), 'ERROR:  28000', 'and for no tenant that it was not in');
my $short = seal('alice', 'b', '200 milliseconds');
select(undef, undef, undef, 0.3);
is(said('b', $enter->($short)), 'ERROR:  28000', 'it is good for its time alone');
on('b', q{ALTER ROLE app SET session_auth.clock_skew = '1min'});
is(said('b', $enter->($short)), 'alice|t', '… to which the other server adds its clock_skew');
on('b', q{ALTER ROLE app RESET session_auth.clock_skew});
is(said('b', "BEGIN; SELECT user_id FROM session_auth.authenticate('" . seal('alice', 'b', '1 second') . "'); SELECT pg_sleep(1.1); SELECT session_auth.is_authenticated()"), "alice\n\nf", 'and so is who was sealed by hand');
on('b', q{SELECT session_auth.expire_user_sessions('alice')});
is(said('b', $enter->($seal)), 'ERROR:  28000', 'a user who was logged out there comes back with no session of before');
on('b', 'TRUNCATE session_auth.user_revocations');

# an ordinary token of the sealing key is no seal, whatever it says, and a seal is no token
on('near', qq{SELECT session_auth.drop_key('sealing', 'near'), session_auth.add_key('sealing', 'EdDSA', \$\$$private\$\$, 'near', '{b}')});
my $issued = on('near', q{SELECT session_auth.issue_token('alice', '1 minute', '{"roles": ["OWNER"], "sid": "00000000000000000000000000000001", "act": {"sub": "root"}, "ends": 9999999999}')});
is(said('b', "BEGIN; SELECT user_id, session_id IS NULL FROM session_auth.authenticate('$issued'); SELECT session_auth.actor() IS NULL"), "alice|t\nt", 'an ordinary token of the same key says neither a session nor who acts');
is(said('b', qq{UPDATE session_auth_nodes.carried_identity SET seal = '$issued' RETURNING accepted; SELECT session_auth.is_authenticated()}), "f\nf", 'nor is it carried');
is(said('b', qq{UPDATE session_auth_nodes.carried_identity SET seal = '$seal' RETURNING accepted; SELECT session_auth.is_authenticated()}), "f\nf", 'nor is a seal that was made by hand');
is(said('b', q{UPDATE session_auth_nodes.carried_identity SET seal = 'nothing of the kind'}), 'ERROR:  55000', 'nor anything else');
my ($head) = split /\./, $seal;
like(decode_base64url($head), qr/"crit":\["session_auth_seal"\]/, 'whoever reads seals as ordinary tokens has to refuse them (RFC 7515)');

# a key that was not added for seals
on('c', qq{SELECT session_auth.drop_key('sealing', 'near'), session_auth.add_key('sealing', 'EdDSA', \$\$$public\$\$, 'near')});
on('near', q{SELECT session_auth.allow_audience('c')});
is(said('c', $enter->(seal('alice', 'c', '1 minute'))), 'alice|f', 'without seals => true it says no session');
is(said('c', 'BEGIN; SELECT user_id FROM session_auth.authenticate(' . "'" . (on('near', "SELECT FROM session_auth.impersonate('alice'); BEGIN; SELECT FROM session_auth.impersonate('alice'); SELECT session_auth.seal_identity('c')") =~ s/^\s+//r) . "'); SELECT session_auth.actor() IS NULL"), "alice\nt", 'nor who acts');

# ----------------------------------------------------------------- what is narrow stays so
my $narrow = seal('alice', 'b', '1 minute', q{SELECT session_auth.narrow('{view:item}');});
my $may = q{SELECT session_auth.has_permission('edit', 'item')};
is(said('b', $enter->($narrow) . $may), "alice|t\nf", 'narrowed as it was');
is(said('c', $enter->(seal('alice', 'c', '1 minute', q{SELECT session_auth.narrow('{view:item}');})) . $may), "alice|f\nf", 'whatever the key may say');
is(said('b', $enter->($narrow) . 'SELECT FROM session_auth.authenticate(' . "'$seal')"), "alice|t\nERROR:  55000", 'nobody widens it in the transaction');
is(said('b', "BEGIN; SELECT FROM session_auth.authenticate('$seal'); SAVEPOINT s; SELECT FROM session_auth.authenticate('$narrow'); ROLLBACK TO s; $may; SELECT session_auth.is_authenticated()"), "\n\nf\nf" =~ s/^\n+//r, 'nor does a savepoint');

# --------------------------------------------------- what was seen on its way is worthless
my $mark = -s $server{b}->logfile;
is(said('near', 'BEGIN;' . as('alice') . 'SELECT count(*) FROM item_b'), '10', 'carried over');
my ($carried) = slurp_file($server{b}->logfile, $mark) =~ /[Pp]arameters: \$1 = '(eyJ[^']+)'/;
ok($carried, 'a log with parameters shows the seal');
is(said('b', $enter->($carried)), 'ERROR:  28000', '… which authenticates nobody');
is(said('b', qq{UPDATE session_auth_nodes.carried_identity SET seal = '$carried' RETURNING accepted; SELECT session_auth.is_authenticated()}), "f\nf", '… nor in another connection');
is(said('c', $enter->($carried)), 'ERROR:  28000', '… nor on another server');

# The same connection: a client of the far server that has been challenged has it sealed by the key.
my $far = $server{b}->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username' => 'app' ]);
is($far->query(qq{UPDATE session_auth_nodes.carried_identity SET seal = '$carried' RETURNING accepted}), 'f', 'another challenge, another seal');
my ($challenge) = $far->query(q{UPDATE session_auth_nodes.carried_identity SET seal = '' RETURNING challenge});
my $met = forge($challenge, '"sub":"alice","roles":["OWNER"],"ends":' . (time + 600));
is($far->query(qq{BEGIN; UPDATE session_auth_nodes.carried_identity SET seal = '$met' RETURNING accepted; COMMIT}), 't', 'what meets the challenge is taken');
is($far->query(qq{UPDATE session_auth_nodes.carried_identity SET seal = '$met' RETURNING accepted}), 'f', 'and not a second time');
my $old = forge(scalar $far->query(q{UPDATE session_auth_nodes.carried_identity SET seal = '' RETURNING challenge}), '"sub":"alice"', -60);
$far->query(qq{UPDATE session_auth_nodes.carried_identity SET seal = '$old' RETURNING accepted});
like($far->{stderr}, qr/another server carries over is refused/, 'nor what is too old, though it meets the next');
$far->{stderr} = '';
my $narrowed = sub { return forge(scalar $far->query(q{UPDATE session_auth_nodes.carried_identity SET seal = '' RETURNING challenge}), '"sub":"alice","roles":["OWNER"],"ends":' . (time + 600) . $_[0]) };
$far->query('BEGIN');
$far->query(q{UPDATE session_auth_nodes.carried_identity SET seal = '} . $narrowed->(',"narrowed":true,"narrowing":"view:item\n\n"') . q{'});
is($far->query($may), 'f', 'narrow');
$far->query(q{UPDATE session_auth_nodes.carried_identity SET seal = '} . $narrowed->('') . q{'});
like($far->{stderr}, qr/in a transaction that was narrowed/, 'and nothing wider is carried over in the same transaction');
$far->{stderr} = '';
$far->query('ROLLBACK');
$far->quit;

# what a key of ours signs, as PostgreSQL's own side would: the header is that of a real seal
sub forge
{
	my ($for, $contents, $age) = @_;
	my $now = time + ($age // 0);
	my $claims = qq{{"iat":$now,"exp":@{[$now + 30]},"jti":"x","iss":"near","aud":"b","challenge":"$for",$contents}} =~ s/\n/\\n/gr;
	return nodes_sign($private, $head . '.' . encode_base64url($claims));
}

# docs/shards.md: the setting with which the far side's log shows no seal
on('b', 'ALTER ROLE app SET log_parameter_max_length = 0');
on('b', 'ALTER ROLE app SET log_parameter_max_length_on_error = 0');
$mark = -s $server{b}->logfile;
is(said('near', 'BEGIN;' . as('alice') . 'SELECT count(*) FROM item_b'), '10', 'carried over');
like(slurp_file($server{b}->logfile, $mark), qr/UPDATE session_auth_nodes\.carried_identity SET seal = \$1/, 'a log of all statements');
unlike(slurp_file($server{b}->logfile, $mark), qr/eyJ/, '… shows no seal');

# --------------------------- what carries is let through a READ ONLY transaction, and nothing with it
on('b', q{CREATE TABLE written (n integer);
	CREATE FUNCTION writes() RETURNS integer LANGUAGE sql AS 'INSERT INTO written VALUES (1) RETURNING n';
	CREATE SCHEMA others CREATE VIEW carried_identity AS SELECT NULL::text AS seal;
	CREATE FUNCTION others.takes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER takes INSTEAD OF UPDATE ON others.carried_identity FOR EACH ROW EXECUTE FUNCTION others.takes();
	GRANT USAGE ON SCHEMA others TO app; GRANT ALL ON written, others.carried_identity TO app});
my $carries = q{UPDATE session_auth_nodes.carried_identity SET seal = };
is(said('b', "BEGIN READ ONLY; $carries '' RETURNING accepted; SELECT session_auth.is_authenticated()"), "f\nf", 'what carries, in a READ ONLY transaction');
foreach my $writes ("WITH w AS (INSERT INTO written VALUES (1) RETURNING n) $carries ''", "WITH w AS (DELETE FROM written RETURNING n) $carries (SELECT min(n)::text FROM w)",
	"$carries (SELECT n::text FROM written FOR UPDATE)", "$carries '' FROM written", "WITH w AS ($carries '' RETURNING 1) INSERT INTO written SELECT 1 FROM w",
	"$carries '' RETURNING writes()", "$carries '' || writes()", "WITH w AS MATERIALIZED (SELECT writes() AS n) $carries '' FROM w", q{UPDATE others.carried_identity SET seal = ''})
{
	is(said('b', "BEGIN READ ONLY; $writes"), 'ERROR:  25006', "… $writes");
	is(said('b', "BEGIN READ ONLY; DO \$\$ BEGIN $carries 'no seal'; EXCEPTION WHEN OTHERS THEN NULL; END \$\$; $writes"), 'ERROR:  25006', '… after one that failed');
}
is(said('b', "BEGIN READ ONLY; $carries ''; INSERT INTO written VALUES (1)"), 'ERROR:  25006', '… or behind it');
is(on('b', 'SELECT count(*) FROM written'), '0', 'nothing was written');

# ------------------------- what postgres_fdw sends becomes a call, for whom may call it, and nothing else does
on('b', q{CREATE ROLE outsider LOGIN; GRANT USAGE ON SCHEMA session_auth, session_auth_nodes TO outsider;
	GRANT SELECT, UPDATE ON session_auth_nodes.carried_identity TO outsider; ALTER ROLE outsider SET session_preload_libraries = 'session_auth'});
sub sent
{
	my ($update, $role) = @_;
	my $loads = $role ? '' : 'SELECT session_auth.is_authenticated();';
	return said('b', "$loads PREPARE sent(text) AS $update RETURNING accepted, challenge; EXECUTE sent('')", $role);
}
my $sends = $carries . '$1';
like(said('b', "SELECT session_auth.is_authenticated(); PREPARE sent(text) AS $sends RETURNING accepted, challenge; EXPLAIN EXECUTE sent('')"), qr/^f\nResult /, 'a call');
like(sent($sends), qr/^f\nf\|.{20}/, '… that answers');
is(sent($sends, 'outsider'), 'ERROR:  42501', '… not for whom may update the view alone');
foreach my $other ("$sends WHERE false", "$sends FROM written", "WITH w AS MATERIALIZED (SELECT writes()) $sends FROM w WHERE false")
{
	is(sent($other), 'f', "an UPDATE: $other");
}
like(sent("WITH w AS (INSERT INTO written VALUES (1)) $sends"), qr/^f\nf\|.{20}/, '… with another');
is(on('b', 'SELECT count(*) FROM written'), '1', '… which is done');
on('b', "CREATE FUNCTION takes(s text) RETURNS boolean LANGUAGE plpgsql AS 'DECLARE taken boolean; BEGIN $carries s RETURNING accepted, challenge INTO taken; RETURN taken; END'");
is(said('b', q{SELECT takes('')}, 'outsider'), 'f', '… or in a function, which counts on an UPDATE');

# ----------------------------------------------------- nobody of before, wherever it goes
my $pool = $near->background_psql('postgres', on_error_stop => 0);
$pool->query(q{CREATE FUNCTION becomes(text) RETURNS text LANGUAGE sql AS 'SELECT user_id FROM session_auth.authenticate($1)'});
sub begins { $pool->query('BEGIN'); $pool->query(as($_[0])); $pool->query('SELECT count(*) FROM item_b'); return; }
sub asks { my $rows = $pool->query($_[0]); my $said = $pool->{stderr} =~ /ERROR: +(.*)/ ? $1 : ''; $pool->{stderr} = ''; return $said || $rows; }
my $file = File::Spec->rel2abs(PostgreSQL::Test::Utils::tempdir() . '/rows');
append_to_file($file, "90,alice,1\n");
chmod 0644, $file;

foreach my $target (qw(item item_b))
{
	begins('alice');
	asks('SELECT session_auth.deauthenticate()');
	like(asks("COPY $target FROM '$file' WITH (DELIMITER ',')"), qr/row-level security/, "COPY into $target as nobody");
	asks('ROLLBACK');
	begins('alice');
	asks(as('bob'));
	like(asks("COPY $target FROM '$file' WITH (DELIMITER ',')"), qr/row-level security/, "COPY into $target as somebody else");
	asks('ROLLBACK');
	asks('BEGIN');
	like(asks("COPY $target FROM '$file' WITH (DELIMITER ',')"), qr/row-level security/, "COPY into $target before anybody");
	asks('ROLLBACK');
	begins('alice');
	asks('SELECT session_auth.deauthenticate()');
	like(asks("INSERT INTO $target VALUES (90, 'alice', 1)"), qr/row-level security/, "INSERT into $target");
	asks('ROLLBACK');
}
begins('alice');
asks('SELECT session_auth.deauthenticate()');
asks('ANALYZE item_b');
is(asks(q{SELECT reltuples FROM pg_class WHERE relname = 'item_b'}), '0', 'ANALYZE reads as nobody');
asks('ROLLBACK');
begins('alice');
is(asks(q{WITH gone AS (DELETE FROM item_b RETURNING 1) SELECT count(*) FROM gone}), '10', 'DELETE takes the rows that are there for the user');
asks('SELECT session_auth.deauthenticate()');
is(asks(q{WITH gone AS (DELETE FROM item_b RETURNING 1) SELECT count(*) FROM gone}), '0', 'and none after that');
is(asks(q{WITH new AS (UPDATE item SET owner = 'bob' RETURNING 1) SELECT count(*) FROM new}), '0', 'nor does UPDATE of the parent');
asks('ROLLBACK');

# who changes within a statement does not get rows of two
begins('alice');
like(asks(qq{SELECT becomes('$token{bob}'), count(*) FROM item_b}), qr/identity changed while/, 'authenticated in the midst of a query');
asks('ROLLBACK');
begins('alice');
like(asks(qq{INSERT INTO item_b SELECT 90, CASE WHEN becomes('$token{bob}') = 'bob' THEN 'alice' END, 1}), qr/identity changed while/, 'or of what writes');
asks('ROLLBACK');
on('near', qq{CREATE FUNCTION changes() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM becomes('$token{bob}'); RETURN NEW; END \$\$; CREATE TRIGGER changes BEFORE INSERT ON item_b FOR EACH ROW EXECUTE FUNCTION changes()});
begins('alice');
like(asks("COPY item_b FROM '$file' WITH (DELIMITER ',')"), qr/identity changed while/, 'or of COPY');
asks('ROLLBACK');
on('near', 'DROP TRIGGER changes ON item_b');
begins('alice');
asks('DECLARE k CURSOR FOR SELECT id FROM item_b');
asks('FETCH 1 FROM k');
asks('SELECT session_auth.deauthenticate()');
like(asks('FETCH 1 FROM k'), qr/identity changed while/, 'or between two rows of a cursor');
asks('ROLLBACK');

# savepoints: nothing is remembered of what was rolled back
begins('alice');
asks('SAVEPOINT s');
asks(as('bob'));
asks('SELECT count(*) FROM item_b');
asks('ROLLBACK TO s');
asks('SELECT session_auth.deauthenticate()');
is(asks('SELECT count(*) FROM item_b'), '0', 'nobody, after a savepoint that was rolled back');
asks(as('bob'));
is(asks('SELECT count(owner) FILTER (WHERE owner = $$alice$$), count(*) FROM item_b'), '0|10', 'and then who was in it');
asks('ROLLBACK');
is(asks('SELECT count(*) FROM item_b'), '0', 'nobody after the transaction');
begins('alice');
asks('SAVEPOINT s');
asks(as('bob'));
asks('SELECT count(*) FROM item_b');
asks('ROLLBACK TO s');
asks(as('bob'));
is(asks('SELECT count(owner) FILTER (WHERE owner = $$alice$$), count(*) FROM item_b'), '0|10', 'who comes again after it has been rolled back is carried again');
asks('ROLLBACK');

# a parallel operation cannot write to another server first
on('near', q{CREATE TABLE local AS SELECT n AS id FROM generate_series(1, 20000) n; ANALYZE local;
	CREATE FUNCTION counts(integer) RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS 'BEGIN RETURN (SELECT count(*) FROM item_b); END'});
asks('SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0');
asks('BEGIN');
asks(as('alice'));
like(asks('SELECT counts(max(id)) FROM local'), qr/during a parallel operation/, 'it fails, and does not read as nobody');
asks('ROLLBACK');
$pool->quit;

# who is refused there is not told that the own token was bad
on('b', qq{SELECT session_auth.drop_key('sealing', 'near')});
is(said('near', 'BEGIN;' . as('alice') . 'SELECT count(*) FROM item_b'), 'ERROR:  55000', 'a seal that is refused fails the query');
done_testing();
