-- Adoption: an application keeps its sessions and roles in tables of its own,
-- which stay the source; triggers carry over what changes in them.
--
-- The triggers are attached by the caller, who must own the table; what is in
-- it is read and carried over with the extension's rights, and only where these
-- triggers stand: an administrator cannot adopt somebody else's table.
--
-- Here: what can be adopted, and how it is attached, listed and left.  What
-- becomes of rows is in adopt_sessions.sql and adopt_roles.sql.

CREATE TABLE session_auth.adopted_roles (
  source regclass NOT NULL,
  grant_id bigint NOT NULL REFERENCES session_auth.user_roles ON DELETE CASCADE,
  holders integer NOT NULL DEFAULT 1,
  PRIMARY KEY (source, grant_id)
);
CREATE INDEX adopted_roles_grant_id_idx ON session_auth.adopted_roles (grant_id);
COMMENT ON TABLE session_auth.adopted_roles IS
  'which grants of roles came from which table, so that those made by hand stay';
COMMENT ON COLUMN session_auth.adopted_roles.source IS
  'the table of the application';
COMMENT ON COLUMN session_auth.adopted_roles.grant_id IS
  'the row of user_roles that came from it';
COMMENT ON COLUMN session_auth.adopted_roles.holders IS
  'how many rows of the source say so: the last that goes takes the grant along';

-- Dumps hold the source itself: what was carried over from it would only come
-- back without it.  After a restore adopt_sessions and adopt_roles are repeated.
SELECT pg_catalog.pg_extension_config_dump('session_auth.user_roles',
  'WHERE grant_id NOT IN (SELECT a.grant_id FROM session_auth.adopted_roles a)');

-- What can be adopted.

