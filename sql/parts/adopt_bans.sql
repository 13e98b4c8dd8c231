-- Bans: where the table of users that adopt_roles took over says who is banned, and until
-- when, as better-auth's admin plugin has it.
--
-- Invariant: a ban ends every session of its user when it begins, and for good; while it
-- lasts no token of the user's is good, nor a session in which the user acts as another
-- (src/verify/revocation.c).  It ends by itself when its time is over, without anybody's
-- writing.  Its row stays a while, as what came to be before its end is not good after it
-- either: neither a sign-in which was under way nor an impersonation (purge_bans() ends them).

CREATE TABLE session_auth.bans (
  user_id text COLLATE "C" NOT NULL,
  source regclass NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (user_id, source)
);
COMMENT ON TABLE session_auth.bans IS
  'who is banned by an adopted table of users, or was, or is gone from it';
COMMENT ON COLUMN session_auth.bans.user_id IS
  'none of whose tokens is good';
COMMENT ON COLUMN session_auth.bans.source IS
  'the table of the application that says so';
COMMENT ON COLUMN session_auth.bans.until IS
  'when it is over, or was; what is older stays refused; infinity: never';
SELECT session_auth.watch_table('bans', 'revocations_changed');

CREATE FUNCTION session_auth.adopted_ban(
  source_row record, banned_column name, ban_expires_column name, time_zone text
) RETURNS timestamptz
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_adopted_ban';
COMMENT ON FUNCTION session_auth.adopted_ban(record, name, name, text) IS
  'internal: until when a row bans its user; null: it does not';

