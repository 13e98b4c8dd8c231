-- Adoption: an application keeps its sessions and roles in tables of its own,
-- which stay the source; triggers carry over what changes in them.
--
-- The triggers are attached by the caller, who must own the table; what is in
-- it is read and carried over with the extension's rights, and only where these
-- triggers stand: an administrator cannot adopt somebody else's table.
--
-- A session's source is in its session_id (src/sql/sql_adopt.c); a role's is here.

CREATE TABLE session_auth.adopted_roles (
  source regclass NOT NULL,
  grant_id bigint NOT NULL REFERENCES session_auth.user_roles ON DELETE CASCADE,
  PRIMARY KEY (source, grant_id)
);
CREATE INDEX adopted_roles_grant_id_idx ON session_auth.adopted_roles (grant_id);
COMMENT ON TABLE session_auth.adopted_roles IS
  'which grants of roles came from which table, so that those made by hand stay';
COMMENT ON COLUMN session_auth.adopted_roles.source IS
  'the table of the application';
COMMENT ON COLUMN session_auth.adopted_roles.grant_id IS
  'the row of user_roles that came from it';

-- Dumps hold the source itself: what was carried over from it would only come
-- back without it.  After a restore adopt_sessions and adopt_roles are repeated.
SELECT pg_catalog.pg_extension_config_dump('session_auth.user_roles',
  'WHERE grant_id NOT IN (SELECT a.grant_id FROM session_auth.adopted_roles a)');

-- What rows say, read in C without casts of the application's own.