CREATE FUNCTION session_auth.require_source(source regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  reason text;
BEGIN
  SELECT CASE
    WHEN c.relkind IN ('v', 'm') THEN 'A view fires no triggers: adopt the table that it shows.'
    WHEN c.relkind = 'f' OR EXISTS (
      SELECT FROM pg_partition_tree(c.oid) p JOIN pg_class f ON f.oid = p.relid WHERE f.relkind = 'f')
      THEN 'A foreign table does not tell what changes in it.'
    WHEN c.relpersistence = 't' THEN 'A temporary table is seen by its own connection alone.'
    WHEN c.relkind NOT IN ('r', 'p') OR c.relnamespace = ANY (
      ARRAY['pg_catalog', 'information_schema', 'session_auth']::regnamespace[])
      THEN 'It must be a table of the application.'
    ELSE '' END INTO reason
  FROM pg_class c WHERE c.oid = source;
  IF reason IS DISTINCT FROM '' THEN
    PERFORM session_auth.refuse('source', coalesce(reason, 'It must be a table of the application.'));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_source(regclass) IS
  'internal: 22023 when it is not a table that can be adopted';

CREATE FUNCTION session_auth.require_column(
  source regclass, argument text, column_name name, allowed text[]
) RETURNS text
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
    WHEN t.oid IN ('json'::regtype, 'jsonb'::regtype) THEN 'json'
    WHEN t.oid = 'boolean'::regtype THEN 'boolean'
    WHEN t.oid IN ('uuid'::regtype, 'bytea'::regtype, 'numeric'::regtype) THEN t.typname
    WHEN t.oid IN ('timestamp'::regtype, 'timestamptz'::regtype) THEN t.typname
    END INTO kind
  FROM chain c JOIN pg_type t ON t.oid = c.oid ORDER BY c.step DESC LIMIT 1;
  IF kind IS NULL OR kind <> ALL (allowed) THEN
    PERFORM session_auth.refuse(argument,
      format('Column "%s" of table %s is of type %s; it must be one of: %s.',
        column_name, source, column_type, array_to_string(allowed, ', ')));
  END IF;
  RETURN kind;
END
$$;
COMMENT ON FUNCTION session_auth.require_column(regclass, text, name, text[]) IS
  'internal: the kind of a column; 22023 when it is missing or of a type that cannot be adopted';

-- Arguments of triggers.

CREATE FUNCTION session_auth.trigger_arguments(arguments bytea) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- each ends with a zero byte; in pairs of digits and a space nothing else looks like one
  SELECT coalesce(array_agg(convert_from(decode(replace(p.part, ' ', ''), 'hex'), getdatabaseencoding())
    ORDER BY p.place), '{}')
  FROM string_to_array(regexp_replace(encode($1, 'hex'), '(..)', '\1 ', 'g'), '00 ') a (parts)
  CROSS JOIN LATERAL unnest(a.parts[1:cardinality(a.parts) - 1]) WITH ORDINALITY p (part, place);
END;
COMMENT ON FUNCTION session_auth.trigger_arguments(bytea) IS
  'internal: what pg_trigger.tgargs holds, as texts';

CREATE FUNCTION session_auth.trigger_option(arguments text[], name text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT substr(a.argument, length($2) + 2) FROM unnest($1) a (argument)
  WHERE starts_with(a.argument, $2 || '=') LIMIT 1;
END;
COMMENT ON FUNCTION session_auth.trigger_option(text[], text) IS
  'internal: what a trigger was told by the argument name=value; null when nothing';

-- The row trigger of a source, and what it was told; a partition's is its parent's.
CREATE FUNCTION session_auth.adopted_tables(
  OUT source oid, OUT kind text, OUT arguments text[], OUT fires boolean
) RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.tgrelid, CASE f.proname WHEN 'adopted_session_changed' THEN 'sessions' ELSE 'roles' END,
         session_auth.trigger_arguments(t.tgargs), t.tgenabled = 'A'
  FROM pg_proc f JOIN pg_trigger t ON t.tgfoid = f.oid AND t.tgparentid = 0
  WHERE f.pronamespace = 'session_auth'::regnamespace
    AND f.proname IN ('adopted_session_changed', 'adopted_user_changed');
END;
COMMENT ON FUNCTION session_auth.adopted_tables() IS 'internal: which tables are adopted, and how';

CREATE FUNCTION session_auth.adopted_source(target oid, kind text) RETURNS oid
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = target AND c.relispartition) THEN
    RETURN target;
  END IF;
  RETURN coalesce((
    SELECT a.source FROM session_auth.adopted_tables() a
    JOIN pg_partition_ancestors(target) p ON p.relid = a.source
    WHERE a.kind = adopted_source.kind LIMIT 1), target);
END
$$;
COMMENT ON FUNCTION session_auth.adopted_source(oid, text) IS
  'internal: the table that was adopted, of which this is a partition, or it is itself';

-- Attaching: worked out with the extension's rights, done with the caller's, as
-- protect_table is.  A trigger's arguments are all that it knows, so that it works
-- where a dump of its table is restored.

CREATE FUNCTION session_auth.attach_trigger(
  target regclass, name_of_trigger text, event text, trigger_function text, arguments text[]
) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  VALUES (format('CREATE OR REPLACE TRIGGER %I %s ON %s %s EXECUTE FUNCTION session_auth.%I(%s)', $2, $3, $1,
           CASE WHEN $3 LIKE '%TRUNCATE' THEN 'FOR EACH STATEMENT' ELSE 'FOR EACH ROW' END, $4,
           (SELECT string_agg(quote_literal(a.argument), ', ' ORDER BY a.place)
            FROM unnest($5) WITH ORDINALITY a (argument, place)))),
         (format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', $1, $2)),
         (format('ALTER TRIGGER %I ON %s DEPENDS ON EXTENSION session_auth', $2, $1));
END;
COMMENT ON FUNCTION session_auth.attach_trigger(regclass, text, text, text, text[]) IS
  'internal: the commands that attach one trigger of an adopted table';

-- Partitions inherit triggers for rows, not those for TRUNCATE.
CREATE FUNCTION session_auth.attach_truncate(source regclass, kind text, arguments text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  target regclass;
  truncated text := CASE kind
    WHEN 'sessions' THEN 'adopted_sessions_truncated' ELSE 'adopted_users_truncated' END;
BEGIN
  FOR target IN
    SELECT source UNION SELECT p.relid FROM pg_partition_tree(source) p
  LOOP
    IF NOT EXISTS (
      SELECT FROM pg_trigger t
      JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'session_auth'::regnamespace
      WHERE t.tgrelid = target AND t.tgenabled = 'A' AND f.proname = truncated
        AND session_auth.trigger_arguments(t.tgargs) = arguments
    ) THEN
      RETURN QUERY SELECT session_auth.attach_trigger(target, 'session_auth_adopt_' || kind || '_truncate',
        'BEFORE TRUNCATE', truncated, arguments);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.attach_truncate(regclass, text, text[]) IS
  'internal: the commands that let a source, and each of its partitions, tell when it is emptied';

-- What came from a partition would not follow the rows of its parent.
CREATE FUNCTION session_auth.require_whole(source regclass, kind text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relative regclass := (
    SELECT a.source FROM session_auth.adopted_tables() a
    WHERE a.kind = require_whole.kind AND a.source <> require_whole.source::oid AND a.source IN (
      SELECT p.relid FROM pg_partition_tree(require_whole.source) p
      UNION SELECT p.relid FROM pg_partition_ancestors(require_whole.source) p) LIMIT 1);
BEGIN
  IF relative IS NOT NULL THEN
    PERFORM session_auth.refuse('source', format(
      'Table %s, which is a partition of it or has it as one, is adopted: abandon that first.', relative));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_whole(regclass, text) IS
  'internal: 22023 when a partition of a source, or a table above it, is adopted by itself';

CREATE FUNCTION session_auth.attachment(source regclass, kind text, arguments text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.require_newest_rows();
  PERFORM session_auth.require_whole(source, kind);
  RETURN QUERY SELECT session_auth.attach_trigger(source, 'session_auth_adopt_' || kind,
    'AFTER INSERT OR UPDATE OR DELETE',
    CASE kind WHEN 'sessions' THEN 'adopted_session_changed' ELSE 'adopted_user_changed' END, arguments);
  RETURN QUERY SELECT session_auth.attach_truncate(source, kind, arguments);
END
$$;
COMMENT ON FUNCTION session_auth.attachment(regclass, text, text[]) IS
  'internal: the commands that attach the triggers of an adopted table';

-- A snapshot taken before the table is locked would miss rows, so it must not be
-- the transaction's.
CREATE FUNCTION session_auth.require_newest_rows() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
    RAISE EXCEPTION USING ERRCODE = '55000',
      MESSAGE = 'a table cannot be adopted in this transaction',
      DETAIL = 'Its isolation level must be READ COMMITTED, so that no row is missed.';
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_newest_rows() IS
  'internal: 55000 where a transaction cannot see what others have committed';

-- ENABLE ALWAYS is for a table's owner alone: what carries it was agreed to.
CREATE FUNCTION session_auth.agreed_arguments(source regclass, kind text) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  agreed text[] := (
    SELECT a.arguments FROM session_auth.adopted_tables() a
    WHERE a.source = agreed_arguments.source::oid AND a.kind = agreed_arguments.kind AND a.fires LIMIT 1);
BEGIN
  IF agreed IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('table %s is not adopted', source);
  END IF;
  RETURN agreed;
END
$$;
COMMENT ON FUNCTION session_auth.agreed_arguments(regclass, text) IS
  'internal: what the owner of a table had its trigger told; 42501 when none is attached';

-- Triggers do not descend to the children of an ordinary table.
CREATE FUNCTION session_auth.rows_of(source regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE c.relkind WHEN 'p' THEN $1::text ELSE 'ONLY ' || $1::text END
  FROM pg_class c WHERE c.oid = $1;
END;
COMMENT ON FUNCTION session_auth.rows_of(regclass) IS
  'internal: what stands behind FROM to read the rows of a source';

CREATE FUNCTION session_auth.warn_left_out(source regclass, kind text, left_out jsonb) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint;
  reasons text;
BEGIN
  SELECT sum(l.value::bigint), string_agg(format('%s %s', l.value, l.key), ', '
    ORDER BY l.value::bigint DESC, l.key COLLATE "C")
  INTO n, reasons FROM jsonb_each_text(left_out) l;
  IF n > 0 THEN
    RAISE WARNING USING MESSAGE = format('%s %s of table %s were not adopted', n, kind, source),
      DETAIL = reasons || '.';
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.warn_left_out(regclass, text, jsonb) IS
  'internal: says how many rows were left out, and why';
