-- Adoption of sessions.  A session's source is in its session_id
-- (src/sql/sql_adopt.c); what rows say is read in C, without casts of the
-- application's own.

CREATE FUNCTION session_auth.adopted_row(
  source oid,
  source_row record,
  taken_at timestamptz,
  arguments text[],
  OUT session session_auth.sessions,
  OUT left_out text
)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'session_auth_adopted_row';
COMMENT ON FUNCTION session_auth.adopted_row(oid, record, timestamptz, text[]) IS
  'internal: the session of a row, or why it has none; nulls for a row that is not where_value''s';

CREATE FUNCTION session_auth.follow_adopted_row(source oid, source_row record, arguments text[]) RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'session_auth_follow_adopted_row';
COMMENT ON FUNCTION session_auth.follow_adopted_row(oid, record, text[]) IS
  'internal: brings the session of a row to what the row says; whether that was another';

-- Their session_id has a version of its own (ADOPTED_SESSION_VERSION of src/verify/session.h).
CREATE FUNCTION session_auth.is_adopted(session_id uuid) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT substr($1::text, 15, 1) = '8';
END;
COMMENT ON FUNCTION session_auth.is_adopted(uuid) IS
  'internal: whether a session was carried over from a table of the application''s';

-- Every session_id of one source lies in one range; the version tells it from
-- the random ones that happen to lie there too.
CREATE FUNCTION session_auth.sessions_of_source(source oid) RETURNS SETOF uuid
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT s.session_id FROM session_auth.sessions s
  WHERE s.session_id BETWEEN (lpad(to_hex($1::bigint), 8, '0') || '-0000-0000-0000-000000000000')::uuid
    AND (lpad(to_hex($1::bigint), 8, '0') || '-ffff-ffff-ffff-ffffffffffff')::uuid
    AND session_auth.is_adopted(s.session_id);
END;
COMMENT ON FUNCTION session_auth.sessions_of_source(oid) IS
  'internal: the sessions that were carried over from a table';


-- As they change.

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


