-- What operators see.  The views ask functions, which a member of pg_read_all_data,
-- who may read every view, may not call.

CREATE FUNCTION session_auth.counters(
  OUT created bigint,
  OUT verified bigint,
  OUT refused bigint,
  OUT refused_by_reason jsonb,
  OUT denied bigint,
  OUT cache_fills bigint,
  OUT cache_bytes bigint,
  OUT last_purge timestamptz
)
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'session_auth_counters';
COMMENT ON FUNCTION session_auth.counters() IS
  'internal: what this database''s backends have counted since the server started; NULLs without '
  'shared_preload_libraries';

CREATE FUNCTION session_auth.note_purge() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_note_purge';
COMMENT ON FUNCTION session_auth.note_purge() IS
  'internal: notes that this database was purged now';

-- One index finds how many there are, as long as no limit is on that it does not know.
CREATE FUNCTION session_auth.read_statistics() RETURNS TABLE (
  live_sessions bigint,
  ended_sessions bigint,
  purgeable_sessions bigint,
  created bigint,
  verified bigint,
  refused bigint,
  refused_by_reason jsonb,
  denied bigint,
  cache_fills bigint,
  cache_bytes bigint,
  last_purge timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  counted record := session_auth.counters();
  moment timestamptz := clock_timestamp();
  kept_for interval := session_auth.purged_after();
  idle interval := current_setting('session_auth.idle_timeout');
  absolute interval := current_setting('session_auth.absolute_lifetime');
BEGIN
  SELECT count(*) INTO live_sessions FROM session_auth.sessions s WHERE s.expires_at > moment;
  SELECT count(*) INTO ended_sessions FROM session_auth.sessions s WHERE s.expires_at <= moment;
  purgeable_sessions := ended_sessions;
  IF kept_for > interval '0' THEN
    SELECT count(*) INTO purgeable_sessions FROM session_auth.sessions s
    WHERE s.expires_at <= moment - kept_for;
  END IF;
  IF idle > interval '0' OR absolute > interval '0' THEN
    SELECT live_sessions - count(*), ended_sessions + count(*),
           purgeable_sessions + count(*) FILTER (
             WHERE idle > interval '0' AND s.last_seen_at + idle <= moment - kept_for
                OR absolute > interval '0' AND s.created_at + absolute <= moment - kept_for)
    INTO live_sessions, ended_sessions, purgeable_sessions
    FROM session_auth.sessions s
    WHERE s.expires_at > moment
      AND (idle > interval '0' AND s.last_seen_at + idle <= moment
        OR absolute > interval '0' AND s.created_at + absolute <= moment);
  END IF;
  RETURN QUERY SELECT live_sessions, ended_sessions, purgeable_sessions, counted.created,
    counted.verified, counted.refused, counted.refused_by_reason, counted.denied,
    counted.cache_fills, counted.cache_bytes, counted.last_purge;
END
$$;
COMMENT ON FUNCTION session_auth.read_statistics() IS
  'internal: the row of session_auth.statistics';

CREATE VIEW session_auth.statistics AS
  SELECT s.live_sessions, s.ended_sessions, s.purgeable_sessions, s.created, s.verified, s.refused,
    s.refused_by_reason, s.denied, s.cache_fills, s.cache_bytes, s.last_purge
  FROM session_auth.read_statistics() s;
COMMENT ON VIEW session_auth.statistics IS
  'what there is and what happened in this database, in one row; usage monitor';
COMMENT ON COLUMN session_auth.statistics.live_sessions IS
  'sessions whose token is accepted now';
COMMENT ON COLUMN session_auth.statistics.ended_sessions IS
  'sessions that have ended and still have a row';
COMMENT ON COLUMN session_auth.statistics.purgeable_sessions IS
  'of these, those that a purge deletes now';
COMMENT ON COLUMN session_auth.statistics.created IS
  'sessions created since the server started; this and what follows need shared_preload_libraries';
COMMENT ON COLUMN session_auth.statistics.verified IS
  'tokens accepted';
COMMENT ON COLUMN session_auth.statistics.refused IS
  'tokens refused; a missing token is none';
COMMENT ON COLUMN session_auth.statistics.refused_by_reason IS
  'the same by the reason: a JSON object, of reasons that there were';
COMMENT ON COLUMN session_auth.statistics.denied IS
  'denials of require_permission, and queries that policies left without a row to look at';
COMMENT ON COLUMN session_auth.statistics.cache_fills IS
  'how often a backend read roles and permissions from the tables';
COMMENT ON COLUMN session_auth.statistics.cache_bytes IS
  'what the permission caches of the backends that are connected take';
COMMENT ON COLUMN session_auth.statistics.last_purge IS
  'when a purge last came to its end';

CREATE FUNCTION session_auth.read_identities() RETURNS TABLE (
  pid integer,
  user_id text,
  roles text[],
  tenant text,
  scope text,
  since timestamptz,
  expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 20
AS 'MODULE_PATHNAME', 'session_auth_read_identities';
COMMENT ON FUNCTION session_auth.read_identities() IS
  'internal: the rows of session_auth.active_identities';

CREATE VIEW session_auth.active_identities AS
  SELECT i.pid, i.user_id, i.roles, i.tenant, i.scope, i.since, i.expires_at
  FROM session_auth.read_identities() i;
COMMENT ON VIEW session_auth.active_identities IS
  'whose identity each backend of this database has now; usage monitor; empty without shared_preload_libraries';
COMMENT ON COLUMN session_auth.active_identities.pid IS
  'the backend, as in pg_stat_activity';
COMMENT ON COLUMN session_auth.active_identities.user_id IS
  'whose identity it has; the first 64 bytes';
COMMENT ON COLUMN session_auth.active_identities.roles IS
  'with which roles; ... at the end where they are more than 192 bytes';
COMMENT ON COLUMN session_auth.active_identities.tenant IS
  'in which tenant; the first 64 bytes';
COMMENT ON COLUMN session_auth.active_identities.scope IS
  'transaction or connection';
COMMENT ON COLUMN session_auth.active_identities.since IS
  'when the statement began that took it on';
COMMENT ON COLUMN session_auth.active_identities.expires_at IS
  'when it ends at the latest';

