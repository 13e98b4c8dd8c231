-- Adoption of roles: each row of a table gives its user roles, and takes them
-- along when it goes.
--
-- Invariant: for a grant that came from a table, adopted_roles counts the rows
-- that say so.  Who changes the count has locked the row of user_roles, so that
-- of two transactions the second sees what the first has done.

CREATE FUNCTION session_auth.adopted_values(source_row record, column_name name) RETURNS text[]
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_adopted_values';
COMMENT ON FUNCTION session_auth.adopted_values(record, name) IS
  'internal: what a column of a row holds: nothing, one text, or the elements of its array';


CREATE FUNCTION session_auth.adopted_names(source_row record, column_name name, separator text) RETURNS text[]
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_adopted_names';
COMMENT ON FUNCTION session_auth.adopted_names(record, name, text) IS
  'internal: as adopted_values, each once, and split at a separator when that is not null';

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
  SELECT coalesce(octet_length($1) BETWEEN 1 AND 255 AND $1 !~ '[[:cntrl:]]' COLLATE "C", false);
END;
COMMENT ON FUNCTION session_auth.can_adopt_role(text) IS
  'internal: whether check_argument would take it as a role';


CREATE FUNCTION session_auth.is_unique(source oid, column_name name) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (
    SELECT FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attname = $2
    WHERE i.indrelid = $1 AND i.indisunique AND i.indnkeyatts = 1 AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL);
END;
COMMENT ON FUNCTION session_auth.is_unique(oid, name) IS
  'internal: whether a unique index says that no two rows have the same value in this column';

-- As they change.