CREATE FUNCTION session_auth.set_ban(source regclass, user_id text, until timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT session_auth.can_adopt_user($2) THEN
    RETURN;
  END IF;
  IF $3 > clock_timestamp() THEN
    INSERT INTO session_auth.bans AS b (user_id, source, until) VALUES ($2, $1, $3)
    ON CONFLICT (user_id, source) DO UPDATE SET until = $3;
    PERFORM session_auth.record_event('user_banned', $2, jsonb_build_object('source', $1::text, 'until', $3));
    PERFORM session_auth.expire_user_sessions($2);
  ELSE
    UPDATE session_auth.bans b SET until = clock_timestamp()
    WHERE b.user_id = $2 AND b.source = $1 AND b.until > clock_timestamp();
    IF FOUND THEN
      PERFORM session_auth.record_event('user_unbanned', $2, jsonb_build_object('source', $1::text));
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.set_ban(regclass, text, timestamptz) IS
  'internal: what a table says of a user now; null: no ban';

-- Sessions are not found by who acts in them, so that of a user who is gone a ban is kept
-- that is over: what is older than it is not good.  Caches of better-auth say who acts, too,
-- also where no table of sessions does.
CREATE FUNCTION session_auth.forget_actor(source regclass, user_id text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT session_auth.can_adopt_user($2) OR NOT EXISTS (
    SELECT FROM session_auth.cookie_secrets c WHERE c.kind = 'better-auth'
    UNION ALL
    SELECT FROM session_auth.adopted_tables() a WHERE a.kind = 'sessions'
      AND (session_auth.trigger_option(a.arguments, 'actor_column') <> '' OR 'user_form=symfony' = ANY (a.arguments)))
  THEN
    RETURN;
  END IF;
  INSERT INTO session_auth.bans AS b (user_id, source, until) VALUES ($2, $1, clock_timestamp())
  ON CONFLICT (user_id, source) DO UPDATE SET until = clock_timestamp();
END
$$;
COMMENT ON FUNCTION session_auth.forget_actor(regclass, text) IS
  'internal: ends what a user who is gone does as others';

-- A row that says of bans what it said before is no news.
CREATE FUNCTION session_auth.follow_ban(
  source regclass, old_id text, old_ban timestamptz, new_id text, new_ban timestamptz
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF old_id IS NOT DISTINCT FROM new_id AND old_ban IS NOT DISTINCT FROM new_ban THEN
    RETURN;
  END IF;
  IF old_ban IS NOT NULL AND old_id IS DISTINCT FROM new_id THEN
    PERFORM session_auth.set_ban(source, old_id, NULL);
  END IF;
  IF new_ban IS NOT NULL OR old_ban IS NOT NULL AND old_id = new_id THEN
    PERFORM session_auth.set_ban(source, new_id, new_ban);
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.follow_ban(regclass, text, timestamptz, text, timestamptz) IS
  'internal: lets a ban follow its row in an adopted table';

CREATE FUNCTION session_auth.take_over_bans(source regclass, arguments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  banned_column name := nullif(session_auth.trigger_option(arguments, 'banned_column'), '');
  banned jsonb := '{}';
BEGIN
  IF banned_column IS NOT NULL THEN
    EXECUTE format(
      'SELECT coalesce(jsonb_object_agg(u.user_id, u.until), ''{}'')
       FROM (
         SELECT (session_auth.adopted_values(s.*, %2$L))[1] AS user_id,
           session_auth.adopted_ban(s.*, %3$L, %4$L, %5$L) AS until
         FROM %1$s s WHERE s.%3$I IS TRUE) u
       WHERE u.until > clock_timestamp() AND session_auth.can_adopt_user(u.user_id)',
      session_auth.rows_of(source), arguments[1], banned_column,
      session_auth.trigger_option(arguments, 'ban_expires_column'),
      session_auth.trigger_option(arguments, 'time_zone'))
      INTO banned;
  END IF;
  PERFORM session_auth.set_ban(b.source, b.user_id, NULL) FROM session_auth.bans b
  WHERE b.source::oid = take_over_bans.source::oid AND b.until > clock_timestamp() AND NOT banned ? b.user_id;
  PERFORM session_auth.set_ban(take_over_bans.source, n.key, n.value::timestamptz) FROM jsonb_each_text(banned) n
  WHERE NOT EXISTS (SELECT FROM session_auth.bans b
    WHERE b.source::oid = take_over_bans.source::oid AND b.user_id = n.key AND b.until = n.value::timestamptz);
END
$$;
COMMENT ON FUNCTION session_auth.take_over_bans(regclass, text[]) IS
  'internal: brings bans in line with the rows of a table of users';

-- better-auth's own pair of names says what it is; an empty one is none.
CREATE FUNCTION session_auth.named_ban_columns(source oid, id_column name, OUT banned name, OUT expires name)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT b.attname, e.attname
  FROM pg_attribute b JOIN pg_attribute e ON e.attrelid = b.attrelid
  WHERE b.attrelid = source AND b.attname = 'banned' AND b.atttypid = 'boolean'::regtype
    AND e.attname IN ('banExpires', 'ban_expires')
    AND e.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)
    AND session_auth.is_unique(source, id_column)
  ORDER BY e.attnum LIMIT 1;
END
$$;
COMMENT ON FUNCTION session_auth.named_ban_columns(oid, name) IS
  'internal: the columns of a table of users whose names say that they are bans';

CREATE FUNCTION session_auth.ban_arguments(
  source regclass, id_column name, banned_column name, ban_expires_column name, time_zone text
) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  banned name := banned_column;
  expires name := ban_expires_column;
  kind text;
BEGIN
  IF banned IS NULL AND expires IS NULL THEN
    SELECT n.banned, n.expires INTO banned, expires FROM session_auth.named_ban_columns(source, id_column) n;
  END IF;
  IF coalesce(banned, '') = '' THEN
    IF coalesce(expires, '') <> '' THEN
      PERFORM session_auth.refuse('ban_expires_column', 'It must be given together with banned_column.');
    END IF;
    PERFORM session_auth.zone_argument(time_zone, NULL, NULL);
    RETURN array_remove(ARRAY['banned_column=' || banned], NULL);
  END IF;
  IF NOT session_auth.is_unique(source, id_column) THEN
    PERFORM session_auth.refuse('banned_column', format(
      'Column "%s" is not unique by itself, so that a row is not the user.', id_column));
  END IF;
  PERFORM session_auth.require_column(source, 'banned_column', banned, '{boolean}');
  IF coalesce(expires, '') <> '' THEN
    kind := session_auth.require_column(source, 'ban_expires_column', expires, '{timestamp,timestamptz}');
  END IF;
  RETURN array_remove(ARRAY['banned_column=' || banned, 'ban_expires_column=' || nullif(expires, ''),
    session_auth.zone_argument(time_zone, kind, expires)], NULL);
END
$$;
COMMENT ON FUNCTION session_auth.ban_arguments(regclass, name, name, name, text) IS
  'internal: what a trigger is told of bans; 22023 for a bad argument';