-- One partition's sessions are found by its rows, which are still there.
CREATE FUNCTION session_auth.sessions_of_partition(source oid, target regclass, arguments text[])
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found uuid[];
BEGIN
  EXECUTE format('
    WITH adopted AS MATERIALIZED (
      SELECT (a.session).token_key, (a.session).token_hash
      FROM ONLY %s s CROSS JOIN LATERAL session_auth.adopted_row($1, s.*, now(), $2) a)
    SELECT ARRAY(
      SELECT x.session_id FROM adopted a
      JOIN session_auth.sessions x ON x.token_key = a.token_key AND x.token_hash = a.token_hash
      UNION
      SELECT r.session_id FROM adopted a JOIN session_auth.rotated_tokens r ON r.token_hash = a.token_hash
      INTERSECT
      SELECT session_auth.sessions_of_source($1))', target)
    INTO found USING source, arguments;
  RETURN found;
END
$$;
COMMENT ON FUNCTION session_auth.sessions_of_partition(oid, regclass, text[]) IS
  'internal: the sessions that the rows of one partition have';

CREATE FUNCTION session_auth.adopted_sessions_truncated() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source oid := session_auth.adopted_source(TG_RELID, 'sessions');
BEGIN
  PERFORM session_auth.check_snapshot();
  IF source = TG_RELID THEN
    PERFORM session_auth.end_sessions(ARRAY(SELECT session_auth.sessions_of_source(source)));
  ELSE
    PERFORM session_auth.end_sessions(
      session_auth.sessions_of_partition(source, TG_RELID::regclass, TG_ARGV));
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_sessions_truncated() IS
  'internal: ends the sessions of an adopted table that is emptied, or of one partition of it';

-- Taking a table over.  What is joined is large and has no statistics yet, so
-- it is joined by hashes.

CREATE FUNCTION session_auth.refuse_hashes(arguments text[], left_out jsonb, fitting bigint) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF fitting = 0 AND left_out ? 'with 64 hexadecimal digits, which may be a hash' THEN
    PERFORM session_auth.refuse('token_form', format(
      'All tokens in column "%s" are 64 hexadecimal digits. Where these are SHA-256 hashes '
      'it must be sha256-hex; where they are the tokens themselves, bytea.', arguments[1]));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.refuse_hashes(text[], jsonb, bigint) IS
  'internal: 22023 when a table of hashes is adopted as one of tokens';

-- Rows for other purposes are no news; where there are no others, the value is probably misspelt.
CREATE FUNCTION session_auth.none_wanted(arguments text[], rows bigint) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(format('whose column "%s" is not "%s"',
    session_auth.trigger_option($1, 'where_column'), session_auth.trigger_option($1, 'where_value')), $2);
END;
COMMENT ON FUNCTION session_auth.none_wanted(text[], bigint) IS
  'internal: why all rows of a table were left out, where none is where_value''s';

-- A digest cannot be told from a random token of its length, which may be all that there is.
CREATE FUNCTION session_auth.warn_of_digests(source regclass, arguments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  sign text;
BEGIN
  IF session_auth.trigger_option(arguments, 'token_form') <> 'plain' THEN
    RETURN;
  ELSIF arguments[1] ~* 'hash|digest' THEN
    sign := 'It is named after them.';
  ELSE
    EXECUTE format('SELECT ''Its tokens are 128 hexadecimal digits, as those of SHA-512 are.'' FROM (
        SELECT (session_auth.adopted_values(s.*, %L))[1] AS token FROM %s s LIMIT 100) t
      HAVING bool_and(t.token ~ ''^[0-9a-fA-F]{128}$'')', arguments[1], session_auth.rows_of(source))
      INTO sign;
  END IF;
  IF sign IS NOT NULL THEN
    RAISE WARNING USING MESSAGE = format('column "%s" of table %s may hold digests of tokens', arguments[1], source),
      DETAIL = sign || ' Under token_form "plain" what the table holds is itself the token, and opens its session.',
      HINT = 'Say which digest it is with token_form; one of SHA-512 cannot be adopted.';
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.warn_of_digests(regclass, text[]) IS
  'internal: says when a column that is adopted as plain looks like one of digests';

CREATE FUNCTION session_auth.take_over_sessions(source regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  arguments text[] := session_auth.agreed_arguments(source, 'sessions');
  -- s.* is the row, whatever columns it has: a column called s would be what s alone means
  rows_of_source text := format('FROM %s s', session_auth.rows_of(source));
  adopted text := format('adopted AS MATERIALIZED (
    SELECT a.* %s CROSS JOIN LATERAL session_auth.adopted_row(%s, s.*, $1, %L::text[]) a)',
    rows_of_source, source::oid, arguments);
  -- a column with a default has it, as that of a version to come has to: this library knows nothing of it
  columns text[] := ARRAY(
    SELECT quote_ident(c.attname) FROM pg_attribute c
    WHERE c.attrelid = 'session_auth.sessions'::regclass AND c.attnum > 0 AND NOT c.attisdropped AND NOT c.atthasdef
    ORDER BY c.attnum);
  adopted_before boolean := EXISTS (SELECT FROM session_auth.sessions_of_source(source));
  taken bigint;
  changed bigint := 0;
  counted bigint[];
  left_out jsonb;
  gone uuid[];
BEGIN
  PERFORM session_auth.check_snapshot();
  -- when a row came to be is not known, and what is older than a ban's end is not good
  EXECUTE 'WITH ' || adopted || ',
    banned AS (SELECT b.user_id, max(b.until) AS until FROM session_auth.bans b GROUP BY 1),
    candidates AS NOT MATERIALIZED (
      SELECT a.*, (a.session).expires_at, (a.session).token_hash, greatest(u.until, w.until) AS banned_until
      FROM adopted a
      LEFT JOIN banned u ON u.user_id = (a.session).user_id
      LEFT JOIN banned w ON w.user_id = (a.session).actor),
    taken AS (
      INSERT INTO session_auth.sessions (' || array_to_string(columns, ', ') || ')
      SELECT (a.session).' || array_to_string(columns, ', (a.session).') || '
      FROM candidates a
      WHERE a.expires_at > $1 AND a.banned_until IS NULL AND NOT EXISTS (
        SELECT FROM session_auth.rotated_tokens r WHERE r.token_hash = a.token_hash)
      ON CONFLICT (token_key) DO NOTHING
      RETURNING 1)
    SELECT (SELECT count(*) FROM taken),
      (SELECT ARRAY[count((a.session).session_id), count(*)] FROM adopted a),
      (SELECT coalesce(jsonb_object_agg(l.left_out, l.n), ''{}'') FROM (
         SELECT coalesce(a.left_out, CASE WHEN a.expires_at <= $1 THEN ''expired already''
             WHEN a.banned_until > $1 THEN ''of a banned user''
             ELSE ''of a user who was banned or deleted lately'' END) AS left_out, count(*) AS n
         FROM candidates a
         WHERE a.left_out IS NOT NULL OR a.expires_at <= $1 OR a.banned_until > $1
           OR a.banned_until IS NOT NULL AND NOT EXISTS (
             SELECT FROM session_auth.sessions x WHERE x.token_key = (a.session).token_key) GROUP BY 1) l)'
    INTO taken, counted, left_out USING clock_timestamp();
  PERFORM session_auth.refuse_hashes(arguments, left_out, counted[1]);
  IF counted[1] = 0 AND counted[2] > 0 AND left_out = '{}' THEN
    left_out := session_auth.none_wanted(arguments, counted[2]);
  END IF;
  PERFORM session_auth.warn_of_digests(source, arguments);
  -- repeated: what changed while the triggers did not fire
  IF adopted_before THEN
    -- no condition on the rows: for one the planner evaluates the constraints of the table, which are the owner's, as us
    EXECUTE format('
      SELECT count(*) %s CROSS JOIN LATERAL session_auth.follow_adopted_row(%s, s.*, %L::text[]) f (changed)
      WHERE f.changed', rows_of_source, source::oid, arguments) INTO changed;
    EXECUTE 'WITH ' || adopted || ',
      hashes AS (SELECT (a.session).token_hash FROM adopted a)
      SELECT ARRAY(
        SELECT x.session_id
        FROM session_auth.sessions_of_source($2) o (session_id)
        JOIN session_auth.sessions x ON x.session_id = o.session_id AND x.ended_at IS NULL
        WHERE NOT EXISTS (SELECT FROM hashes a WHERE a.token_hash = x.token_hash)
          AND NOT EXISTS (
            SELECT FROM session_auth.rotated_tokens r JOIN hashes a ON a.token_hash = r.token_hash
            WHERE r.session_id = x.session_id))'
      INTO gone USING clock_timestamp(), source::oid;
    PERFORM session_auth.end_sessions(gone);
  END IF;
  PERFORM session_auth.record_event('sessions_adopted', NULL,
    jsonb_build_object('source', source::text, 'sessions', taken));
  PERFORM session_auth.warn_left_out(source, 'rows', left_out);
  RETURN taken + changed;
END
$$;
COMMENT ON FUNCTION session_auth.take_over_sessions(regclass) IS
  'internal: carries over what an adopted table holds';

-- What a caller may ask for.

CREATE FUNCTION session_auth.zone_argument(time_zone text, kind text, column_name name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text := CASE WHEN time_zone = 'UTC' THEN time_zone END;
BEGIN
  IF zone IS NULL THEN
    SELECT z.name INTO zone FROM pg_timezone_names z WHERE lower(z.name) = lower(time_zone) LIMIT 1;
  END IF;
  IF zone IS NULL THEN
    PERFORM session_auth.refuse('time_zone', 'It must be the name of a time zone, such as Europe/Berlin.');
  ELSIF zone <> 'UTC' AND kind IS DISTINCT FROM 'timestamp' THEN
    PERFORM session_auth.refuse('time_zone', CASE WHEN column_name <> ''
      THEN format('It is for a timestamp without time zone: column "%s" needs none.', column_name)
      ELSE 'It is for a timestamp without time zone, and there is none.' END);
  END IF;
  RETURN 'time_zone=' || nullif(zone, 'UTC');
END
$$;
COMMENT ON FUNCTION session_auth.zone_argument(text, text, name) IS
  'internal: what a trigger is told of a column''s time zone; 22023 for a bad argument';

CREATE FUNCTION session_auth.expiry_arguments(
  source regclass, expires_column name, expires_form text, time_zone text, lifetime interval
) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kind text := session_auth.require_column(source, 'expires_column', expires_column,
    '{timestamp,timestamptz,integer,numeric,text}');
  zone text;
  -- a month is 30 days, as in comparisons, wherever in the year it lies
  months integer := extract(year FROM lifetime) * 12 + extract(month FROM lifetime);
BEGIN
  IF kind IN ('timestamp', 'timestamptz') THEN
    IF expires_form IS NOT NULL THEN
      PERFORM session_auth.refuse('expires_form', format(
        'It must be NULL: column "%s" is a %s.', expires_column, kind));
    END IF;
  ELSIF expires_form IS NULL OR expires_form NOT IN ('seconds', 'milliseconds') THEN
    PERFORM session_auth.refuse('expires_form', format(
      'It must be "seconds" or "milliseconds" (since 1970): column "%s" is no timestamp.', expires_column));
  END IF;
  zone := session_auth.zone_argument(time_zone, kind, expires_column);
  IF lifetime <= '0' OR lifetime > '36500 days' THEN
    PERFORM session_auth.refuse('lifetime', 'It must be positive, and at most 36500 days.');
  END IF;
  RETURN array_remove(ARRAY['expires_form=' || expires_form, zone,
    'lifetime=' || (1000000 * extract(epoch FROM
      lifetime - make_interval(months => months) + make_interval(days => 30 * months)))::bigint], NULL);
END
$$;
COMMENT ON FUNCTION session_auth.expiry_arguments(regclass, name, text, text, interval) IS
  'internal: what a trigger is told of the expiry; 22023 for a bad argument';

CREATE FUNCTION session_auth.token_arguments(
  source regclass, token_column name, token_form text, signed_only boolean
) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  allowed text[] := CASE
    WHEN token_form = 'plain' THEN '{text,uuid}'
    WHEN token_form = 'bytea' THEN '{bytea,text}'
    WHEN token_form = 'sha256-bytea' THEN '{bytea}'
    WHEN token_form IN ('sha256-hex', 'sha256-base64', 'sha256-base64url') THEN '{text}'
    WHEN token_form = 'id' THEN '{text,uuid,integer}' END;
BEGIN
  IF allowed IS NULL THEN
    PERFORM session_auth.refuse('token_form', 'It must be one of: plain, bytea, sha256-hex, sha256-base64, '
      'sha256-base64url, sha256-bytea, id.');
  END IF;
  PERFORM session_auth.require_column(source, 'token_column', token_column, allowed);
  IF token_form = 'id' AND NOT signed_only THEN
    PERFORM session_auth.refuse('signed_only',
      'Under token_form "id" it must not be false: an id is no secret.');
  END IF;
  RETURN array_remove(ARRAY['token_form=' || token_form, 'signed_only=' || signed_only], NULL);
END
$$;
COMMENT ON FUNCTION session_auth.token_arguments(regclass, name, text, boolean) IS
  'internal: what a trigger is told of the token; 22023 for a bad argument';

CREATE FUNCTION session_auth.user_arguments(
  source regclass, user_column name, user_path text[], user_form text
) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- a form that is added here is read in src/sql/adopt_arguments.c
  IF user_form NOT IN ('django', 'symfony') THEN
    PERFORM session_auth.refuse('user_form',
      'It must be "django" or "symfony", or NULL: then the column''s type says how the user is read.');
  ELSIF user_form = 'symfony' AND coalesce(cardinality(user_path), 0) < 2 THEN
    PERFORM session_auth.refuse('user_path', 'It must be the attribute of the firewall, and the property '
      'of the application''s user, such as {_security_main,id}.');
  ELSIF user_form = 'django' AND NOT EXISTS (
    SELECT FROM session_auth.cookie_secrets c WHERE c.kind = user_form) THEN
    PERFORM session_auth.refuse('user_form',
      'What Django signs is read with its secret: call add_cookie_secret(''django'', ...) first.');
  END IF;
  PERFORM session_auth.require_column(source, 'user_column', user_column,
    CASE user_form WHEN 'symfony' THEN '{bytea}' WHEN 'django' THEN '{text}' ELSE CASE WHEN user_path IS NULL THEN '{text,uuid,integer}'
    ELSE '{json,text}' END END::text[]);
  IF cardinality(user_path) = 0 OR array_ndims(user_path) > 1
    OR array_position(user_path, NULL) IS NOT NULL THEN
    PERFORM session_auth.refuse('user_path',
      'It must be the names on the way to the user, such as {passport,user}.');
  END IF;
  RETURN array_remove(ARRAY['user_form=' || user_form], NULL)
    || ARRAY(SELECT 'user_path=' || p.step FROM unnest(user_path) WITH ORDINALITY p (step, place)
      ORDER BY p.place);
END
$$;
COMMENT ON FUNCTION session_auth.user_arguments(regclass, name, text[], text) IS
  'internal: what a trigger is told of the user; 22023 for a bad argument';

-- better-auth's own name for it says what it is; an empty one is none.
CREATE FUNCTION session_auth.named_actor_column(source oid) RETURNS name
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.attname FROM pg_attribute a
  WHERE a.attrelid = $1 AND a.attname IN ('impersonatedBy', 'impersonated_by')
    AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype, 'integer'::regtype, 'bigint'::regtype)
  ORDER BY a.attnum LIMIT 1;
END;
COMMENT ON FUNCTION session_auth.named_actor_column(oid) IS
  'internal: the column of a table whose name says that it is who acts as the user';

CREATE FUNCTION session_auth.actor_argument(source regclass, actor_column name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chosen name := coalesce(actor_column, session_auth.named_actor_column(source));
BEGIN
  IF chosen IS NULL OR chosen = '' THEN
    RETURN 'actor_column=' || chosen;
  END IF;
  PERFORM session_auth.require_column(source, 'actor_column', chosen, '{text,uuid,integer}');
  RETURN 'actor_column=' || chosen;
END
$$;
COMMENT ON FUNCTION session_auth.actor_argument(regclass, name) IS
  'internal: what a trigger is told of who acts as the user; 22023 for a bad argument';

CREATE FUNCTION session_auth.row_arguments(
  source regclass, tenant_column name, where_column name, where_value text, actor_column name
) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kind text;
BEGIN
  IF tenant_column IS NOT NULL THEN
    PERFORM session_auth.require_column(source, 'tenant_column', tenant_column, '{text,uuid,integer}');
  END IF;
  IF (where_column IS NULL) <> (where_value IS NULL) THEN
    PERFORM session_auth.refuse('where_value', 'It must be given together with where_column.');
  ELSIF where_column IS NOT NULL THEN
    kind := session_auth.require_column(source, 'where_column', where_column,
      '{text,enum,uuid,integer,boolean}');
    IF kind = 'boolean' AND where_value NOT IN ('true', 'false') THEN
      PERFORM session_auth.refuse('where_value', format(
        'It must be "true" or "false": column "%s" is a boolean.', where_column));
    END IF;
  END IF;
  RETURN array_remove(ARRAY['tenant_column=' || tenant_column, 'where_column=' || where_column,
    -- as the type writes it
    'where_value=' || CASE kind WHEN 'boolean' THEN left(where_value, 1) ELSE where_value END, session_auth.actor_argument(source, actor_column)], NULL);
END
$$;
COMMENT ON FUNCTION session_auth.row_arguments(regclass, name, name, text, name) IS
  'internal: what a trigger is told of which rows count, where, and for whom; 22023 for a bad argument';

CREATE FUNCTION session_auth.session_adoption(
  source regclass,
  token_column name,
  user_column name,
  expires_column name,
  token_form text,
  user_path text[],
  user_form text,
  expires_form text,
  time_zone text,
  lifetime interval,
  tenant_column name,
  where_column name,
  where_value text,
  signed_only boolean,
  actor_column name
) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.require_source(source);
  RETURN QUERY SELECT session_auth.attachment(source, 'sessions',
    ARRAY[token_column, user_column, expires_column]::text[]
      || session_auth.token_arguments(source, token_column, token_form, signed_only)
      || session_auth.user_arguments(source, user_column, user_path, user_form)
      || session_auth.expiry_arguments(source, expires_column, expires_form, time_zone, lifetime)
      || session_auth.row_arguments(source, tenant_column, where_column, where_value, actor_column));
END
$$;
COMMENT ON FUNCTION session_auth.session_adoption(regclass, name, name, name, text, text[], text, text, text,
  interval, name, name, text, boolean, name) IS
  'internal: the commands of adopt_sessions; 22023 for a bad argument';

CREATE FUNCTION session_auth.adopt_sessions(
  source regclass,
  token_column name,
  user_column name,
  expires_column name,
  token_form text DEFAULT 'plain',
  user_path text[] DEFAULT NULL,
  user_form text DEFAULT NULL,
  expires_form text DEFAULT NULL,
  time_zone text DEFAULT 'UTC',
  lifetime interval DEFAULT NULL,
  tenant_column name DEFAULT NULL,
  where_column name DEFAULT NULL,
  where_value text DEFAULT NULL,
  signed_only boolean DEFAULT NULL,
  actor_column name DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT session_auth.session_adoption(source, token_column, user_column, expires_column, token_form,
      user_path, user_form, expires_form, time_zone, lifetime, tenant_column, where_column, where_value, signed_only,
      actor_column)
  LOOP
    EXECUTE command;
  END LOOP;
  RETURN session_auth.take_over_sessions(source);
END
$$;
COMMENT ON FUNCTION session_auth.adopt_sessions(regclass, name, name, name, text, text[], text, text, text,
  interval, name, name, text, boolean, name) IS
  'Lets the sessions of an application''s own table open this database: takes over the hashes of the '
  'tokens that are in it and attaches triggers that follow every insert, update, delete and truncate. '
  'A new token or a new expiry moves the session, a row that goes ends it at once; what has ended '
  'here stays ended until its row has another token. token_form: plain, bytea (the token''s own bytes), '
  'sha256-hex, sha256-base64, sha256-base64url or sha256-bytea (the table keeps digests, and the token '
  'whose digest it is opens the session), or id (no secret: opened by a proved cookie alone). user_path: '
  'the user within JSON. user_form: django (session_data, signed) or symfony (sess_data; user_path names the '
  'firewall''s attribute and the user''s property). expires_form: seconds or milliseconds since 1970, where the column is no '
  'timestamp. time_zone: of a timestamp without time zone. lifetime: added to the column. tenant_column: '
  'the active organization, to which the session is bound. where_column, where_value: only rows with this '
  'value. signed_only: opened by a cookie whose proof was verified alone; null: as long as a cookie secret '
  'is set up. actor_column: who acts as the user, as actor() says it; null: the column impersonatedBy or '
  'impersonated_by, if there is one; empty: nobody. Expired rows are left out, and so, with a warning that says why (later: in the log), are '
  'rows that cannot be carried over, or are of a user who is banned or was lately. How many sessions are new or changed: 0 when '
  'repeated. Repeat it after a restore, as dumps hold the table but not the sessions. Rows whose sessions were ended here and '
  'purged since are taken over again: delete these rows first. Do not rotate adopted sessions '
  'here. Logins wait while it runs. The caller must own the table. 22023 for a bad argument.';
