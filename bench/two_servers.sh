# Two databases of the cluster that stand for two servers, and what is asked across them; sourced
# behind lib.sh, never run.
# shellcheck shell=bash

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
openssl genpkey -algorithm ed25519 -out "$dir/private" 2>/dev/null
openssl pkey -in "$dir/private" -pubout -out "$dir/public"

# set_up BUILD: both servers, and a user's token in a file of that name.
set_up() {
    query 'CREATE DATABASE bench_node'
    query "ALTER DATABASE bench_node SET session_auth.node_name = 'far'"

    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null bench_node <<SQL
CREATE EXTENSION session_auth;
CREATE ROLE bench_front LOGIN;
SELECT session_auth.grant_usage('bench_front', 'request'),
       session_auth.import_permissions('{"ADMIN": ["view:guarded", "view:folded"]}'),
       session_auth.add_key('sealing', 'EdDSA', \$\$$(cat "$dir/public")\$\$, 'bench', seals => true);
CREATE TABLE bare AS SELECT i AS id, md5(i::text) AS v FROM generate_series(1, 100000) i;
ALTER TABLE bare ADD PRIMARY KEY (id);
CREATE TABLE guarded (LIKE bare INCLUDING ALL);
CREATE TABLE folded (LIKE bare INCLUDING ALL);
INSERT INTO guarded SELECT * FROM bare;
INSERT INTO folded SELECT * FROM bare;
ANALYZE bare, guarded, folded;
SELECT session_auth.protect_table('guarded'), session_auth.protect_table('folded', subqueries => false);
GRANT SELECT ON bare, guarded, folded TO bench_front;
SQL

    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null <<SQL
CREATE EXTENSION postgres_fdw;
SELECT session_auth.create_role('ADMIN') WHERE NOT EXISTS (SELECT FROM session_auth.roles WHERE role = 'ADMIN');
SELECT session_auth.add_key('sealing', 'EdDSA', \$\$$(cat "$dir/private")\$\$, 'bench', seals => true)
WHERE NOT EXISTS (SELECT FROM session_auth.list_keys() WHERE kid = 'sealing');
SELECT session_auth.grant_role('bench_alice', 'ADMIN');
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', port '$PGPORT', dbname 'bench_node', fetch_size '10000');
CREATE SERVER far_unguarded FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', port '$PGPORT', dbname 'bench_node', fetch_size '10000');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'bench_front', password_required 'false');
CREATE USER MAPPING FOR PUBLIC SERVER far_unguarded OPTIONS (user 'bench_front', password_required 'false');
CREATE FOREIGN TABLE far_bare (id int, v text) SERVER far_unguarded OPTIONS (table_name 'bare');
CREATE FOREIGN TABLE far_carried (id int, v text) SERVER far OPTIONS (table_name 'bare');
CREATE FOREIGN TABLE far_guarded (id int, v text) SERVER far OPTIONS (table_name 'guarded');
CREATE FOREIGN TABLE far_folded (id int, v text) SERVER far OPTIONS (table_name 'folded');
SELECT session_auth.connect_node('far');

-- processor time of this backend and of those that it has on the other server, in seconds
CREATE FUNCTION node_cpu() RETURNS float LANGUAGE sql AS \$\$
  SELECT sum(split_part(pg_read_file('/proc/' || a.pid || '/schedstat'), ' ', 1)::float / 1e9)
  FROM pg_stat_activity a
  WHERE a.backend_type = 'client backend' \$\$;
CREATE PROCEDURE node_asks(token text, statement text, calls int, in_block boolean) LANGUAGE plpgsql AS \$\$
DECLARE
  r bigint;
BEGIN
  FOR i IN 1 .. calls LOOP
    IF token IS NOT NULL THEN
      PERFORM FROM session_auth.authenticate(token);
    END IF;
    IF in_block THEN
      BEGIN
        EXECUTE statement INTO r;
      EXCEPTION WHEN division_by_zero THEN
        RAISE;
      END;
    ELSE
      EXECUTE statement INTO r;
    END IF;
    COMMIT;
  END LOOP;
END \$\$;
SQL
    query "SELECT token FROM session_auth.create_session('bench_alice')" >"$dir/$1"
}

# asks WAY ROWS CALLS TOKEN
asks() {
    printf "CALL node_asks('%s', 'SELECT count(*) FROM (SELECT * FROM far_%s WHERE id <= %s OFFSET 0) x', %s, %s);\n" \
        "$4" "${1/block/bare}" "$2" "$3" "$([[ $1 == block ]] && echo true || echo false)"
}
