-- Two servers that replicate sessions to each other logically.
--
-- A row travels whole: with a mere touch of a session comes what the other server
-- believes of all of its columns, that it has not ended for one.  So a row that
-- arrives is merged with the one that is here, such that both servers come to the same
-- whichever row arrives first: an end is for good, and the earliest counts; the later use,
-- and the later expiry, count; a token that has a successor does not come back.
-- What arrives and says nothing new is not written, so it is not sent on either: on
-- PostgreSQL 15, which cannot tell what came from elsewhere, it would go round for ever.
--
-- These triggers fire for what replication applies alone.  Their name sorts before
-- written_replicated, which then looks at what they have made of the row.

-- Of two tokens of one session, neither of which has a successor, each was given out
-- by another server at about the same time: the one that was given out later stays, on
-- both, and the other counts as rotated, so that it works for rotation_grace and ends
-- the session thereafter.  Which was used last says nothing, as each server has seen
-- other uses; it decides only where neither was given out by rotate_session.
CREATE FUNCTION session_auth.merge_tokens(here session_auth.sessions, arrived session_auth.sessions)
RETURNS bytea
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kept bytea := here.token_hash;
  lost bytea := arrived.token_hash;
BEGIN
  IF kept = lost OR EXISTS (SELECT FROM session_auth.rotated_tokens r WHERE r.token_hash = lost) THEN
    RETURN kept;
  END IF;
  IF EXISTS (SELECT FROM session_auth.rotated_tokens r WHERE r.token_hash = kept) THEN
    RETURN lost;
  END IF;
  IF (coalesce(arrived.rotated_at, arrived.created_at), coalesce(arrived.rotated_at, arrived.last_seen_at), arrived.token_hash)
     > (coalesce(here.rotated_at, here.created_at), coalesce(here.rotated_at, here.last_seen_at), here.token_hash) THEN
    kept := arrived.token_hash;
    lost := here.token_hash;
  END IF;
  INSERT INTO session_auth.rotated_tokens (token_hash, session_id, rotated_at)
  VALUES (lost, here.session_id, clock_timestamp())
  ON CONFLICT (token_hash) DO NOTHING;
  RETURN kept;
END
$$;
COMMENT ON FUNCTION session_auth.merge_tokens(session_auth.sessions, session_auth.sessions) IS
  'internal: the hash of the token that opens a session of which two servers have a row';

CREATE FUNCTION session_auth.merged_session(here session_auth.sessions, arrived session_auth.sessions)
RETURNS session_auth.sessions
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  merged session_auth.sessions := arrived;
  -- what carries an adopted session's row over may shorten its life, too
  is_adopted CONSTANT boolean := session_auth.is_adopted(here.session_id);
BEGIN
  merged.token_hash := session_auth.merge_tokens(here, arrived);
  IF merged.token_hash = here.token_hash THEN
    merged.token_key := here.token_key;
    merged.rotated_at := here.rotated_at;
  END IF;
  merged.last_seen_at := greatest(here.last_seen_at, arrived.last_seen_at);
  IF NOT is_adopted THEN
    merged.expires_at := greatest(here.expires_at, arrived.expires_at);
  END IF;
  IF here.ended_at IS NOT NULL OR arrived.ended_at IS NOT NULL THEN
    merged.ended_at := least(here.ended_at, arrived.ended_at);
    merged.ended_by := CASE merged.ended_at
      WHEN here.ended_at THEN here.ended_by ELSE arrived.ended_by END;
    merged.expires_at := least(here.expires_at, arrived.expires_at, merged.ended_at);
  END IF;
  RETURN merged;
END
$$;
COMMENT ON FUNCTION session_auth.merged_session(session_auth.sessions, session_auth.sessions) IS
  'internal: one row of what two servers know of a session';

-- What a trigger inserts itself, ON CONFLICT, does not fail where the row has been inserted
-- by a transaction that nobody can see yet: what is sent to another server can be back from
-- there before it is visible here.  The triggers then fire for that row once more.

