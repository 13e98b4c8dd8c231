# Identities travel between servers: sealed by hand for one of them, and carried over by
# postgres_fdw to two at once, at the first use in a transaction and whenever they change.
# Siblings: test/attacks/carried_identities.t, test/attacks/agreed_keys.t, test/t/logical.t; bench/nodes has what it costs.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use SessionAuth;

my %server = map { $_ => new_server($_, 'log_statement = all', 'wal_level = replica', 'max_wal_senders = 4') } qw(near b c);
my ($private, $public) = nodes_key_pair();
nodes_connect($server{near}, $private, $public, b => $server{b}, c => $server{c});
my $near = $server{near};

sub on { my ($name, $statement) = @_; return $server{$name}->safe_psql('postgres', $statement); }

# Two shards of one table, each protected where it is; the near side protects nothing.
foreach my $name (qw(b c))
{
	on($name, q{CREATE TABLE item (id integer, owner text, shard integer, PRIMARY KEY (id));
		SELECT session_auth.protect_table('item', owner_column => 'owner');
		GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON item TO app;
		CREATE FUNCTION whoami() RETURNS text LANGUAGE sql STABLE AS
		$$ SELECT concat_ws(' ', session_auth.user_id(), session_auth.roles(), session_auth.tenant(), session_auth.actor(), session_auth.session_id(), session_auth.has_permission('edit', 'item')) $$;
		CREATE VIEW me AS SELECT whoami() AS who; GRANT SELECT ON me TO app});
	on('near', qq{CREATE FOREIGN TABLE item_$name (id integer NOT NULL, owner text, shard integer NOT NULL) SERVER $name OPTIONS (table_name 'item');
		CREATE FOREIGN TABLE me_$name (who text) SERVER $name OPTIONS (table_name 'me')});
}
on('near', q{CREATE TABLE item (id integer NOT NULL, owner text, shard integer NOT NULL) PARTITION BY LIST (shard);
	ALTER TABLE item ATTACH PARTITION item_b FOR VALUES IN (1);
	ALTER TABLE item ATTACH PARTITION item_c FOR VALUES IN (2);
	GRANT ALL ON item, item_b, item_c, me_b, me_c TO app;
	SELECT session_auth.import_permissions('{"OWNER": ["*:item"], "READER": ["view:item"]}');
	SELECT session_auth.grant_role('alice', 'OWNER'), session_auth.grant_role('bob', 'OWNER'), session_auth.grant_role('carol', 'READER', 'acme')});
on($_, q{SELECT session_auth.import_permissions('{"OWNER": ["*:item"], "READER": ["view:item"]}')}) foreach qw(b c);

my %token = map { $_ => on('near', "SELECT token FROM session_auth.create_session('$_')") } qw(alice bob carol);
my $sid = on('near', "SELECT session_id FROM session_auth.verify_session('$token{alice}')");

# A client behind a pool: one connection for all of them.
my $pool = $near->background_psql('postgres', on_error_stop => 0, extra_params => [ '--username' => 'app' ]);

sub asks
{
	my ($statement) = @_;
	my $rows = $pool->query($statement);
	$pool->{stderr} = '';
	return $rows;
}

sub fails
{
	my ($statement, $pattern, $name) = @_;
	$pool->{stderr} = '';
	$pool->query($statement);
	like($pool->{stderr}, $pattern, $name);
	$pool->{stderr} = '';
	return;
}

sub as { my ($user, $more) = @_; return asks('BEGIN' . ($more ? " $more" : '')) . asks("SELECT user_id FROM session_auth.authenticate('$token{$user}')"); }
my $ids = 'SELECT string_agg(id::text, \',\' ORDER BY id) FROM item';

