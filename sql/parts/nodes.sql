-- More than one server: identities are sealed for others, and carried over by postgres_fdw.

CREATE TABLE session_auth.allowed_audiences (
  audience text COLLATE "C" NOT NULL PRIMARY KEY,
  allowed_at timestamptz NOT NULL DEFAULT now(),
  allowed_by text COLLATE "C"
);
COMMENT ON TABLE session_auth.allowed_audiences IS
  'servers for which seal_identity seals';
COMMENT ON COLUMN session_auth.allowed_audiences.audience IS
  'the session_auth.node_name of such a server';
COMMENT ON COLUMN session_auth.allowed_audiences.allowed_at IS 'when allow_audience was called first';
COMMENT ON COLUMN session_auth.allowed_audiences.allowed_by IS
  'the identity''s user or the database role that called it';

CREATE TABLE session_auth.connected_nodes (
  carrier regclass NOT NULL PRIMARY KEY,
  audience text COLLATE "C" NOT NULL,
  connected_at timestamptz NOT NULL DEFAULT now(),
  connected_by text COLLATE "C"
);
COMMENT ON TABLE session_auth.connected_nodes IS
  'servers of postgres_fdw that identities are carried to';
COMMENT ON COLUMN session_auth.connected_nodes.carrier IS
  'the foreign table of such a server that stands for its session_auth_nodes.carried_identity';
COMMENT ON COLUMN session_auth.connected_nodes.audience IS
  'the session_auth.node_name of that server';
COMMENT ON COLUMN session_auth.connected_nodes.connected_at IS 'when connect_node was called last';
COMMENT ON COLUMN session_auth.connected_nodes.connected_by IS
  'the identity''s user or the database role that called it';

-- Dumps hold both; foreign tables are restored before these rows.
SELECT pg_catalog.pg_extension_config_dump('session_auth.allowed_audiences', '');
SELECT pg_catalog.pg_extension_config_dump('session_auth.connected_nodes', '');

CREATE FUNCTION session_auth.nodes_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_nodes_changed';
COMMENT ON FUNCTION session_auth.nodes_changed() IS
  'internal: tells every backend that identities are carried to other servers than before';

SELECT session_auth.watch_table('connected_nodes', 'nodes_changed');

-- Sealing.

CREATE FUNCTION session_auth.seal_identity(audience text, expires_in interval DEFAULT '5 seconds')
RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_seal_identity';
COMMENT ON FUNCTION session_auth.seal_identity(text, interval) IS
  'The current identity (user, roles, tenant, session, who acts, what it is narrowed to) as a token for one '
  'other server, whose session_auth.node_name is the audience: its authenticate() takes it, for one '
  'transaction, if it has the public half of the key. Signed by the newest active private key, one with '
  'seals before others. Presented after expires_in (at most one hour) it is refused; clock_skew is added. '
  '22023 for a bad argument, 28000 without an identity, 42501 for an audience that allow_audience() does not '
  'allow, 0A000 without a private key.';