CREATE FUNCTION session_auth.adopted_session(
  source oid,
  source_row record,
  token_column name,
  user_column name,
  expires_column name,
  OUT session_id uuid,
  OUT token_key bigint,
  OUT token_hash bytea,
  OUT user_id text,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'session_auth_adopted_session';
COMMENT ON FUNCTION session_auth.adopted_session(oid, record, name, name, name) IS
  'internal: the session of a row; nulls when create_session would not take it';

CREATE FUNCTION session_auth.adopted_values(source_row record, column_name name) RETURNS text[]
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_adopted_values';
COMMENT ON FUNCTION session_auth.adopted_values(record, name) IS
  'internal: what a column of a row holds: nothing, one text, or the elements of its array';

CREATE FUNCTION session_auth.can_adopt_user(user_id text) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT coalesce(octet_length($1) BETWEEN 1 AND 1024 AND $1 !~ '[[:cntrl:]]' COLLATE "C", false);
END;
COMMENT ON FUNCTION session_auth.can_adopt_user(text) IS
  'internal: whether check_argument would take it as a user_id';

CREATE FUNCTION session_auth.can_adopt_role(role text) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT coalesce(octet_length($1) BETWEEN 1 AND 255 AND $1 !~ '[[:cntrl:]:]' COLLATE "C", false);
END;
COMMENT ON FUNCTION session_auth.can_adopt_role(text) IS
  'internal: whether check_argument would take it as a role';

-- Every session_id of one source lies in one range; the version tells it from
-- the random ones that happen to lie there too.
CREATE FUNCTION session_auth.sessions_of_source(source oid) RETURNS SETOF uuid
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT s.session_id FROM session_auth.sessions s
  WHERE s.session_id BETWEEN (lpad(to_hex($1::bigint), 8, '0') || '-0000-0000-0000-000000000000')::uuid
    AND (lpad(to_hex($1::bigint), 8, '0') || '-ffff-ffff-ffff-ffffffffffff')::uuid
    AND substr(s.session_id::text, 15, 1) = '8';
END;
COMMENT ON FUNCTION session_auth.sessions_of_source(oid) IS
  'internal: the sessions that were carried over from a table';

-- Sessions, as they change.

CREATE FUNCTION session_auth.adopted_session_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_adopted_session_changed';
COMMENT ON FUNCTION session_auth.adopted_session_changed() IS
  'internal: lets a session follow its row in an adopted table';

CREATE FUNCTION session_auth.end_sessions(sessions uuid[]) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH ended AS (
    UPDATE session_auth.sessions s
    SET ended_at = clock_timestamp(), ended_by = 'sign-out',
        expires_at = least(s.expires_at, clock_timestamp())
    WHERE s.session_id IN (SELECT unnest($1)) AND s.ended_at IS NULL
    RETURNING s.session_id, s.user_id
  )
  INSERT INTO session_auth.session_events (event, user_id, session_id, actor, detail)
  SELECT 'session_ended', e.user_id, e.session_id, session_auth.acting_user(), '{"by": "sign-out"}'
  FROM ended e;
END;
COMMENT ON FUNCTION session_auth.end_sessions(uuid[]) IS 'internal: ends sessions, and records it';

CREATE FUNCTION session_auth.adopted_sessions_truncated() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.check_snapshot();
  PERFORM session_auth.end_sessions(ARRAY(SELECT session_auth.sessions_of_source(TG_RELID)));
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_sessions_truncated() IS
  'internal: ends the sessions of an adopted table that is emptied';

-- Roles, as they change.

CREATE FUNCTION session_auth.grant_adopted_roles(source regclass, user_id text, roles text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  name_of_role text;
BEGIN
  FOREACH name_of_role IN ARRAY $3 LOOP
    IF NOT session_auth.can_adopt_role(name_of_role) THEN
      RAISE LOG USING MESSAGE = format('a role in table %s was not adopted', $1),
        DETAIL = 'session_auth.create_role() would not take its name.';
      CONTINUE;
    END IF;
    IF NOT EXISTS (SELECT FROM session_auth.roles r WHERE r.role = name_of_role) THEN
      INSERT INTO session_auth.roles (role) VALUES (name_of_role) ON CONFLICT DO NOTHING;
      IF FOUND THEN
        PERFORM session_auth.record_event('role_created', NULL,
          jsonb_build_object('role', name_of_role));
      END IF;
    END IF;
    WITH granted AS (
      INSERT INTO session_auth.user_roles (user_id, role) VALUES ($2, name_of_role)
      ON CONFLICT DO NOTHING
      RETURNING grant_id, role
    ), remembered AS (
      -- one that another source made is this one's too; one made by hand is nobody's
      INSERT INTO session_auth.adopted_roles (source, grant_id)
      SELECT $1, g.grant_id FROM granted g
      UNION
      SELECT $1, u.grant_id FROM session_auth.user_roles u
      WHERE u.user_id = $2 AND u.role = name_of_role AND u.tenant IS NULL
        AND EXISTS (SELECT FROM session_auth.adopted_roles a WHERE a.grant_id = u.grant_id)
      ON CONFLICT DO NOTHING
    )
    INSERT INTO session_auth.session_events (event, user_id, actor, detail)
    SELECT 'role_granted', $2, session_auth.acting_user(),
           jsonb_build_object('role', g.role, 'tenant', NULL)
    FROM granted g;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.grant_adopted_roles(regclass, text, text[]) IS
  'internal: gives a user what a row says, creating roles that are new';

CREATE FUNCTION session_auth.revoke_adopted_roles(source regclass, grants bigint[]) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH forgotten AS (
    DELETE FROM session_auth.adopted_roles a WHERE a.source = $1 AND a.grant_id IN (SELECT unnest($2))
    RETURNING a.grant_id
  ), revoked AS (
    DELETE FROM session_auth.user_roles u USING forgotten f
    WHERE u.grant_id = f.grant_id AND NOT EXISTS (
      SELECT FROM session_auth.adopted_roles a
      WHERE a.grant_id = u.grant_id AND a.source::oid <> $1::oid)
    RETURNING u.user_id, u.role
  )
  INSERT INTO session_auth.session_events (event, user_id, actor, detail)
  SELECT 'role_revoked', r.user_id, session_auth.acting_user(),
         jsonb_build_object('role', r.role, 'tenant', NULL)
  FROM revoked r;
END;
COMMENT ON FUNCTION session_auth.revoke_adopted_roles(regclass, bigint[]) IS
  'internal: takes back grants that came from this source and from no other';

-- A user who is gone has neither sessions nor roles, by hand or not.
CREATE FUNCTION session_auth.forget_user(user_id text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT session_auth.can_adopt_user($1) THEN
    RETURN;
  END IF;
  PERFORM session_auth.expire_user_sessions($1);
  WITH revoked AS (
    DELETE FROM session_auth.user_roles u WHERE u.user_id = $1 RETURNING u.role, u.tenant
  )
  INSERT INTO session_auth.session_events (event, user_id, actor, detail)
  SELECT 'role_revoked', $1, session_auth.acting_user(),
         jsonb_build_object('role', r.role, 'tenant', r.tenant)
  FROM revoked r;
END
$$;
COMMENT ON FUNCTION session_auth.forget_user(text) IS
  'internal: ends the sessions and the roles of a user who is gone';

CREATE FUNCTION session_auth.adopted_user_changed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old_id text;
  new_id text;
  old_roles text[];
  new_roles text[] := '{}';
BEGIN
  PERFORM session_auth.check_snapshot();
  IF TG_OP <> 'INSERT' THEN
    old_id := (session_auth.adopted_values(OLD, TG_ARGV[0]))[1];
    old_roles := session_auth.adopted_values(OLD, TG_ARGV[1]);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_id := (session_auth.adopted_values(NEW, TG_ARGV[0]))[1];
    new_roles := session_auth.adopted_values(NEW, TG_ARGV[1]);
  END IF;
  IF old_id = new_id AND old_roles = new_roles THEN
    RETURN NULL;
  END IF;
  IF old_id IS DISTINCT FROM new_id THEN
    PERFORM session_auth.forget_user(old_id);
  ELSE
    PERFORM session_auth.revoke_adopted_roles(TG_RELID::regclass, ARRAY(
      SELECT u.grant_id
      FROM session_auth.user_roles u
      JOIN session_auth.adopted_roles a ON a.grant_id = u.grant_id AND a.source::oid = TG_RELID
      WHERE u.user_id = old_id AND u.role <> ALL (new_roles)));
  END IF;
  IF session_auth.can_adopt_user(new_id) THEN
    PERFORM session_auth.grant_adopted_roles(TG_RELID::regclass, new_id, new_roles);
  ELSIF new_id IS NOT NULL THEN
    RAISE LOG USING MESSAGE = format('a user in table %s was not adopted', TG_RELID::regclass),
      DETAIL = 'session_auth.grant_role() would not take the id.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_user_changed() IS
  'internal: lets the roles of a user follow the row in an adopted table';

-- Before, while it can still be read who is going.
CREATE FUNCTION session_auth.adopted_users_truncated() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  gone text;
BEGIN
  PERFORM session_auth.check_snapshot();
  FOR gone IN EXECUTE format(
    'SELECT DISTINCT (session_auth.adopted_values(s, %L))[1] FROM ONLY %s s',
    TG_ARGV[0], TG_RELID::regclass)
  LOOP
    PERFORM session_auth.forget_user(gone);
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_users_truncated() IS
  'internal: forgets the users of an adopted table that is emptied';

-- Taking a table over.  What is joined is large and has no statistics yet, so
-- it is joined by hashes.

CREATE FUNCTION session_auth.require_source(source regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_class c WHERE c.oid = source AND c.relkind = 'r' AND c.relpersistence <> 't'
      AND c.relnamespace <> ALL (ARRAY['pg_catalog', 'information_schema', 'session_auth']::regnamespace[])
  ) THEN
    PERFORM session_auth.refuse('source',
      'It must be an ordinary table of the application, neither temporary nor partitioned.');
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_source(regclass) IS
  'internal: 22023 when it is not a table that can be adopted';

CREATE FUNCTION session_auth.require_column(
  source regclass, argument text, column_name name, allowed text[]
) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  column_type regtype;
  kind text;
BEGIN
  SELECT a.atttypid INTO column_type FROM pg_attribute a
  WHERE a.attrelid = source AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated <> 'v';
  IF NOT FOUND THEN
    PERFORM session_auth.refuse(argument,
      format('Table %s has no stored column "%s".', source, column_name));
  END IF;
  -- through domains, and through arrays where these are allowed
  WITH RECURSIVE chain (oid, step) AS (
    SELECT column_type::oid, 1
    UNION ALL
    SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END, c.step + 1
    FROM chain c JOIN pg_type t ON t.oid = c.oid
    WHERE t.typtype = 'd' OR t.typcategory = 'A' AND 'array' = ANY (allowed)
  )
  SELECT CASE
    WHEN t.typtype = 'e' THEN 'enum'
    WHEN t.typtype = 'b' AND t.typcategory = 'S' THEN 'text'
    WHEN t.oid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) THEN 'integer'
    WHEN t.oid = 'uuid'::regtype THEN 'uuid'
    WHEN t.oid IN ('timestamp'::regtype, 'timestamptz'::regtype) THEN 'timestamp'
    END INTO kind
  FROM chain c JOIN pg_type t ON t.oid = c.oid ORDER BY c.step DESC LIMIT 1;
  IF kind IS NULL OR kind <> ALL (allowed) THEN
    PERFORM session_auth.refuse(argument,
      format('Column "%s" of table %s is of type %s; it must be one of: %s.',
        column_name, source, column_type, array_to_string(allowed, ', ')));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_column(regclass, text, name, text[]) IS
  'internal: 22023 when a column is missing or of a type that cannot be adopted';

-- A trigger's arguments are all that it knows, so that it works where a dump of
-- its table is restored.  A snapshot taken before the table is locked would miss
-- rows, so it must not be the transaction's.
CREATE FUNCTION session_auth.attachment(
  source regclass, kind text, on_row text, on_truncate text, columns name[]
) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  arguments text := (SELECT string_agg(quote_literal(c), ', ') FROM unnest(columns) c);
  name_of_trigger name;
BEGIN
  IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
    RAISE EXCEPTION USING ERRCODE = '55000',
      MESSAGE = 'a table cannot be adopted in this transaction',
      DETAIL = 'Its isolation level must be READ COMMITTED, so that no row is missed.';
  END IF;
  RETURN NEXT format('CREATE OR REPLACE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s
                  FOR EACH ROW EXECUTE FUNCTION session_auth.%I(%s)',
                 'session_auth_' || kind, source, on_row, arguments);
  RETURN NEXT format('CREATE OR REPLACE TRIGGER %I BEFORE TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION session_auth.%I(%s)',
                 'session_auth_' || kind || '_truncate', source, on_truncate, arguments);
  FOREACH name_of_trigger IN ARRAY ARRAY['session_auth_' || kind, 'session_auth_' || kind || '_truncate'] LOOP
    RETURN NEXT format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', source, name_of_trigger);
    RETURN NEXT format('ALTER TRIGGER %I ON %s DEPENDS ON EXTENSION session_auth', name_of_trigger, source);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.attachment(regclass, text, text, text, name[]) IS
  'internal: the commands that attach the triggers of an adopted table';

-- ENABLE ALWAYS is for a table's owner alone: what carries it was agreed to.
CREATE FUNCTION session_auth.require_attached(source regclass, on_row text, columns name[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'session_auth'::regnamespace
    WHERE t.tgrelid = source AND t.tgenabled = 'A' AND f.proname = on_row
      -- each name and a zero byte, in no literal that a setting could have read otherwise
      AND t.tgargs = (
        SELECT string_agg(convert_to(c.name, getdatabaseencoding()) || pg_catalog.set_byte(' ', 0, 0), '' ORDER BY c.place)
        FROM unnest(columns::text[]) WITH ORDINALITY c (name, place))
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('table %s is not adopted', source);
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_attached(regclass, text, name[]) IS
  'internal: 42501 unless the owner of a table had the trigger attached with these columns';

CREATE FUNCTION session_auth.take_over_sessions(
  source regclass, token_column name, user_column name, expires_column name
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  rows_of_source text := format(
    'adopted AS MATERIALIZED (
       SELECT a.* FROM ONLY %s s
       CROSS JOIN LATERAL session_auth.adopted_session(%s, s, %L, %L, %L) a)',
    source, source::oid, token_column, user_column, expires_column);
  adopted_before boolean := EXISTS (SELECT FROM session_auth.sessions_of_source(source));
  taken bigint;
  changed bigint := 0;
  unfit bigint;
  gone uuid[];
BEGIN
  PERFORM session_auth.check_snapshot();
  PERFORM session_auth.require_attached(source, 'adopted_session_changed',
    ARRAY[token_column, user_column, expires_column]);
  EXECUTE 'WITH ' || rows_of_source || ',
    taken AS (
      INSERT INTO session_auth.sessions (session_id, token_key, created_at, expires_at,
        last_seen_at, lifetime, token_hash, user_id)
      SELECT a.session_id, a.token_key, $1, a.expires_at, $1, a.expires_at - $1, a.token_hash, a.user_id
      FROM adopted a
      WHERE a.expires_at > $1 AND NOT EXISTS (
        SELECT FROM session_auth.rotated_tokens r WHERE r.token_hash = a.token_hash)
      ON CONFLICT (token_key) DO NOTHING
      RETURNING 1)
    SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM adopted a WHERE a.token_hash IS NULL)'
    INTO taken, unfit USING clock_timestamp();
  -- repeated: what changed while the triggers did not fire
  IF adopted_before THEN
    EXECUTE 'WITH ' || rows_of_source || ',
      changed AS (
        UPDATE session_auth.sessions x
        SET user_id = a.user_id, expires_at = a.expires_at,
            lifetime = CASE WHEN a.expires_at > $1 THEN a.expires_at - $1 ELSE x.lifetime END
        FROM adopted a
        WHERE x.token_key = a.token_key AND x.token_hash = a.token_hash AND x.ended_at IS NULL
          AND (x.user_id <> a.user_id OR x.expires_at <> a.expires_at)
        RETURNING 1)
      SELECT (SELECT count(*) FROM changed), ARRAY(
        SELECT x.session_id
        FROM session_auth.sessions_of_source($2) o (session_id)
        JOIN session_auth.sessions x ON x.session_id = o.session_id AND x.ended_at IS NULL
        WHERE NOT EXISTS (SELECT FROM adopted a WHERE a.token_hash = x.token_hash)
          AND NOT EXISTS (
            SELECT FROM session_auth.rotated_tokens r JOIN adopted a ON a.token_hash = r.token_hash
            WHERE r.session_id = x.session_id))'
      INTO changed, gone USING clock_timestamp(), source::oid;
    PERFORM session_auth.end_sessions(gone);
  END IF;
  PERFORM session_auth.record_event('sessions_adopted', NULL,
    jsonb_build_object('source', source::text, 'sessions', taken));
  IF unfit > 0 THEN
    RAISE WARNING USING MESSAGE = format('%s rows of table %s were not adopted', unfit, source),
      DETAIL = 'Their token, user or expiry is null, or session_auth.create_session() would not take '
               'it: a token needs 122 random bits, as a uuid of version 4 has.';
  END IF;
  RETURN taken + changed;
END
$$;
COMMENT ON FUNCTION session_auth.take_over_sessions(regclass, name, name, name) IS
  'internal: carries over what an adopted table holds';

-- Worked out with the extension's rights, done with the caller's: see protect_table.
CREATE FUNCTION session_auth.session_adoption(
  source regclass, token_column name, user_column name, expires_column name
) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.require_source(source);
  PERFORM session_auth.require_column(source, 'token_column', token_column, '{text,uuid}');
  PERFORM session_auth.require_column(source, 'user_column', user_column, '{text,uuid,integer}');
  PERFORM session_auth.require_column(source, 'expires_column', expires_column, '{timestamp}');
  RETURN QUERY SELECT session_auth.attachment(source, 'adopt_sessions', 'adopted_session_changed',
    'adopted_sessions_truncated', ARRAY[token_column, user_column, expires_column]);
END
$$;
COMMENT ON FUNCTION session_auth.session_adoption(regclass, name, name, name) IS
  'internal: the commands of adopt_sessions; 22023 for a bad argument';

CREATE FUNCTION session_auth.adopt_sessions(
  source regclass, token_column name, user_column name, expires_column name
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT session_auth.session_adoption(source, token_column, user_column, expires_column)
  LOOP
    EXECUTE command;
  END LOOP;
  RETURN session_auth.take_over_sessions(source, token_column, user_column, expires_column);
END
$$;
COMMENT ON FUNCTION session_auth.adopt_sessions(regclass, name, name, name) IS
  'Lets the sessions of an application''s own table open this database: takes over the hashes of the '
  'tokens that are in it and attaches triggers that follow every insert, update, delete and truncate. '
  'A new token or a new expiry moves the session, a row that goes ends it at once; what has ended '
  'here stays ended until its row has another token. A timestamp without time zone is in UTC. Rows '
  'that are expired are left out, and so, with a warning (later: in the log), are those that '
  'create_session would not take. How many sessions are new or changed: 0 when repeated. Repeat it '
  'after a restore, as dumps hold the table but not the sessions. Do not rotate adopted sessions '
  'here. Logins wait while it runs. The caller must own the table. 22023 for a bad argument.';

CREATE FUNCTION session_auth.take_over_roles(source regclass, id_column name, role_column name)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  rows_of_source text := format(
    'wanted AS MATERIALIZED (
       SELECT u.user_id COLLATE "C" AS user_id, r.role COLLATE "C" AS role, r.place,
         session_auth.can_adopt_user(u.user_id) AND session_auth.can_adopt_role(r.role) AS fits
       FROM ONLY %1$s s
       CROSS JOIN LATERAL (SELECT (session_auth.adopted_values(s, %2$L))[1]) u (user_id)
       CROSS JOIN LATERAL unnest(session_auth.adopted_values(s, %3$L)) WITH ORDINALITY r (role, place))',
    source, id_column, role_column);
  adopted_before boolean := EXISTS (
    SELECT FROM session_auth.adopted_roles a WHERE a.source::oid = take_over_roles.source::oid);
  taken bigint;
  unfit bigint;
  gone bigint[];
BEGIN
  PERFORM session_auth.check_snapshot();
  PERFORM session_auth.require_attached(source, 'adopted_user_changed', ARRAY[id_column, role_column]);
  EXECUTE 'WITH ' || rows_of_source || ',
    created AS (
      INSERT INTO session_auth.roles (role) SELECT DISTINCT w.role FROM wanted w WHERE w.fits
      ON CONFLICT DO NOTHING
      RETURNING role),
    recorded AS (
      INSERT INTO session_auth.session_events (event, actor, detail)
      SELECT ''role_created'', session_auth.acting_user(), jsonb_build_object(''role'', c.role)
      FROM created c),
    granted AS (
      INSERT INTO session_auth.user_roles (user_id, role)
      SELECT w.user_id, w.role FROM wanted w WHERE w.fits ORDER BY w.place
      ON CONFLICT DO NOTHING
      RETURNING grant_id),
    remembered AS (
      INSERT INTO session_auth.adopted_roles (source, grant_id)
      SELECT $1, g.grant_id FROM granted g
      UNION ALL
      SELECT DISTINCT $1, u.grant_id
      FROM session_auth.adopted_roles a
      JOIN session_auth.user_roles u ON u.grant_id = a.grant_id
      JOIN wanted w ON w.user_id = u.user_id AND w.role = u.role
      WHERE a.source::oid <> $1::oid
      ON CONFLICT DO NOTHING)
    SELECT (SELECT count(*) FROM granted), (SELECT count(*) FROM wanted w WHERE NOT w.fits)'
    INTO taken, unfit USING source;
  IF adopted_before THEN
    EXECUTE 'WITH ' || rows_of_source || '
      SELECT ARRAY(
        SELECT u.grant_id
        FROM session_auth.adopted_roles a
        JOIN session_auth.user_roles u ON u.grant_id = a.grant_id
        WHERE a.source::oid = $1::oid AND NOT EXISTS (
          SELECT FROM wanted w WHERE w.user_id = u.user_id AND w.role = u.role))'
      INTO gone USING source;
    PERFORM session_auth.revoke_adopted_roles(source, gone);
  END IF;
  PERFORM session_auth.record_event('roles_adopted', NULL,
    jsonb_build_object('source', source::text, 'grants', taken));
  IF unfit > 0 THEN
    RAISE WARNING USING MESSAGE = format('%s roles in table %s were not adopted', unfit, source),
      DETAIL = 'session_auth.grant_role() would not take the user''s id, or the role''s name.';
  END IF;
  RETURN taken;
END
$$;
COMMENT ON FUNCTION session_auth.take_over_roles(regclass, name, name) IS
  'internal: carries over what an adopted table holds';

CREATE FUNCTION session_auth.role_adoption(source regclass, id_column name, role_column name)
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.require_source(source);
  PERFORM session_auth.require_column(source, 'id_column', id_column, '{text,uuid,integer}');
  PERFORM session_auth.require_column(source, 'role_column', role_column, '{text,enum,array}');
  RETURN QUERY SELECT session_auth.attachment(source, 'adopt_roles', 'adopted_user_changed',
    'adopted_users_truncated', ARRAY[id_column, role_column]);
END
$$;
COMMENT ON FUNCTION session_auth.role_adoption(regclass, name, name) IS
  'internal: the commands of adopt_roles; 22023 for a bad argument';

CREATE FUNCTION session_auth.adopt_roles(source regclass, id_column name, role_column name)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN SELECT session_auth.role_adoption(source, id_column, role_column) LOOP
    EXECUTE command;
  END LOOP;
  RETURN session_auth.take_over_roles(source, id_column, role_column);
END
$$;
COMMENT ON FUNCTION session_auth.adopt_roles(regclass, name, name) IS
  'Gives users the roles that an application''s own table says they have: a text, an enum or an array '
  'of these; null is none. Creates the roles that it meets and attaches triggers that follow every '
  'insert, update, delete and truncate. Roles that were granted by hand stay, until the user''s row '
  'is deleted: that ends every session and every role of the user. How many grants are new: 0 when '
  'repeated. Repeat it after a restore, as dumps hold the table but not what came from it. The caller '
  'must own the table. 22023 for a bad argument.';

-- Leaving a table.

CREATE FUNCTION session_auth.forget_source(source oid, name_of_source text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  sessions uuid[] := ARRAY(SELECT session_auth.sessions_of_source($1));
  grants bigint[] := ARRAY(SELECT a.grant_id FROM session_auth.adopted_roles a WHERE a.source::oid = $1);
BEGIN
  PERFORM session_auth.check_snapshot();
  IF EXISTS (
    SELECT FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'session_auth'::regnamespace
    WHERE t.tgrelid = $1
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('table %s is still adopted', $1::regclass);
  END IF;
  IF cardinality(sessions) = 0 AND cardinality(grants) = 0 THEN
    RETURN;
  END IF;
  DELETE FROM session_auth.rotated_tokens r WHERE r.session_id IN (SELECT unnest(sessions));
  DELETE FROM session_auth.sessions s WHERE s.session_id IN (SELECT unnest(sessions));
  PERFORM session_auth.revoke_adopted_roles($1::regclass, grants);
  PERFORM session_auth.record_event('source_abandoned', NULL, jsonb_build_object(
    'source', $2, 'sessions', cardinality(sessions), 'grants', cardinality(grants)));
END
$$;
COMMENT ON FUNCTION session_auth.forget_source(oid, text) IS
  'internal: removes what was carried over from a table that has no triggers any more';

CREATE FUNCTION session_auth.abandonment(source regclass) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF source IS NULL OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = source) THEN
    PERFORM session_auth.refuse('source', 'It must be a table.');
  END IF;
  RETURN QUERY
    SELECT format('DROP TRIGGER %I ON %s', t.tgname, source) FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'session_auth'::regnamespace
    WHERE t.tgrelid = source AND f.proname = ANY (ARRAY['adopted_session_changed',
      'adopted_sessions_truncated', 'adopted_user_changed', 'adopted_users_truncated']);
END
$$;
COMMENT ON FUNCTION session_auth.abandonment(regclass) IS
  'internal: the commands of abandon; 22023 for a bad argument';

CREATE FUNCTION session_auth.abandon(source regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN SELECT session_auth.abandonment(source) LOOP
    EXECUTE command;
  END LOOP;
  PERFORM session_auth.forget_source(source, source::text);
END
$$;
COMMENT ON FUNCTION session_auth.abandon(regclass) IS
  'Takes back what adopt_sessions and adopt_roles did with a table: its triggers, and the sessions and '
  'grants that were carried over from it. Roles that it made the extension create stay. The caller '
  'must own the table. 22023 for a bad argument.';

-- A source that is dropped takes its sessions and roles along.
CREATE FUNCTION session_auth.source_dropped() RETURNS event_trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  dropped record;
BEGIN
  FOR dropped IN
    SELECT o.objid, o.object_identity FROM pg_event_trigger_dropped_objects() o
    WHERE o.classid = 'pg_class'::regclass AND o.object_type = 'table' AND NOT o.is_temporary
  LOOP
    PERFORM session_auth.forget_source(dropped.objid, dropped.object_identity);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.source_dropped() IS
  'internal: removes what was carried over from a table that is dropped';

CREATE EVENT TRIGGER session_auth_source_dropped ON sql_drop
  WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED')
  EXECUTE FUNCTION session_auth.source_dropped();
ALTER EVENT TRIGGER session_auth_source_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_source_dropped IS
  'session_auth: an adopted table that is dropped takes its sessions and roles along';
