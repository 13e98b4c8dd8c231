-- Purging: what has ended, and what is too old.

-- Ended by time: expires_at is never later than ended_at, so one index finds both.
-- The other limits depend on settings and are looked for only while they are on.

CREATE FUNCTION session_auth.delete_ended(
  ended_before timestamptz,
  batch_size integer,
  start_at timestamptz,
  start_place tid,
  OUT purged uuid[],
  OUT reached timestamptz,
  OUT reached_place tid
)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_delete_ended';
COMMENT ON FUNCTION session_auth.delete_ended(timestamptz, integer, timestamptz, tid) IS
  'internal: deletes sessions that ended before a moment, but for locked ones, and says which, and where the '
  'next batch goes on';

CREATE FUNCTION session_auth.purged_after() RETURNS interval
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- better-auth's cache of a session may be good for long after its session has
  -- ended, unless that is known: so it is not forgotten at once
  SELECT CASE WHEN EXISTS (
    SELECT FROM session_auth.cookie_secrets c WHERE c.kind = 'better-auth') THEN '30 days'::interval
    ELSE '0' END;
END;
COMMENT ON FUNCTION session_auth.purged_after() IS
  'internal: how long after its end a session is kept';

-- Rows found without an index are deleted by their place, which no second look-up is needed
-- for; one that moved between being locked and being deleted is left to the next batch.
CREATE FUNCTION session_auth.purge_ended(
  batch_size integer,
  start_at timestamptz,
  start_place tid,
  OUT deleted bigint,
  OUT reached timestamptz,
  OUT reached_place tid
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- a function in C, so that the library is loaded and its settings are known
  loaded boolean := session_auth.is_authenticated();
  limits interval[] := ARRAY[
    current_setting('session_auth.idle_timeout')::interval,
    current_setting('session_auth.absolute_lifetime')::interval];
  ended_before timestamptz := clock_timestamp() - session_auth.purged_after();
  purged uuid[];
  more uuid[];
BEGIN
  PERFORM session_auth.check_snapshot();
  SELECT d.purged, d.reached, d.reached_place INTO purged, reached, reached_place
  FROM session_auth.delete_ended(ended_before, batch_size, start_at, start_place) d;

  IF cardinality(purged) < batch_size
     AND (limits[1] > interval '0' OR limits[2] > interval '0') THEN
    WITH deleted AS (
      DELETE FROM session_auth.sessions s
      WHERE s.ctid = ANY (ARRAY(
        SELECT e.ctid FROM session_auth.sessions e
        WHERE limits[1] > interval '0' AND e.last_seen_at + limits[1] <= ended_before
           OR limits[2] > interval '0' AND e.created_at + limits[2] <= ended_before
        LIMIT batch_size - cardinality(purged) FOR UPDATE SKIP LOCKED))
      RETURNING s.session_id
    )
    SELECT coalesce(array_agg(d.session_id), '{}') INTO more FROM deleted d;
    purged := purged || more;
  END IF;

  IF EXISTS (SELECT FROM session_auth.rotated_tokens) THEN
    DELETE FROM session_auth.rotated_tokens r WHERE r.session_id = ANY (purged);
  END IF;
  deleted := cardinality(purged);
END
$$;
COMMENT ON FUNCTION session_auth.purge_ended(integer, timestamptz, tid) IS
  'internal: deletes sessions that have ended, with their rotated tokens, and says how many, and where '
  'the next batch goes on';

CREATE FUNCTION session_auth.purge_permission_changes() RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- a reader that is further behind reads everything anew, and so does one that has not
  -- seen a transaction which had not ended: only what everybody has seen may go
  DELETE FROM session_auth.permission_changes c
  WHERE c.xid < pg_snapshot_xmin(pg_current_snapshot())
    AND c.xid < (SELECT n.xid FROM session_auth.permission_changes n ORDER BY n.xid DESC OFFSET 5000 LIMIT 1);
END;
COMMENT ON FUNCTION session_auth.purge_permission_changes() IS
  'internal: removes all but the newest of permission_changes';

-- What the bans that are forgotten kept closed is ended: sessions that were opened, and tokens
-- that were issued, before their end.  A sign-in that is under way then is done within the hour.
-- A cache of better-auth in which the user acts as another is closed by the ban's row alone, so
-- that this stays for as long as such a cache may be good.
CREATE FUNCTION session_auth.purge_bans() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  over_since timestamptz := clock_timestamp() - greatest(interval '1 hour', session_auth.purged_after());
BEGIN
  IF NOT EXISTS (SELECT FROM session_auth.bans b WHERE b.until < over_since) THEN
    RETURN;
  END IF;
  PERFORM session_auth.end_sessions(ARRAY(
    SELECT s.session_id FROM session_auth.sessions s
    JOIN session_auth.bans b ON b.user_id = s.user_id AND s.created_at < b.until
    WHERE b.until < over_since AND s.ended_at IS NULL
    UNION
    SELECT s.session_id FROM session_auth.sessions s
    JOIN session_auth.bans b ON b.user_id = s.actor AND s.created_at < b.until
    WHERE b.until < over_since AND s.ended_at IS NULL));
  WITH forgotten AS (
    DELETE FROM session_auth.bans b WHERE b.until < over_since RETURNING b.user_id, b.until)
  INSERT INTO session_auth.user_revocations (user_id, not_before)
  SELECT f.user_id, max(f.until) FROM forgotten f GROUP BY f.user_id;
END
$$;
COMMENT ON FUNCTION session_auth.purge_bans() IS
  'internal: forgets bans that have been over for an hour, with a secret of better-auth for 30 days';

-- Events are deleted in the order of time, in which they lie in their table, so that
-- whole pages become free and are written anew (docs/performance.md has the figures).
CREATE FUNCTION session_auth.purge_old(batch_size integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- a function in C, so that the library is loaded and its settings are known
  loaded boolean := session_auth.is_authenticated();
  kept_since timestamptz :=
    clock_timestamp() - current_setting('session_auth.event_retention')::interval;
  deleted bigint;
BEGIN
  PERFORM session_auth.check_snapshot();
  DELETE FROM session_auth.session_events e
  WHERE e.ctid = ANY (ARRAY(
    SELECT o.ctid FROM session_auth.session_events o
    WHERE o.at < kept_since
    ORDER BY o.at
    LIMIT batch_size));
  GET DIAGNOSTICS deleted = ROW_COUNT;
  IF deleted < batch_size THEN
    DELETE FROM session_auth.revoked_tokens r
    WHERE r.until < clock_timestamp() - current_setting('session_auth.clock_skew')::interval;
    DELETE FROM session_auth.user_revocations u
    WHERE EXISTS (SELECT FROM session_auth.user_revocations newer
      WHERE newer.user_id = u.user_id AND newer.not_before > u.not_before);
    PERFORM session_auth.purge_bans(), session_auth.purge_permission_changes(), session_auth.note_purge();
  END IF;
  RETURN deleted;
END
$$;
COMMENT ON FUNCTION session_auth.purge_old(integer) IS
  'internal: deletes events older than session_auth.event_retention and returns how many; where none '
  'is left, revocations that have no meaning any more too';

CREATE FUNCTION session_auth.purge_sessions(batch_size integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  purged bigint;
BEGIN
  IF batch_size IS NULL OR batch_size <= 0 THEN
    PERFORM session_auth.refuse('batch_size', 'It must be positive.');
  END IF;
  SELECT e.deleted INTO purged FROM session_auth.purge_ended(batch_size, '-infinity', '(0,0)') e;
  LOOP
    EXIT WHEN session_auth.purge_old(batch_size) < batch_size;
  END LOOP;
  RETURN purged;
END
$$;
COMMENT ON FUNCTION session_auth.purge_sessions(integer) IS
  'Deletes sessions that have ended, batch_size of them at the most, skipping rows that are locked, '
  'and events older than session_auth.event_retention. How many sessions: call it until that is 0, or '
  'CALL session_auth.purge(), which does. With a secret of better-auth, a session is kept for 30 days '
  'after its end. 22023 for a bad argument.';

-- It commits, which no SECURITY DEFINER procedure can and none with a search_path of its
-- own: so it is the caller who calls, and what it calls does the work as the owner.
CREATE PROCEDURE session_auth.purge(batch_size integer DEFAULT 10000)
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_purge';
COMMENT ON PROCEDURE session_auth.purge(integer) IS
  'Deletes what purge_sessions deletes until nothing is left, batch_size rows in a transaction of their '
  'own, and sleeps for session_auth.purge_delay in between. 25001 inside a transaction block, a function '
  'or a procedure that cannot commit: purge_sessions works there. 22023 for a bad argument.';