# -------------------------------------------------------------- reading and writing
is(asks('SELECT who FROM me_b'), 'f', 'without an identity the far side sees nobody');
as('alice');
is(asks('SELECT who FROM me_b'), "alice {OWNER} $sid t", 'user, roles and session arrive');
asks(q{INSERT INTO item SELECT n, CASE WHEN n % 3 = 0 THEN 'bob' ELSE 'alice' END, n % 2 + 1 FROM generate_series(1, 4) n WHERE n <> 3});
fails(q{INSERT INTO item_b VALUES (90, 'bob', 1)}, qr/row-level security/, q{rows of others' are refused there});
asks('ROLLBACK');
as('alice');
asks(q{INSERT INTO item SELECT n, 'alice', n % 2 + 1 FROM generate_series(1, 4) n});
is(asks('COMMIT') . on('b', 'SELECT count(*) FROM item') . on('c', 'SELECT count(*) FROM item'), '22', 'rows are routed to both');
as('bob');
asks(q{INSERT INTO item_b VALUES (11, 'bob', 1)});
my $file = PostgreSQL::Test::Utils::tempdir() . '/rows';
append_to_file($file, "12,bob,2\n13,bob,1\n");
asks("\\copy item FROM '$file' WITH (DELIMITER ',')");
is(asks($ids), '11,12,13', 'COPY into the parent, and one query of both servers');
is(asks('COMMIT'), '', 'committed');
is(asks($ids), '', 'the next client of the pool is nobody');
as('alice');
is(asks($ids), '1,2,3,4', 'another user, another rows');
is(asks(q{WITH x AS (UPDATE item SET owner = owner WHERE id IN (1, 2, 12) RETURNING id) SELECT count(*) FROM x}), '2', 'UPDATE');
is(asks(q{WITH x AS (DELETE FROM item_b WHERE id IN (4, 11) RETURNING id) SELECT count(*) FROM x}), '1', 'DELETE');
asks('ROLLBACK');

# ------------------------------------------------------- changes within a transaction
as('alice');
is(asks($ids), '1,2,3,4', 'alice');
asks('SELECT session_auth.deauthenticate()');
is(asks($ids), '', 'deauthenticate reaches the far side before the next query');
asks("SELECT session_auth.authenticate('$token{bob}')");
is(asks($ids), '11,12,13', 'so does another identity');
asks('SAVEPOINT s');
asks("SELECT session_auth.authenticate('$token{alice}')");
is(asks($ids), '1,2,3,4', 'within a savepoint');
asks('ROLLBACK TO s');
is(asks($ids), '11,12,13', 'which gives back who was there before');
asks("SELECT session_auth.authenticate('$token{alice}')");
is(asks($ids), '1,2,3,4', 'and again');
asks('RELEASE s');
is(asks($ids), '1,2,3,4', 'one that is released keeps the newer');
asks('SAVEPOINT t');
is(asks('SELECT who FROM me_b'), "alice {OWNER} $sid t", 'nothing is sent twice');
asks('ROLLBACK TO t');
asks('SAVEPOINT u');
asks("SELECT session_auth.authenticate('$token{bob}')");
asks('SAVEPOINT v');
is(asks($ids), '11,12,13', 'first used in a savepoint within one');
asks('ROLLBACK TO v');
is(asks($ids), '11,12,13', 'rolled back, it is sent again');
asks('RELEASE u');
asks('SAVEPOINT w');
asks('SELECT session_auth.deauthenticate()');
is(asks($ids), '', 'nobody in a savepoint');
asks('ROLLBACK TO w');
is(asks($ids), '11,12,13', 'and somebody after it');
is(asks('COMMIT; ' . $ids), '', 'gone with the transaction');

# an error there that a block catches here
on('near', q{CREATE FUNCTION tries(text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE r record; n text := '';
	BEGIN
		FOR r IN SELECT id FROM item_b ORDER BY id LOOP
			BEGIN
				INSERT INTO item_b VALUES (r.id, $1, 1);
			EXCEPTION WHEN OTHERS THEN n := n || ' ' || SQLSTATE;
			END;
			n := n || ' ' || (SELECT count(*) FROM item_b);
		END LOOP;
		RETURN n;
	END $$});
as('bob');
is(asks(q{SELECT tries('bob')}), ' 23505 2 23505 2', 'a cursor stays open over errors that a block catches');
asks('ROLLBACK');

# ---------------------------------------------------------------------- narrowing, tenants, actors
as('alice');
asks($ids);
asks(q{SELECT session_auth.narrow('{view:*}')});
is(asks('SELECT who FROM me_b'), "alice {OWNER} $sid f", 'narrow() travels');
is(asks($ids), '1,2,3,4', 'what is left works');
fails(q{INSERT INTO item_b VALUES (90, 'alice', 1)}, qr/row-level security/, 'what is not does not');
asks('ROLLBACK');
as('alice');
asks(q{SELECT session_auth.narrow('{view:*, edit:item}')});
asks('SAVEPOINT s');
asks(q{SELECT session_auth.narrow('{view:*}')});
is(asks('SELECT who FROM me_b'), "alice {OWNER} $sid f", 'narrowed further');
asks('ROLLBACK TO s');
is(asks('SELECT who FROM me_b'), "alice {OWNER} $sid t", 'and back to as far as before');
asks('SELECT session_auth.deauthenticate()');
is(asks('SELECT who FROM me_b'), 'f', 'nobody after it');
asks('COMMIT');
asks('BEGIN');
asks("SELECT session_auth.authenticate('$token{carol}', tenant => 'acme')");
like(asks('SELECT who FROM me_c'), qr/^carol \{READER\} acme \S+ f$/, 'the tenant travels');
asks('COMMIT');
is($near->safe_psql('postgres', q{BEGIN; SELECT FROM session_auth.impersonate('alice', '{READER}'); SELECT who FROM me_b}), 'alice {READER} postgres f', 'who acts travels, and so do the roles that were given');
my $agent = on('near', q{SELECT token FROM session_auth.create_session('alice', permissions => '{view:item}')});
asks("BEGIN; SELECT session_auth.authenticate('$agent')");
like(asks('SELECT who FROM me_b'), qr/ f$/, 'a session that is narrow from the start');
asks('COMMIT');

# ------------------------------------------------------------------------- ways of asking
asks("PREPARE p AS SELECT string_agg(id::text, ',' ORDER BY id) FROM item WHERE shard = \$1; SET plan_cache_mode = force_generic_plan");
foreach my $user (qw(alice bob alice))
{
	as($user);
	is(asks('EXECUTE p(1)'), $user eq 'alice' ? '2,4' : '11,13', "a generic plan as $user");
	asks('COMMIT');
}
is(asks('EXECUTE p(1)'), '', 'and as nobody');
asks('RESET plan_cache_mode');
as('alice');
is(asks("DECLARE k CURSOR FOR SELECT id FROM item ORDER BY id; FETCH 2 FROM k"), "1\n2", 'a cursor');
fails("SELECT session_auth.authenticate('$token{bob}')", qr/while a cursor is open/, 'nobody else meanwhile');
asks('ROLLBACK');
as('alice', 'READ ONLY');
is(asks($ids), '1,2,3,4', 'a READ ONLY transaction');
asks('COMMIT');
# as postgres_fdw of 19 begins it there by itself, in a connection that is new
on('b', q{ALTER ROLE app SET default_transaction_read_only = on; SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'});
as('alice');
is(asks('SELECT who FROM me_b'), "alice {OWNER} $sid t", 'one that is READ ONLY on the far side alone');
fails(q{DELETE FROM item_b}, qr/read-only transaction/, '… which writes nothing there');
asks('ROLLBACK');
on('b', q{ALTER ROLE app RESET default_transaction_read_only; SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'});
as('alice', 'ISOLATION LEVEL SERIALIZABLE');
is(asks($ids), '1,2,3,4', 'a SERIALIZABLE one');
asks('COMMIT');
$near->safe_psql('postgres', qq{ALTER SERVER $_ OPTIONS (ADD async_capable 'true', ADD use_remote_estimate 'true')}) foreach qw(b c);
as('alice');
like(asks('EXPLAIN SELECT count(*) FROM item'), qr/Async Foreign Scan/, 'an asynchronous Append');
is(asks($ids), '1,2,3,4', 'has the identity on both');
asks("SELECT session_auth.authenticate('$token{bob}')");
is(asks($ids), '11,12,13', 'and the next one');
asks('COMMIT');
on('near', q{CREATE TABLE local AS SELECT n AS id FROM generate_series(1, 20000) n; ANALYZE local; GRANT SELECT ON local TO app});
asks('SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0');
as('alice');
my $beside = 'SELECT count(*) FROM local l JOIN item i USING (id) WHERE i.shard > 0';
like(asks("EXPLAIN $beside"), qr/Gather/, 'beside parallel workers');
is(asks($beside), '4', 'foreign tables have the identity too');
asks('COMMIT');
asks('RESET ALL');
as('alice');
is(asks(q{SELECT count(*) FROM item_b x JOIN item_b y USING (id)}), '2', 'a join that is done there');
like(asks(q{EXPLAIN (COSTS OFF, VERBOSE) SELECT count(*) FROM item_b x JOIN item_b y USING (id)}), qr/Remote SQL: SELECT count/, '… as a whole');
asks('COMMIT');

# views and functions of others have connections of their own where their mapping is
on('near', q{CREATE ROLE owner_of_view; GRANT SELECT ON me_b, item_b TO owner_of_view; CREATE VIEW through AS SELECT who FROM me_b; ALTER VIEW through OWNER TO owner_of_view; GRANT SELECT ON through TO app;
	GRANT USAGE ON FOREIGN SERVER b TO owner_of_view;
	CREATE FUNCTION definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT who FROM me_b'; ALTER FUNCTION definer() OWNER TO owner_of_view;
	CREATE USER MAPPING FOR owner_of_view SERVER b OPTIONS (user 'app', password_required 'false')});
as('alice');
is(asks(q{SELECT (SELECT who FROM through) = (SELECT who FROM me_b), definer() = (SELECT who FROM me_b)}), 't|t', 'another mapping, the same identity');
is(asks(q{SELECT count(*) FROM postgres_fdw_get_connections()}), '3', '… in another connection');
asks('SELECT session_auth.deauthenticate()');
is(asks(q{SELECT (SELECT who FROM through), (SELECT who FROM me_b), definer()}), 'f|f|f', 'and nobody in both');
asks('COMMIT');

# the far side goes away between two transactions
on('b', q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'});
as('alice');
is(asks('SELECT who FROM me_b'), "alice {OWNER} $sid t", 'a connection that is opened anew asks for another seal');
asks('COMMIT');

# a part of what is local can be had without the other servers
$server{c}->stop;
as('alice');
is(asks('SELECT count(*) FROM item WHERE shard = 1'), '2', 'a server that is pruned is not asked');
asks('COMMIT');
as('alice');
fails(q{INSERT INTO item VALUES (60, 'alice', 1)}, qr/could not connect|connection/, 'an INSERT into the parent asks every server that has a partition');
asks('ROLLBACK');
as('alice');
is(asks(q{INSERT INTO item_b VALUES (60, 'alice', 1) RETURNING id}), '60', 'one into a partition asks that one alone');
asks('ROLLBACK');
$server{c}->start;

# a row that moves to a server which its query does not read
on('near', q{CREATE TABLE item_near PARTITION OF item FOR VALUES IN (3); INSERT INTO item_near VALUES (70, 'alice', 3); GRANT ALL ON item_near TO app});
my $moves = 'UPDATE item SET shard = 2 WHERE shard = 3 RETURNING id';
as('alice');
fails($moves, qr/row-level security/, 'a row that moves to a server where nobody is yet is refused there');
asks('ROLLBACK');
as('alice');
asks('SELECT count(*) FROM item_c');
is(asks($moves), '70', '… and taken where somebody is');
asks('ROLLBACK');
on('near', 'DROP TABLE item_near');

# what no identity is asked for, and where none goes
asks('BEGIN; TRUNCATE item_b');
asks("SELECT session_auth.authenticate('$token{alice}')");
is(asks('SELECT count(*) FROM item_b'), '0', 'TRUNCATE of a foreign table asks for no policy, as anywhere');
asks('ROLLBACK');
my $device = on('near', q{SELECT token FROM session_auth.create_session('alice', metadata => '{"device": "x"}')});
on('b', 'CREATE VIEW claimed AS SELECT session_auth.claims() AS claims; GRANT SELECT ON claimed TO app');
on('near', q{CREATE FOREIGN TABLE claimed_b (claims jsonb) SERVER b OPTIONS (table_name 'claimed'); GRANT SELECT ON claimed_b TO app});
asks("BEGIN; SELECT session_auth.authenticate('$device')");
is(asks(q{SELECT session_auth.claims() ->> 'device', claims ->> 'device' FROM claimed_b}), 'x|', 'claims() do not travel');
asks('COMMIT');
SKIP: {
	skip 'dblink is not installed', 1 unless on('near', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'dblink'});
	on('near', 'CREATE EXTENSION dblink');
	my $link = $server{b}->connstr('postgres') . ' user=app';
	is(on('near', "BEGIN; SELECT FROM session_auth.authenticate('$token{alice}'); SELECT who FROM dblink(\$\$$link\$\$, 'SELECT who FROM me') d (who text)"), 'f', 'dblink has a connection of its own, in which nobody is');
}

# ------------------------------------------------------------------ what it costs in round trips
my $before = -s $server{b}->logfile;
as('alice');
asks('SELECT count(*) FROM item_b') for 1 .. 3;
asks('COMMIT');
my $said = slurp_file($server{b}->logfile, $before);
is(scalar(() = $said =~ /UPDATE session_auth_nodes\.carried_identity/g), 1, 'one round trip more in a transaction');

# ------------------------------------------------------------------- sealed by hand
on('near', q{SELECT session_auth.allow_audience('b')});
is(on('near', 'SELECT audience FROM session_auth.list_audiences()'), 'b', 'an audience that is allowed');
is(on('near', 'SELECT server, audience FROM session_auth.list_nodes()'), "b|b\nc|c", 'servers that are connected');

sub seal
{
	my ($user, $audience, $more) = @_;
	my ($status, $out, $err) = $near->psql('postgres', "BEGIN; SELECT FROM session_auth.authenticate('$token{$user}');" . ($more // '') . "SELECT session_auth.seal_identity('$audience')", extra_params => [ '--username' => 'app', '--no-psqlrc' ]);
	return $status ? $err : $out;
}

my $seal = seal('alice', 'b');
$seal =~ s/\A\s+//;
is($server{b}->safe_psql('postgres', "BEGIN; SELECT user_id, roles, session_id FROM session_auth.authenticate('$seal'); SELECT count(*) FROM item; COMMIT; SELECT session_auth.is_authenticated()", extra_params => [ '--username' => 'app' ]), "alice|{OWNER}|$sid\n2\nf", 'authenticate takes it there, for a transaction');
is(on('near', q{SELECT session_auth.disallow_audience('b'), session_auth.disallow_audience('b')}), 't|f', 'taken back');
like(seal('alice', 'b'), qr/permission denied to seal/, 'and no longer sealed for');

# ------------------------------------------------------------------- policies on the parent
# docs/shards.md: the first way, which needs nothing there
on($_, q{CREATE TABLE orders (id integer, owner text, shard integer); INSERT INTO orders SELECT n, CASE WHEN n % 2 = 0 THEN 'alice' ELSE 'bob' END, 1 FROM generate_series(1, 10) n; GRANT ALL ON orders TO app}) foreach qw(b c);
on('near', q{CREATE TABLE orders (id integer, owner text, shard integer) PARTITION BY LIST (shard);
	CREATE FOREIGN TABLE orders_1 PARTITION OF orders FOR VALUES IN (1) SERVER b OPTIONS (table_name 'orders');
	CREATE FOREIGN TABLE orders_2 PARTITION OF orders FOR VALUES IN (2) SERVER c OPTIONS (table_name 'orders');
	SELECT session_auth.protect_table('orders', owner_column => 'owner'); GRANT SELECT ON orders TO app;
	SELECT session_auth.grant_permission('OWNER', 'view', 'orders')});
as('alice');
is(asks('SELECT count(*), min(owner) FROM orders'), '10|alice', 'policies on the parent filter what partitions on other servers hold');
my $plan = asks('EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM orders');
like($plan, qr/One-Time Filter/, 'the permission is asked once, before anything is sent');
like($plan, qr/Remote SQL: SELECT id FROM public\.orders WHERE \(\(owner = \$1::text\)\)/, q{the owner's condition is done there});
asks('COMMIT');
my $mark = -s $server{b}->logfile;
as('carol');
is(asks('SELECT count(*) FROM orders'), '0', 'a denied query finds nothing');
asks('COMMIT');
unlike(slurp_file($server{b}->logfile, $mark), qr/DECLARE/, 'and asks the other servers for nothing');
is(on('near', q{GRANT SELECT ON orders_1 TO app; SELECT count(*) FROM session_auth.check_policies() WHERE object = 'public.orders_1' AND severity = 'error'}), '1', 'a partition that requests can read by itself is reported');
on('near', 'REVOKE ALL ON orders_1 FROM app');

# ------------------------------------------------------------------------- a hot standby
$server{b}->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($server{b}, 'base', has_streaming => 1);
$standby->start;
on('near', sprintf q{CREATE SERVER standby FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', port '%s', dbname 'postgres');
	CREATE USER MAPPING FOR PUBLIC SERVER standby OPTIONS (user 'app', password_required 'false');
	SELECT session_auth.connect_node('standby', 'b');
	CREATE FOREIGN TABLE me_standby (who text) SERVER standby OPTIONS (table_name 'me');
	CREATE FOREIGN TABLE item_standby (id integer, owner text) SERVER standby OPTIONS (table_name 'item');
	GRANT SELECT, DELETE ON me_standby, item_standby TO app}, $standby->host, $standby->port);
is(asks('SELECT who FROM me_standby'), 'f', 'a hot standby on the far side sees nobody');
foreach my $user (qw(alice bob))
{
	as($user);
	is(asks(q{SELECT split_part(who, ' ', 1), (SELECT string_agg(id::text, ',' ORDER BY id) FROM item_standby) FROM me_standby}), $user eq 'alice' ? 'alice|2,4' : 'bob|11,13', "… or $user");
	asks('SELECT session_auth.deauthenticate()');
	is(asks('SELECT who FROM me_standby'), 'f', '… and nobody again');
	asks('COMMIT');
}
as('alice');
fails(q{DELETE FROM item_standby}, qr/read-only transaction/, '… and is not written to');
asks('ROLLBACK');
on('b', q{SELECT session_auth.expire_user_sessions('alice')});
$server{b}->wait_for_catchup($standby);
as('alice');
fails('SELECT who FROM me_standby', qr/refused|revoked|not accepted/, '… which knows of a revocation when it has replayed it');
asks('ROLLBACK');
on('b', 'TRUNCATE session_auth.user_revocations');
$server{b}->wait_for_catchup($standby);
as('alice', 'ISOLATION LEVEL SERIALIZABLE');
fails('SELECT who FROM me_standby', qr/serializable mode in a hot standby/, '… which has no SERIALIZABLE transactions');
asks('ROLLBACK');
on('near', q{SELECT session_auth.disconnect_node('standby'); DROP SERVER standby CASCADE});
$standby->stop;

# ------------------------------------------------------------------------- disconnecting, dumps
my ($dump) = run_command([ 'pg_dump', '--dbname', $near->connstr('postgres') ]);
like($dump, qr/CREATE FOREIGN TABLE session_auth_nodes\.to_b /, 'a dump has what carries');
like($dump, qr/^session_auth_nodes\.to_c\tc\t/m, 'and which servers are connected');
is(on('near', q{SELECT session_auth.disconnect_node('b'), session_auth.disconnect_node('b')}), 't|f', 'disconnected');
as('alice');
is(asks('SELECT (SELECT who FROM me_b), (SELECT who FROM me_c)'), "f|alice {OWNER} $sid t", 'nobody there from then on; the others go on');
asks('COMMIT');
$pool->quit;
done_testing();
