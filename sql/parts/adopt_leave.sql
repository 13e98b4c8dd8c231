-- Adopted tables: which there are, and what becomes of what was carried over when one is left,
-- dropped, or gets other partitions.

-- What is adopted.

CREATE FUNCTION session_auth.list_adoptions()
RETURNS TABLE (
  source regclass,
  kind text,
  token_column text,
  user_column text,
  expires_column text,
  role_column text,
  tenant_column text,
  options jsonb,
  carried bigint,
  fires boolean
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT a.source::regclass, a.kind,
    CASE a.kind WHEN 'sessions' THEN a.arguments[1] END,
    CASE a.kind WHEN 'sessions' THEN a.arguments[2] ELSE a.arguments[1] END,
    CASE a.kind WHEN 'sessions' THEN a.arguments[3] END,
    CASE a.kind WHEN 'roles' THEN a.arguments[2] END,
    session_auth.trigger_option(a.arguments, 'tenant_column'),
    (SELECT coalesce(jsonb_object_agg(o.name, CASE o.name
        WHEN 'user_path' THEN to_jsonb(o.given)
        WHEN 'lifetime' THEN to_jsonb(make_interval(secs => o.given[1]::double precision / 1000000))
        WHEN 'signed_only' THEN to_jsonb(o.given[1]::boolean)
        WHEN 'everywhere' THEN to_jsonb(o.given[1]::boolean)
        ELSE to_jsonb(o.given[1]) END), '{}')
     FROM (
       SELECT split_part(g.argument, '=', 1) AS name,
         array_agg(substr(g.argument, strpos(g.argument, '=') + 1) ORDER BY g.place) AS given
       FROM unnest(a.arguments) WITH ORDINALITY g (argument, place)
       WHERE g.place > CASE a.kind WHEN 'sessions' THEN 3 ELSE 2 END GROUP BY 1) o
     WHERE o.name <> 'tenant_column'),
    CASE a.kind
      WHEN 'sessions' THEN (SELECT count(*) FROM session_auth.sessions_of_source(a.source) o (session_id)
        JOIN session_auth.sessions s ON s.session_id = o.session_id
          AND s.ended_at IS NULL AND s.expires_at > now())
      ELSE (SELECT count(*) FROM session_auth.adopted_roles r WHERE r.source::oid = a.source) END,
    a.fires
  FROM session_auth.adopted_tables() a
  ORDER BY a.source::regclass::text COLLATE "C", a.kind;
END
$$;
COMMENT ON FUNCTION session_auth.list_adoptions() IS
  'The tables that adopt_sessions and adopt_roles took over: with which columns and options (those that '
  'are not by default), how many live sessions or grants come from each, and whether its trigger fires '
  'always, as it must.';

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
  UPDATE session_auth.bans b SET until = clock_timestamp() WHERE b.source::oid = $1 AND b.until > clock_timestamp();
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
    SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass) FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'session_auth'::regnamespace
    WHERE t.tgrelid IN (SELECT source UNION SELECT p.relid FROM pg_partition_tree(source) p)
      AND t.tgparentid = 0
      AND f.proname = ANY (ARRAY['adopted_session_changed', 'adopted_sessions_truncated',
        'adopted_user_changed', 'adopted_users_truncated']);
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

-- A source that is dropped takes its sessions and roles along, whichever command
-- it is; one partition takes its own.

CREATE FUNCTION session_auth.follow_partitions(
  source regclass, kind text, arguments text[], moves_rows boolean
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text;
BEGIN
  PERFORM session_auth.require_source(source);
  FOR command IN SELECT session_auth.attach_truncate(source, kind, arguments) LOOP
    EXECUTE command;
  END LOOP;
  IF NOT moves_rows THEN
    RETURN;
  END IF;
  PERFORM session_auth.require_newest_rows();
  IF kind = 'sessions' THEN
    PERFORM session_auth.take_over_sessions(source);
  ELSE
    PERFORM session_auth.take_over_roles(source);
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.follow_partitions(regclass, text, text[], boolean) IS
  'internal: brings what was carried over in line with the partitions that a source has now';

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
  IF EXISTS (
    SELECT FROM pg_event_trigger_dropped_objects() o
    WHERE o.object_type = 'trigger' AND o.object_identity LIKE 'session\_auth\_adopt\_roles on %'
  ) THEN
    PERFORM session_auth.reconsider_keys();
  END IF;
  -- a partition goes with its trigger, and its parent stays
  IF EXISTS (
    SELECT FROM pg_event_trigger_dropped_objects() o
    WHERE o.object_type = 'trigger' AND NOT o.original
      AND o.object_identity LIKE 'session\_auth\_adopt\_%'
  ) THEN
    PERFORM session_auth.follow_partitions(a.source, a.kind, a.arguments, true)
    FROM session_auth.adopted_tables() a
    JOIN pg_class c ON c.oid = a.source AND c.relkind = 'p' WHERE a.fires;
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.source_dropped() IS
  'internal: removes what was carried over from a table that is dropped';

CREATE EVENT TRIGGER session_auth_source_dropped ON sql_drop
  EXECUTE FUNCTION session_auth.source_dropped();
ALTER EVENT TRIGGER session_auth_source_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_source_dropped IS
  'session_auth: an adopted table that is dropped takes its sessions and roles along';

CREATE FUNCTION session_auth.moves_rows(command pg_ddl_command) RETURNS boolean
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_moves_rows';
COMMENT ON FUNCTION session_auth.moves_rows(pg_ddl_command) IS
  'internal: whether a command can bring rows to a table, or take rows away, without its triggers';

CREATE FUNCTION session_auth.source_altered() RETURNS event_trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  altered record;
BEGIN
  FOR altered IN
    SELECT a.source, a.kind, a.arguments, bool_or(session_auth.moves_rows(c.command)) AS moves_rows
    FROM pg_event_trigger_ddl_commands() c
    JOIN pg_class r ON c.classid = 'pg_class'::regclass AND r.oid = c.objid
      AND (r.relkind = 'p' OR r.relispartition)
    CROSS JOIN LATERAL (SELECT r.oid UNION SELECT p.relid FROM pg_partition_ancestors(r.oid) p) t (oid)
    JOIN session_auth.adopted_tables() a ON a.source = t.oid AND a.fires
    JOIN pg_class s ON s.oid = a.source AND s.relkind = 'p'
    GROUP BY a.source, a.kind, a.arguments
  LOOP
    PERFORM session_auth.follow_partitions(
      altered.source, altered.kind, altered.arguments, altered.moves_rows);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.source_altered() IS
  'internal: follows partitions that an adopted table gets, and those that leave it';

CREATE EVENT TRIGGER session_auth_source_altered ON ddl_command_end
  WHEN TAG IN ('CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'ALTER TABLE')
  EXECUTE FUNCTION session_auth.source_altered();
ALTER EVENT TRIGGER session_auth_source_altered ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_source_altered IS
  'session_auth: partitions that an adopted table gets or loses are followed';