CREATE FUNCTION session_auth.merge_session() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  other uuid[];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    NEW := session_auth.merged_session(OLD, NEW);
    RETURN CASE WHEN NEW IS DISTINCT FROM OLD THEN NEW END;
  END IF;
  IF pg_trigger_depth() > 1 THEN
    RETURN NEW;
  END IF;
  -- A token that was handed to create_session on both servers has a session on each, and none
  -- would hear of the other's end.  So each server ends its own, and the token opens nothing.
  other := ARRAY(SELECT s.session_id FROM session_auth.sessions s
    WHERE s.token_key = NEW.token_key AND s.session_id <> NEW.session_id);
  IF cardinality(other) > 0 THEN
    PERFORM session_auth.end_sessions(other);
    RETURN NULL;
  END IF;
  -- which the trigger merges with what is here
  INSERT INTO session_auth.sessions AS s VALUES (NEW.*)
  ON CONFLICT (session_id) DO UPDATE
  SET (token_key, expires_at, last_seen_at, lifetime, token_hash, user_id, ended_at, ended_by, metadata, tenant, signed_only,
     permissions, actor, rotated_at) =
    (NEW.token_key, NEW.expires_at, NEW.last_seen_at, NEW.lifetime, NEW.token_hash, NEW.user_id, NEW.ended_at, NEW.ended_by,
     NEW.metadata, NEW.tenant, NEW.signed_only, NEW.permissions, NEW.actor, NEW.rotated_at);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.merge_session() IS
  'internal: joins a session''s row that was replicated with the one that is here';

CREATE FUNCTION session_auth.merge_rotated_token() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    NEW.rotated_at := least(OLD.rotated_at, NEW.rotated_at);
    RETURN CASE WHEN NEW IS DISTINCT FROM OLD THEN NEW END;
  END IF;
  IF pg_trigger_depth() > 1 THEN
    RETURN NEW;
  END IF;
  INSERT INTO session_auth.rotated_tokens AS r VALUES (NEW.*)
  ON CONFLICT (token_hash) DO UPDATE SET rotated_at = NEW.rotated_at WHERE r.rotated_at > NEW.rotated_at;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.merge_rotated_token() IS
  'internal: of two times at which a token was rotated the earlier counts';

-- What is only ever inserted and deleted: whoever has the row needs it no second time.
CREATE FUNCTION session_auth.merge_row() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF pg_trigger_depth() > 1 THEN
    RETURN NEW;
  END IF;
  CASE TG_TABLE_NAME
    WHEN 'session_events' THEN
      INSERT INTO session_auth.session_events VALUES (NEW.*) ON CONFLICT (at, event_id) DO NOTHING;
    WHEN 'revoked_tokens' THEN
      INSERT INTO session_auth.revoked_tokens VALUES (NEW.*) ON CONFLICT (revocation_id) DO NOTHING;
    WHEN 'user_revocations' THEN
      INSERT INTO session_auth.user_revocations VALUES (NEW.*) ON CONFLICT (revocation_id) DO NOTHING;
    WHEN 'roles' THEN
      INSERT INTO session_auth.roles VALUES (NEW.*) ON CONFLICT (role) DO NOTHING;
    WHEN 'role_parents' THEN
      INSERT INTO session_auth.role_parents VALUES (NEW.*) ON CONFLICT (role, parent) DO NOTHING;
    WHEN 'permissions' THEN
      INSERT INTO session_auth.permissions VALUES (NEW.*)
      ON CONFLICT (role, action, resource, denied) DO NOTHING;
  END CASE;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.merge_row() IS
  'internal: leaves out a replicated row that is here already';

CREATE FUNCTION session_auth.merge_table(target name, trigger_function name, events text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format(
    'CREATE TRIGGER merge_replicated BEFORE %s ON session_auth.%I
       FOR EACH ROW EXECUTE FUNCTION session_auth.%I()', events, target, trigger_function);
  EXECUTE format('ALTER TABLE session_auth.%I ENABLE REPLICA TRIGGER merge_replicated', target);
END
$$;
COMMENT ON FUNCTION session_auth.merge_table(name, name, text) IS
  'internal: has the rows that are replicated to a table merged with those that are there';

SELECT session_auth.merge_table('sessions', 'merge_session', 'INSERT OR UPDATE'),
       session_auth.merge_table('rotated_tokens', 'merge_rotated_token', 'INSERT OR UPDATE'),
       session_auth.merge_table('session_events', 'merge_row', 'INSERT'),
       session_auth.merge_table('revoked_tokens', 'merge_row', 'INSERT'),
       session_auth.merge_table('user_revocations', 'merge_row', 'INSERT'),
       session_auth.merge_table('roles', 'merge_row', 'INSERT'),
       session_auth.merge_table('role_parents', 'merge_row', 'INSERT'),
       session_auth.merge_table('permissions', 'merge_row', 'INSERT');