CREATE FUNCTION session_auth.allow_audience(audience text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO session_auth.allowed_audiences (audience, allowed_by)
  VALUES (session_auth.check_argument('audience', $1), session_auth.acting_user())
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    PERFORM session_auth.record_event('audience_allowed', NULL, jsonb_build_object('audience', $1));
  END IF;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION session_auth.allow_audience(text) IS
  'Lets seal_identity() seal identities for a server of this session_auth.node_name. connect_node() needs it '
  'not. False when it was allowed before. 22023 for a bad argument.';

CREATE FUNCTION session_auth.disallow_audience(audience text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  DELETE FROM session_auth.allowed_audiences a
  WHERE a.audience = session_auth.check_argument('audience', $1);
  IF FOUND THEN
    PERFORM session_auth.record_event('audience_disallowed', NULL, jsonb_build_object('audience', $1));
  END IF;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION session_auth.disallow_audience(text) IS
  'Takes allow_audience() back; what has been sealed is good for its seconds. False when it was not '
  'allowed. 22023 for a bad argument.';

CREATE FUNCTION session_auth.list_audiences()
RETURNS TABLE (audience text, allowed_at timestamptz, allowed_by text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.audience, a.allowed_at, a.allowed_by FROM session_auth.allowed_audiences a ORDER BY a.audience;
END;
COMMENT ON FUNCTION session_auth.list_audiences() IS
  'For which servers seal_identity() seals, since when, and who allowed it.';

-- What other servers write to, by way of a foreign table of theirs.  In a schema of its own,
-- as requests have no business with any relation of session_auth.

CREATE SCHEMA session_auth_nodes;
COMMENT ON SCHEMA session_auth_nodes IS 'session_auth: how identities come from other servers, and go there';

CREATE VIEW session_auth_nodes.carried_identity AS
SELECT NULL::text AS seal, NULL::boolean AS accepted, NULL::text AS challenge
-- never called; planning it loads the library, before an UPDATE is refused as not READ ONLY (src/remote/arrival.c)
WHERE session_auth.has_permission('view', 'carried_identity') OR true;
COMMENT ON VIEW session_auth_nodes.carried_identity IS
  'internal: an UPDATE of its one row with a seal makes that the current identity, with NULL nobody';
COMMENT ON COLUMN session_auth_nodes.carried_identity.seal IS
  'what another server has sealed; empty: only asks what is to be sealed; never read';
COMMENT ON COLUMN session_auth_nodes.carried_identity.challenge IS
  'by RETURNING: for what the next seal in this connection has to be sealed';
COMMENT ON COLUMN session_auth_nodes.carried_identity.accepted IS
  'by RETURNING: false when it was sealed for something else';

-- What an UPDATE of it becomes as soon as it is parsed (src/remote/arrival_call.c), and the trigger where that cannot be.

CREATE FUNCTION session_auth.take_seal(seal text) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_take_seal';
COMMENT ON FUNCTION session_auth.take_seal(text) IS
  'internal: takes an identity that another server carries over, NULL for nobody; false when it was sealed for '
  'something else, 55000 when it is refused';

CREATE FUNCTION session_auth.asked_challenge() RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_asked_challenge';
COMMENT ON FUNCTION session_auth.asked_challenge() IS
  'internal: for what the next seal in this connection has to be sealed';

CREATE FUNCTION session_auth.identity_carried() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_identity_carried';
COMMENT ON FUNCTION session_auth.identity_carried() IS
  'internal: takes an identity that another server carries over; 55000 when it is refused';

CREATE TRIGGER identity_carried INSTEAD OF UPDATE ON session_auth_nodes.carried_identity
  FOR EACH ROW EXECUTE FUNCTION session_auth.identity_carried();

-- Which servers identities are carried to.

CREATE FUNCTION session_auth.require_fdw_server(server name) RETURNS oid
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found_server record;
BEGIN
  SELECT s.oid, h.prosrc, h.probin INTO found_server
  FROM pg_foreign_server s
  JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  LEFT JOIN pg_proc h ON h.oid = w.fdwhandler
  WHERE s.srvname = server;
  IF NOT FOUND THEN
    PERFORM session_auth.refuse('server', format('There is no foreign server "%s".', server));
  ELSIF found_server.prosrc IS DISTINCT FROM 'postgres_fdw_handler'
    OR found_server.probin IS NULL OR found_server.probin !~ '(^|/)postgres_fdw$' THEN
    PERFORM session_auth.refuse('server', format('Server "%s" is not one of postgres_fdw.', server));
  END IF;
  RETURN found_server.oid;
END
$$;
COMMENT ON FUNCTION session_auth.require_fdw_server(name) IS
  'internal: a server of postgres_fdw; 22023 for any other';

CREATE FUNCTION session_auth.carrier_of(server oid) RETURNS regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT n.carrier FROM session_auth.connected_nodes n
  JOIN pg_foreign_table t ON t.ftrelid = n.carrier::oid AND t.ftserver = $1;
END;
COMMENT ON FUNCTION session_auth.carrier_of(oid) IS
  'internal: what carries identities to a server; NULL where nothing does';

-- As for policies, what is to be done is worked out with the extension's rights, by functions that
-- change nothing, and done with those of the caller, who must be allowed to use the server; it is
-- remembered only where it stands.

CREATE FUNCTION session_auth.node_connection(server name, audience text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  its_carrier text := session_auth.carrier_of(session_auth.require_fdw_server(server))::text;
  new_audience text := session_auth.check_argument('audience', coalesce(audience, server::text));
BEGIN
  IF its_carrier IS NULL THEN
    its_carrier := format('session_auth_nodes.%I', left('to_' || server, 63));
    RETURN NEXT format('CREATE FOREIGN TABLE %s (seal text, accepted boolean, challenge text) SERVER %I '
      'OPTIONS (schema_name %L, table_name %L, updatable %L, use_remote_estimate %L)',
      its_carrier, server, 'session_auth_nodes', 'carried_identity', 'true', 'false');
  END IF;
  RETURN NEXT format('SELECT session_auth.remember_node(%L, %L)', its_carrier, new_audience);
END
$$;
COMMENT ON FUNCTION session_auth.node_connection(name, text) IS
  'internal: the commands of connect_node; 22023 for a bad argument';

CREATE FUNCTION session_auth.remember_node(carrier regclass, audience text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  its_server name;
BEGIN
  SELECT s.srvname INTO its_server
  FROM pg_foreign_table t
  JOIN pg_class c ON c.oid = t.ftrelid AND c.relnamespace = 'session_auth_nodes'::regnamespace
  JOIN pg_foreign_server s ON s.oid = t.ftserver
  WHERE t.ftrelid = $1::oid
    AND t.ftoptions @> '{schema_name=session_auth_nodes,table_name=carried_identity,updatable=true,use_remote_estimate=false}';
  IF NOT FOUND OR $2 IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'only connect_node says where identities are carried to';
  END IF;
  PERFORM session_auth.require_fdw_server(its_server);
  INSERT INTO session_auth.connected_nodes (carrier, audience, connected_by)
  VALUES ($1, session_auth.check_argument('audience', $2), session_auth.acting_user())
  ON CONFLICT (carrier) DO UPDATE SET audience = excluded.audience,
    connected_at = excluded.connected_at, connected_by = excluded.connected_by;
  PERFORM session_auth.record_event('node_connected', NULL,
    jsonb_build_object('server', its_server, 'audience', $2));
END
$$;
COMMENT ON FUNCTION session_auth.remember_node(regclass, text) IS
  'internal: notes what connect_node has made; 42501 when it is not there';

CREATE FUNCTION session_auth.connect_node(server name, audience text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN SELECT session_auth.node_connection(server, audience) LOOP
    EXECUTE command;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.connect_node(name, text) IS
  'Carries the current identity to a server of postgres_fdw: at the first use of one of its foreign tables in '
  'a transaction, and before the next one after it has changed; without an identity that server sees nobody. '
  'audience is the server''s session_auth.node_name (default: the name that it has here). It needs the '
  'extension, the public half of a key of this one (add_key), and usage request for the role that user '
  'mappings name. Repeating it changes the audience. The caller must have USAGE on the server. 22023 for a '
  'bad argument and another kind of server.';

CREATE FUNCTION session_auth.node_disconnection(server name) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  its_carrier regclass := session_auth.carrier_of(session_auth.require_fdw_server(server));
BEGIN
  IF its_carrier IS NOT NULL THEN
    RETURN NEXT format('DROP FOREIGN TABLE %s', its_carrier);
    RETURN NEXT format('SELECT session_auth.forget_nodes(%L)', server);
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.node_disconnection(name) IS
  'internal: the commands of disconnect_node; 22023 for a bad argument';

CREATE FUNCTION session_auth.forget_nodes(server name) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM session_auth.connected_nodes n
  WHERE NOT EXISTS (SELECT FROM pg_foreign_table t WHERE t.ftrelid = n.carrier::oid);
  IF FOUND THEN
    PERFORM session_auth.record_event('node_disconnected', NULL, jsonb_build_object('server', $1));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.forget_nodes(name) IS
  'internal: forgets servers whose foreign table is gone';

CREATE FUNCTION session_auth.disconnect_node(server name) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN SELECT session_auth.node_disconnection(server) LOOP
    EXECUTE command;
  END LOOP;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION session_auth.disconnect_node(name) IS
  'Takes connect_node() back: from the next transaction on that server sees nobody. False when it was not '
  'connected. The caller must own what connect_node() made. 22023 for a bad argument.';

CREATE FUNCTION session_auth.list_nodes()
RETURNS TABLE (server name, audience text, connected_at timestamptz, connected_by text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.srvname, n.audience, n.connected_at, n.connected_by
  FROM session_auth.connected_nodes n
  JOIN pg_foreign_table t ON t.ftrelid = n.carrier::oid
  JOIN pg_foreign_server s ON s.oid = t.ftserver
  ORDER BY s.srvname;
END;
COMMENT ON FUNCTION session_auth.list_nodes() IS
  'The servers that connect_node() carries identities to, under which audience, since when, and who did it.';