-- A grant by hand stays nobody's.
CREATE FUNCTION session_auth.add_adopted_role(source regclass, user_id text, role text, tenant text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  granted bigint;
BEGIN
  PERFORM session_auth.ensure_role($3);
  LOOP
    INSERT INTO session_auth.user_roles (user_id, role, tenant) VALUES ($2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING grant_id INTO granted;
    IF FOUND THEN
      INSERT INTO session_auth.adopted_roles (source, grant_id) VALUES ($1, granted);
      PERFORM session_auth.record_event('role_granted', $2,
        jsonb_build_object('role', $3, 'tenant', $4));
      RETURN;
    END IF;
    granted := session_auth.lock_grant($2, $3, $4);
    EXIT WHEN granted IS NOT NULL;
  END LOOP;
  INSERT INTO session_auth.adopted_roles AS a (source, grant_id)
  SELECT $1, granted WHERE EXISTS (SELECT FROM session_auth.adopted_roles o WHERE o.grant_id = granted)
  ON CONFLICT (source, grant_id) DO UPDATE SET holders = a.holders + 1;
END
$$;
COMMENT ON FUNCTION session_auth.add_adopted_role(regclass, text, text, text) IS
  'internal: one more row of a source says that a user has a role';

CREATE FUNCTION session_auth.lock_grant(user_id text, role text, tenant text) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT u.grant_id FROM session_auth.user_roles u
  WHERE u.user_id = $1 AND u.role = $2 AND u.tenant IS NOT DISTINCT FROM $3
  FOR UPDATE;
END;
COMMENT ON FUNCTION session_auth.lock_grant(text, text, text) IS
  'internal: the grant, which nobody else changes until the transaction ends; null when there is none';

CREATE FUNCTION session_auth.take_adopted_role(source regclass, user_id text, role text, tenant text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  granted bigint := session_auth.lock_grant($2, $3, $4);
BEGIN
  UPDATE session_auth.adopted_roles a SET holders = a.holders - 1
  WHERE a.source = $1 AND a.grant_id = granted AND a.holders > 1;
  IF NOT FOUND THEN
    PERFORM session_auth.revoke_adopted_roles($1, ARRAY[granted]);
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.take_adopted_role(regclass, text, text, text) IS
  'internal: one row less of a source says that a user has a role';

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
    RETURNING u.user_id, u.role, u.tenant
  )
  INSERT INTO session_auth.session_events (event, user_id, actor, detail)
  SELECT 'role_revoked', r.user_id, session_auth.acting_user(),
         jsonb_build_object('role', r.role, 'tenant', r.tenant)
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


-- Whose role holds where: not where the row has no tenant, unless roles hold everywhere.
CREATE FUNCTION session_auth.adopted_tenant(
  source_row record, arguments text[], OUT tenant text, OUT fits boolean
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  tenant_column name := session_auth.trigger_option(arguments, 'tenant_column');
BEGIN
  fits := true;
  IF tenant_column IS NOT NULL THEN
    tenant := (session_auth.adopted_values(source_row, tenant_column))[1];
    fits := coalesce(session_auth.can_adopt_user(tenant)
      OR tenant IS NULL AND 'everywhere=true' = ANY (arguments), false);
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_tenant(record, text[]) IS
  'internal: where the roles of a row hold, and whether they can';

-- A transaction whose snapshot is older than the adoption sees none of the grants that
-- were made by it, so it could not take them back.
CREATE FUNCTION session_auth.require_seen_adoption(source oid) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') AND NOT EXISTS (
    SELECT FROM session_auth.adopted_tables() a WHERE a.source = $1 AND a.kind = 'roles'
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '40001',
      MESSAGE = format('table %s was adopted after this transaction began', source::regclass),
      HINT = 'Run the transaction again.';
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_seen_adoption(oid) IS
  'internal: 40001 where a transaction cannot see what adopt_roles has done';

-- What a row said and still says stays as it is.
CREATE FUNCTION session_auth.adopted_user_changed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  separator text;
  scoped boolean := false;
  source regclass;
  old_id text;
  new_id text;
  old_tenant text;
  new_tenant text;
  old_fits boolean := true;
  new_fits boolean := true;
  old_roles text[] := '{}';
  new_roles text[] := '{}';
  same_place boolean;
  banned_column name;
  ban_expires_column name;
  ban_zone text;
  old_ban timestamptz;
  new_ban timestamptz;
BEGIN
  PERFORM session_auth.check_snapshot();
  IF TG_NARGS > 2 THEN
    banned_column := nullif(session_auth.trigger_option(TG_ARGV, 'banned_column'), '');
    ban_expires_column := session_auth.trigger_option(TG_ARGV, 'ban_expires_column');
    ban_zone := session_auth.trigger_option(TG_ARGV, 'time_zone');
    separator := session_auth.trigger_option(TG_ARGV, 'separator');
    scoped := session_auth.trigger_option(TG_ARGV, 'tenant_column') IS NOT NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    old_id := (session_auth.adopted_values(OLD, TG_ARGV[0]))[1];
    old_roles := session_auth.adopted_names(OLD, TG_ARGV[1], separator);
    IF scoped THEN
      SELECT t.tenant, t.fits INTO old_tenant, old_fits FROM session_auth.adopted_tenant(OLD, TG_ARGV) t;
    END IF;
    IF banned_column IS NOT NULL THEN
      old_ban := session_auth.adopted_ban(OLD, banned_column, ban_expires_column, ban_zone);
    END IF;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_id := (session_auth.adopted_values(NEW, TG_ARGV[0]))[1];
    new_roles := session_auth.adopted_names(NEW, TG_ARGV[1], separator);
    IF scoped THEN
      SELECT t.tenant, t.fits INTO new_tenant, new_fits FROM session_auth.adopted_tenant(NEW, TG_ARGV) t;
    END IF;
    IF banned_column IS NOT NULL THEN
      new_ban := session_auth.adopted_ban(NEW, banned_column, ban_expires_column, ban_zone);
    END IF;
  END IF;
  IF old_ban IS NOT NULL OR new_ban IS NOT NULL THEN
    PERFORM session_auth.follow_ban(session_auth.adopted_source(TG_RELID, 'roles'), old_id, old_ban, new_id, new_ban);
  END IF;
  same_place := old_id = new_id AND old_tenant IS NOT DISTINCT FROM new_tenant AND old_fits = new_fits;
  IF same_place AND old_roles = new_roles THEN
    RETURN NULL;
  END IF;
  source := session_auth.adopted_source(TG_RELID, 'roles');
  PERFORM session_auth.require_seen_adoption(source);
  IF old_id IS DISTINCT FROM new_id AND old_id IS NOT NULL
    AND session_auth.is_unique(source, TG_ARGV[0]::name) THEN
    PERFORM session_auth.forget_user(old_id), session_auth.forget_actor(source, old_id);
  ELSE
    PERFORM session_auth.change_adopted_roles(source, old_id, old_tenant, old_fits,
      ARRAY(SELECT o.role FROM unnest(old_roles) o (role)
            WHERE same_place IS NOT TRUE OR o.role <> ALL (new_roles)), '{}');
  END IF;
  PERFORM session_auth.change_adopted_roles(source, new_id, new_tenant, new_fits, '{}',
    ARRAY(SELECT n.role FROM unnest(new_roles) WITH ORDINALITY n (role, place)
          WHERE same_place IS NOT TRUE OR n.role <> ALL (old_roles) ORDER BY n.place));
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_user_changed() IS
  'internal: lets the roles of a user follow the rows of an adopted table';

CREATE FUNCTION session_auth.change_adopted_roles(
  source regclass, user_id text, tenant text, fits boolean, gone text[], come text[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  role text;
BEGIN
  IF NOT fits OR NOT session_auth.can_adopt_user(user_id) THEN
    IF user_id IS NOT NULL AND cardinality(come) > 0 THEN
      RAISE LOG USING MESSAGE = format('the roles of a row in table %s were not adopted', source),
        DETAIL = 'session_auth.grant_role() would not take its user or its tenant.';
    END IF;
    RETURN;
  END IF;
  FOREACH role IN ARRAY gone LOOP
    IF session_auth.can_adopt_role(role) THEN
      PERFORM session_auth.take_adopted_role(source, user_id, role, tenant);
    END IF;
  END LOOP;
  FOREACH role IN ARRAY come LOOP
    IF session_auth.can_adopt_role(role) THEN
      PERFORM session_auth.add_adopted_role(source, user_id, role, tenant);
    ELSE
      RAISE LOG USING MESSAGE = format('a role in table %s was not adopted', source),
        DETAIL = 'session_auth.create_role() would not take its name.';
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.change_adopted_roles(regclass, text, text, boolean, text[], text[]) IS
  'internal: what a row no longer says goes, and what it says now comes';

-- Before, while it can still be read who is going.
CREATE FUNCTION session_auth.adopted_users_truncated() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source regclass := session_auth.adopted_source(TG_RELID, 'roles');
  gone record;
BEGIN
  PERFORM session_auth.check_snapshot();
  IF session_auth.is_unique(source, TG_ARGV[0]::name) THEN
    FOR gone IN EXECUTE format(
      'SELECT DISTINCT (session_auth.adopted_values(s.*, %L))[1] AS user_id FROM ONLY %s s',
      TG_ARGV[0], TG_RELID::regclass)
    LOOP
      PERFORM session_auth.forget_user(gone.user_id), session_auth.set_ban(source, gone.user_id, NULL),
        session_auth.forget_actor(source, gone.user_id);
    END LOOP;
  ELSIF source = TG_RELID THEN
    PERFORM session_auth.revoke_adopted_roles(source, ARRAY(
      SELECT a.grant_id FROM session_auth.adopted_roles a WHERE a.source::oid = TG_RELID));
  ELSE
    FOR gone IN EXECUTE format(
      'SELECT (session_auth.adopted_values(s.*, %L))[1] AS user_id, t.tenant, t.fits,
              session_auth.adopted_names(s.*, %L, %L) AS roles
       FROM ONLY %s s CROSS JOIN LATERAL session_auth.adopted_tenant(s.*, %L::text[]) t',
      TG_ARGV[0], TG_ARGV[1], session_auth.trigger_option(TG_ARGV, 'separator'), TG_RELID::regclass, TG_ARGV)
    LOOP
      PERFORM session_auth.change_adopted_roles(
        source, gone.user_id, gone.tenant, gone.fits, gone.roles, '{}');
    END LOOP;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_users_truncated() IS
  'internal: forgets what an adopted table that is emptied, or one partition of it, says of users';

-- Taking a table over.

-- What its rows say: a grant once, how many rows say so, and the place of the first, as
-- session_auth.role() is the role that was granted first.
CREATE FUNCTION session_auth.wanted_roles(source regclass, arguments text[]) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  tenant_column name := session_auth.trigger_option(arguments, 'tenant_column');
BEGIN
  RETURN format(
    'wanted AS MATERIALIZED (
       SELECT u.user_id COLLATE "C" AS user_id, r.role COLLATE "C" AS role,
         t.tenant COLLATE "C" AS tenant, row_number() OVER () AS place,
         session_auth.can_adopt_user(u.user_id) AND session_auth.can_adopt_role(r.role) AND t.fits AS fits
       FROM %1$s s
       CROSS JOIN LATERAL (SELECT (session_auth.adopted_values(s.*, %2$L))[1]) u (user_id)
       CROSS JOIN LATERAL unnest(session_auth.adopted_names(s.*, %3$L, %4$L)) r (role)
       CROSS JOIN LATERAL (%5$s) t (tenant, fits)),
     counted AS MATERIALIZED (%6$s)',
    session_auth.rows_of(source), arguments[1], arguments[2],
    session_auth.trigger_option(arguments, 'separator'),
    CASE WHEN tenant_column IS NULL THEN 'SELECT NULL::text, true'
      ELSE format('SELECT * FROM session_auth.adopted_tenant(s.*, %L::text[])', arguments) END,
    CASE WHEN session_auth.is_unique(source, arguments[1]::name)
      THEN 'SELECT w.user_id, w.role, w.tenant, w.place, 1 AS n FROM wanted w WHERE w.fits'
      ELSE 'SELECT w.user_id, w.role, w.tenant, min(w.place) AS place, count(*)::integer AS n
            FROM wanted w WHERE w.fits GROUP BY w.user_id, w.role, w.tenant' END);
END
$$;
COMMENT ON FUNCTION session_auth.wanted_roles(regclass, text[]) IS
  'internal: what a source says of roles, as common table expressions';

CREATE FUNCTION session_auth.recount_roles(source regclass, arguments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  gone bigint[];
BEGIN
  EXECUTE 'WITH ' || session_auth.wanted_roles(source, arguments) || ',
    had AS MATERIALIZED (
      SELECT a.grant_id, a.holders, c.n
      FROM session_auth.adopted_roles a
      JOIN session_auth.user_roles u ON u.grant_id = a.grant_id
      LEFT JOIN counted c ON c.user_id = u.user_id AND c.role = u.role
        AND c.tenant IS NOT DISTINCT FROM u.tenant
      WHERE a.source::oid = $1::oid),
    recounted AS (
      UPDATE session_auth.adopted_roles a SET holders = h.n
      FROM had h WHERE a.source = $1 AND a.grant_id = h.grant_id AND h.n <> h.holders)
    SELECT ARRAY(SELECT h.grant_id FROM had h WHERE h.n IS NULL)'
    INTO gone USING source;
  PERFORM session_auth.revoke_adopted_roles(source, gone);
END
$$;
COMMENT ON FUNCTION session_auth.recount_roles(regclass, text[]) IS
  'internal: brings the grants of a source that was adopted before in line with its rows';

-- Where a table says who has which role, no token may say otherwise, unless an
-- administrator has said so of its key (src/verify/keys.c).
CREATE FUNCTION session_auth.keys_with_roles(role_source text) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.name_of_key(k.kid, k.issuer) FROM session_auth.keys k WHERE k.role_source = $1
  UNION ALL
  SELECT format('Auth.js secret for %s', array_to_string(s.cookie_names, ', '))
  FROM session_auth.authjs_secrets s WHERE s.role_source = $1;
END;
COMMENT ON FUNCTION session_auth.keys_with_roles(text) IS
  'internal: keys and secrets whose tokens are treated so';

CREATE FUNCTION session_auth.roles_are_adopted() RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM session_auth.adopted_tables() t WHERE t.kind = 'roles');
END;
COMMENT ON FUNCTION session_auth.roles_are_adopted() IS
  'internal: whether a table of the application''s says who has which role';

-- No row changes, but the trigger fires: every backend looks again at what keys mean.
CREATE FUNCTION session_auth.reconsider_keys() RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE session_auth.keys SET role_source = role_source WHERE false;
END;
COMMENT ON FUNCTION session_auth.reconsider_keys() IS
  'internal: tells every backend that tables of roles have come or gone';

CREATE FUNCTION session_auth.note_keys(source regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed text := (SELECT string_agg(k, '; ' ORDER BY k) FROM session_auth.keys_with_roles('automatic') k);
BEGIN
  PERFORM session_auth.reconsider_keys();
  IF changed IS NOT NULL THEN
    RAISE NOTICE USING MESSAGE = format('roles that tokens name do not count any more: table %s says who has which', source),
      DETAIL = format('This concerns: %s.', changed),
      HINT = 'Give a key role_source => ''both'' where its tokens'' own roles are to count beside the table''s.';
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.note_keys(regclass) IS
  'internal: says which keys a table of roles changes, when it is the first';

CREATE FUNCTION session_auth.take_over_roles(source regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
SET synchronize_seqscans = off
AS $$
DECLARE
  arguments text[] := session_auth.agreed_arguments(source, 'roles');
  adopted_before boolean;
  taken bigint;
  left_out jsonb;
BEGIN
  PERFORM session_auth.check_snapshot();
  -- rows of other sources are counted meanwhile neither
  LOCK TABLE session_auth.user_roles, session_auth.adopted_roles IN SHARE ROW EXCLUSIVE MODE;
  adopted_before := EXISTS (
    SELECT FROM session_auth.adopted_roles a WHERE a.source::oid = take_over_roles.source::oid);
  EXECUTE 'WITH ' || session_auth.wanted_roles(source, arguments) || ',
    created AS (
      INSERT INTO session_auth.roles (role) SELECT DISTINCT c.role FROM counted c
      ON CONFLICT DO NOTHING
      RETURNING role),
    recorded AS (
      INSERT INTO session_auth.session_events (event, actor, detail)
      SELECT ''role_created'', session_auth.acting_user(), jsonb_build_object(''role'', c.role)
      FROM created c),
    granted AS (
      INSERT INTO session_auth.user_roles (user_id, role, tenant)
      SELECT c.user_id, c.role, c.tenant FROM counted c ORDER BY c.place
      ON CONFLICT (user_id, role, tenant) DO NOTHING
      RETURNING grant_id, user_id, role, tenant),
    remembered AS (
      INSERT INTO session_auth.adopted_roles (source, grant_id, holders)
      SELECT $1, g.grant_id, coalesce(c.n, 1)
      FROM granted g
      LEFT JOIN (SELECT * FROM counted c WHERE c.n > 1) c
        ON c.user_id = g.user_id AND c.role = g.role AND c.tenant IS NOT DISTINCT FROM g.tenant
      UNION ALL
      SELECT $1, u.grant_id, c.n
      FROM (SELECT DISTINCT a.grant_id FROM session_auth.adopted_roles a WHERE a.source::oid <> $1::oid) a
      JOIN session_auth.user_roles u ON u.grant_id = a.grant_id
      JOIN counted c ON c.user_id = u.user_id AND c.role = u.role AND c.tenant IS NOT DISTINCT FROM u.tenant
      ON CONFLICT DO NOTHING)
    SELECT (SELECT count(*) FROM granted),
      (SELECT coalesce(jsonb_object_agg(l.reason, l.n), ''{}'') FROM (
         SELECT CASE
           WHEN w.user_id IS NULL THEN ''without a user''
           WHEN NOT session_auth.can_adopt_user(w.user_id) THEN ''with a user that is no user_id''
           WHEN NOT session_auth.can_adopt_role(w.role) THEN ''with a name that is no role''
           WHEN w.tenant IS NULL THEN ''without a tenant''
           ELSE ''with a tenant that is none'' END AS reason, count(*) AS n
         FROM wanted w WHERE NOT w.fits GROUP BY 1) l)'
    INTO taken, left_out USING source;
  IF adopted_before THEN
    PERFORM session_auth.recount_roles(source, arguments);
  END IF;
  PERFORM session_auth.take_over_bans(source, arguments);
  PERFORM session_auth.record_event('roles_adopted', NULL,
    jsonb_build_object('source', source::text, 'grants', taken));
  PERFORM session_auth.warn_left_out(source, 'roles', left_out);
  IF (SELECT count(*) = 1 FROM session_auth.adopted_tables() t WHERE t.kind = 'roles') AND NOT adopted_before THEN
    PERFORM session_auth.note_keys(source);
  END IF;
  RETURN taken;
END
$$;
COMMENT ON FUNCTION session_auth.take_over_roles(regclass) IS
  'internal: carries over what an adopted table holds';

-- Where one user has several rows, something else in them says what for.
CREATE FUNCTION session_auth.require_tenant(
  source regclass, id_column name, role_column name
) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  others text;
BEGIN
  IF session_auth.is_unique(source, id_column) THEN
    RETURN;
  END IF;
  SELECT string_agg(format('"%s"', a.attname), ', ' ORDER BY a.attnum) INTO others
  FROM pg_attribute a
  WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname NOT IN (id_column, role_column)
    AND (a.attname ~* '(organi[sz]ation|tenant|team|workspace|project)'
      OR a.attname ~ '(^|_)(org|ORG)(_|$)|^org(Id|ID)$'
      OR EXISTS (SELECT FROM pg_constraint k
        WHERE k.conrelid = source AND k.contype = 'f' AND a.attnum = ANY (k.conkey)));
  IF others IS NOT NULL THEN
    PERFORM session_auth.refuse('tenant_column', format(
      'Column "%s" is not unique by itself, and another may say where a role holds: %s. Give it as '
      'tenant_column, or say everywhere => true.', id_column, others));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_tenant(regclass, name, name) IS
  'internal: 22023 when roles of one organization would hold in all';

CREATE FUNCTION session_auth.role_adoption(
  source regclass,
  id_column name,
  role_column name,
  tenant_column name,
  separator text,
  everywhere boolean,
  banned_column name,
  ban_expires_column name,
  time_zone text
) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.require_source(source);
  PERFORM session_auth.require_column(source, 'id_column', id_column, '{text,uuid,integer}');
  PERFORM session_auth.require_column(source, 'role_column', role_column, '{text,enum,array}');
  IF tenant_column IS NOT NULL THEN
    PERFORM session_auth.require_column(source, 'tenant_column', tenant_column, '{text,uuid,integer}');
  ELSIF everywhere IS NOT TRUE THEN
    PERFORM session_auth.require_tenant(source, id_column, role_column);
  END IF;
  IF separator = '' THEN
    PERFORM session_auth.refuse('separator', 'It must not be empty.');
  END IF;
  RETURN QUERY SELECT session_auth.attachment(source, 'roles', array_remove(ARRAY[
    id_column::text, role_column::text, 'tenant_column=' || tenant_column, 'separator=' || separator,
    CASE WHEN everywhere THEN 'everywhere=true' END], NULL)
    || session_auth.ban_arguments(source, id_column, banned_column, ban_expires_column, time_zone));
END
$$;
COMMENT ON FUNCTION session_auth.role_adoption(regclass, name, name, name, text, boolean, name, name, text) IS
  'internal: the commands of adopt_roles; 22023 for a bad argument';

CREATE FUNCTION session_auth.adopt_roles(
  source regclass,
  id_column name,
  role_column name,
  tenant_column name DEFAULT NULL,
  separator text DEFAULT NULL,
  everywhere boolean DEFAULT false,
  banned_column name DEFAULT NULL,
  ban_expires_column name DEFAULT NULL,
  time_zone text DEFAULT 'UTC'
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT session_auth.role_adoption(source, id_column, role_column, tenant_column, separator, everywhere,
      banned_column, ban_expires_column, time_zone)
  LOOP
    EXECUTE command;
  END LOOP;
  RETURN session_auth.take_over_roles(source);
END
$$;
COMMENT ON FUNCTION session_auth.adopt_roles(regclass, name, name, name, text, boolean, name, name, text) IS
  'Gives users the roles that an application''s own table says they have: a text, an enum or an array '
  'of these; null is none. Several rows of one user are several roles: each row adds and takes its own. '
  'tenant_column: where a row''s roles hold. Where id_column is not unique by itself and another column '
  'refers to a table, or is named after an organization, tenant, team, workspace or project, it must be '
  'given, or everywhere => true; with both, a row without a tenant holds everywhere. separator: splits '
  'one text into roles. banned_column, ban_expires_column: a row that says true bans its user until then, or '
  'for good: every session of the user ends, and those in which they act as others; null: better-auth''s banned and '
  'banExpires or ban_expires, if both are there; empty: none. time_zone: of a ban_expires_column that is a '
  'timestamp without time zone. Creates the roles that it meets and attaches triggers that follow every '
  'insert, update, delete and truncate. Roles that were granted by hand stay, until the user''s row '
  'is deleted from a table where id_column is unique by itself: that ends every session and every role '
  'of the user. How many grants are new: 0 when repeated. Repeat it after a restore, as dumps hold the '
  'table but not what came from it. The caller must own the table. 22023 for a bad argument.';

-- Here and not beside grant_role, as it says which roles came with a table's row.
CREATE FUNCTION session_auth.list_user_roles(user_id text DEFAULT NULL)
RETURNS TABLE (user_id text, role text, tenant text, granted_at timestamptz, sources regclass[])
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT u.user_id, u.role, u.tenant, u.granted_at,
    ARRAY(SELECT a.source FROM session_auth.adopted_roles a WHERE a.grant_id = u.grant_id ORDER BY a.source::text)
  FROM session_auth.user_roles u
  WHERE u.user_id = $1 OR $1 IS NULL
  ORDER BY u.user_id, u.grant_id;
END;
COMMENT ON FUNCTION session_auth.list_user_roles(text) IS
  'Which roles a user has, the one granted first at the head, everywhere (tenant NULL) or in a tenant; of every '
  'user when user_id is NULL. sources: the adopted tables whose rows say so; empty after grant_role.';
