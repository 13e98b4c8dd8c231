-- Columns: hidden from who may not view them, in a view; written by who may edit them.

CREATE TABLE session_auth.column_protections (
  target regclass NOT NULL PRIMARY KEY,
  view regclass NOT NULL UNIQUE,
  columns name[] NOT NULL,
  resource text COLLATE "C" NOT NULL,
  owner_column name,
  protected_at timestamptz NOT NULL DEFAULT now(),
  protected_by text COLLATE "C"
);
COMMENT ON TABLE session_auth.column_protections IS
  'what protect_columns hides, and how: one row a table';
COMMENT ON COLUMN session_auth.column_protections.target IS 'the table';
COMMENT ON COLUMN session_auth.column_protections.view IS 'the view that shows it without what is hidden';
COMMENT ON COLUMN session_auth.column_protections.columns IS 'the columns that it hides';
COMMENT ON COLUMN session_auth.column_protections.resource IS
  'what, followed by a dot and a column''s name, permissions are asked on';
COMMENT ON COLUMN session_auth.column_protections.owner_column IS
  'the column that says whose the row is, who sees all of it; null: nobody''s';
COMMENT ON COLUMN session_auth.column_protections.protected_at IS 'when protect_columns was called last';
COMMENT ON COLUMN session_auth.column_protections.protected_by IS
  'the identity''s user or the database role that called it';

-- Dumps hold it; views are restored before data, and so before these rows.
SELECT pg_catalog.pg_extension_config_dump('session_auth.column_protections', '');

CREATE FUNCTION session_auth.guard_columns() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_guard_columns';
COMMENT ON FUNCTION session_auth.guard_columns() IS
  'internal: 42501 for who writes a column, of those that its arguments name after the resource and the owner''s column, '
  'without edit on it, or gives somebody else''s row another owner without view on all of them';

CREATE FUNCTION session_auth.shows_only(view oid, target oid, expressions text[]) RETURNS boolean
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_shows_only';
COMMENT ON FUNCTION session_auth.shows_only(oid, oid, text[]) IS
  'internal: whether a view has these expressions of a table''s columns as its own, and no condition';

-- Whether the caller may see a column: constants of a query, and the owner's column.
CREATE FUNCTION session_auth.shown_column(
  target regclass, column_name name, resource text, owner_column name
) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('CASE WHEN (SELECT session_auth.has_permission(''view'', %L))%s THEN %I END',
    $3 || '.' || $2,
    coalesce(' OR (' || session_auth.identity_condition($1, $4, 'user_id') || ')', ''), $2);
END;
COMMENT ON FUNCTION session_auth.shown_column(regclass, name, text, name) IS
  'internal: what the view of protect_columns has for a hidden column';

CREATE FUNCTION session_auth.shown_columns(
  target regclass, of_relation regclass, columns name[], resource text, owner_column name
) RETURNS TABLE (column_name name, expression text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.attname, CASE WHEN a.attname = ANY ($3)
    THEN session_auth.shown_column($1, a.attname, $4, $5) ELSE quote_ident(a.attname) END
  FROM pg_attribute a WHERE a.attrelid = $2 AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum;
END;
COMMENT ON FUNCTION session_auth.shown_columns(regclass, regclass, name[], text, name) IS
  'internal: the columns of a relation, the table or its view, and what the view has for them';

-- Rows are found by the primary key: its columns, and how they compare.
CREATE FUNCTION session_auth.primary_key(target regclass)
RETURNS TABLE (column_name name, operator text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.attname, format('OPERATOR(%I.%s)', o.oprnamespace::regnamespace, o.oprname)
  FROM pg_constraint c
  CROSS JOIN LATERAL unnest(c.conkey, c.conpfeqop) k (number, operator)
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
  JOIN pg_index i ON i.indexrelid = c.conindid
  JOIN pg_opclass p ON p.oid = i.indclass[array_position(i.indkey::int2[], k.number)]
  JOIN pg_amop m ON m.amopfamily = p.opcfamily AND m.amopstrategy = 3
    AND m.amoplefttype = p.opcintype AND m.amoprighttype = p.opcintype
  JOIN pg_operator o ON o.oid = m.amopopr
  WHERE c.conrelid = $1 AND c.contype = 'p';
END;
COMMENT ON FUNCTION session_auth.primary_key(regclass) IS
  'internal: the columns of a table''s primary key and the operators that compare them; none without one';

-- What writes through the view, as the table's owner, whom its policies bind.  It names
-- the columns that the statement has changed and no others, so that nobody needs edit on
-- what he leaves alone.  A NULL takes the column's default, as a view cannot tell it from
-- a column that is not given.  A row that is no longer what the view has shown was
-- changed at the same time: what was computed from it is not written.
CREATE FUNCTION session_auth.column_writer(
  target regclass, of_relation regclass, columns name[], resource text, owner_column name
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  inserted text;
  updated text;
  shown text;
  shown_new text;
  same text;
  key text;
BEGIN
  SELECT string_agg(CASE WHEN a.atthasdef OR a.attidentity <> ''
      THEN format('CASE WHEN NEW.%I IS NOT NULL THEN %1$L END', a.attname) ELSE quote_literal(a.attname) END, ', ' ORDER BY a.attnum)
      FILTER (WHERE a.attgenerated = ''),
    string_agg(format('CASE WHEN NOT record_image_eq(ROW(NEW.%I), ROW(OLD.%1$I)) THEN %1$L END', a.attname), ', ' ORDER BY a.attnum),
    string_agg(s.expression, ', ' ORDER BY a.attnum), string_agg(format('NEW.%I', a.attname), ', ' ORDER BY a.attnum),
    format('record_image_eq(ROW(%s), ROW(%s))', string_agg(s.expression, ', ' ORDER BY a.attnum),
      string_agg(format('($2).%I', a.attname), ', ' ORDER BY a.attnum))
  INTO inserted, updated, shown, shown_new, same
  FROM pg_attribute a
  JOIN session_auth.shown_columns(target, of_relation, columns, resource, owner_column) s ON s.column_name = a.attname
  WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped;
  SELECT string_agg(format('%I %s ($2).%1$I', k.column_name, k.operator), ' AND ') INTO key
  FROM session_auth.primary_key(target) k;
  RETURN format($source$
-- Written by session_auth.protect_columns(), which also replaces it.
DECLARE
  written text[];
  n bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    written := array_remove(ARRAY[%s]::text[], NULL);
    EXECUTE %L || (
      SELECT coalesce('(' || string_agg(quote_ident(w), ', ') || ') SELECT '
        || string_agg('($1).' || quote_ident(w), ', '), 'DEFAULT VALUES') FROM unnest(written) w) || %L
    INTO %s USING NEW;
    RETURN NEW;
  END IF;
  written := array_remove(ARRAY[%s]::text[], NULL);
  EXECUTE CASE cardinality(written) WHEN 0 THEN %L ELSE %L || (
    SELECT string_agg(quote_ident(w) || ' = ($1).' || quote_ident(w), ', ') FROM unnest(written) w) || %L END
  INTO %s USING NEW, OLD;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n = 0 THEN
    EXECUTE %L INTO n USING NEW, OLD;
    IF n IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'could not serialize access due to concurrent update';
    END IF;
    RETURN NULL;
  END IF;
  RETURN NEW;
END
$source$,
    inserted, format('INSERT INTO %s ', target), ' RETURNING ' || shown, shown_new, updated,
    format('SELECT %s FROM %s WHERE %s AND %s FOR UPDATE', shown, target, key, same),
    format('UPDATE %s SET ', target), format(' WHERE %s AND %s RETURNING %s', key, same, shown), shown_new,
    format('SELECT 1 FROM %s WHERE %s AND NOT %s', target, key, same));
END
$$;
COMMENT ON FUNCTION session_auth.column_writer(regclass, regclass, name[], text, name) IS
  'internal: the source of the function that writes through the view of protect_columns, for the columns of a relation';

-- What a table and its view have lost of what protect_columns did.

CREATE FUNCTION session_auth.column_trigger(target oid, resource text, columns name[], owner_column name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('CREATE OR REPLACE TRIGGER session_auth_columns BEFORE INSERT OR UPDATE ON %s '
    'FOR EACH ROW EXECUTE FUNCTION session_auth.guard_columns(%L, %L, %s)', $1::regclass, $2, coalesce($4, ''),
    (SELECT string_agg(quote_literal(c), ', ' ORDER BY n) FROM unnest($3) WITH ORDINALITY u (c, n)));
END;
COMMENT ON FUNCTION session_auth.column_trigger(oid, text, name[], name) IS
  'internal: the command that guards a table''s hidden columns';

CREATE FUNCTION session_auth.has_column_trigger(
  target oid, resource text, columns name[], owner_column name
) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (
    SELECT FROM pg_trigger t
    WHERE t.tgrelid = $1 AND t.tgname = 'session_auth_columns' AND t.tgenabled IN ('O', 'A')
      -- before, for each row, of insert and update
      AND t.tgfoid = 'session_auth.guard_columns'::regproc AND t.tgtype = 1 + 2 + 4 + 16
      AND t.tgqual IS NULL AND t.tgattr = ''
      AND session_auth.trigger_arguments(t.tgargs) = ARRAY[$2, coalesce($4::text, '')] || $3::text[]);
END;
COMMENT ON FUNCTION session_auth.has_column_trigger(oid, text, name[], name) IS
  'internal: whether what column_trigger makes is there and fires';

-- The events of the view that a function of the application's owner takes over.
CREATE FUNCTION session_auth.view_events(target regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN EXISTS (SELECT FROM session_auth.primary_key($1)) THEN 'INSERT OR UPDATE' ELSE 'INSERT' END;
END;
COMMENT ON FUNCTION session_auth.view_events(regclass) IS
  'internal: what is written through the view by its function: without a primary key inserts alone';

CREATE FUNCTION session_auth.writer_name(view regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('%s.%I', c.relnamespace::regnamespace, left(c.relname, 57) || '_write')
  FROM pg_class c WHERE c.oid = $1;
END;
COMMENT ON FUNCTION session_auth.writer_name(regclass) IS
  'internal: the function that writes through a view of protect_columns';

CREATE FUNCTION session_auth.has_writer(
  target regclass, view regclass, columns name[], resource text, owner_column name
) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (
    SELECT FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid
    JOIN pg_class c ON c.oid = $1 AND c.relowner = f.proowner
    WHERE t.tgrelid = $2 AND t.tgname = 'session_auth_columns' AND t.tgenabled IN ('O', 'A')
      AND t.tgtype = CASE session_auth.view_events($1) WHEN 'INSERT' THEN 1 + 4 + 64 ELSE 1 + 4 + 16 + 64 END
      AND f.prosecdef AND f.proconfig = '{"search_path=pg_catalog, pg_temp"}'
      AND f.prosrc = session_auth.column_writer($1, $2, $3, $4, $5));
END;
COMMENT ON FUNCTION session_auth.has_writer(regclass, regclass, name[], text, name) IS
  'internal: whether the view is written as protect_columns has it written';

CREATE FUNCTION session_auth.lost_columns(
  target regclass, view regclass, columns name[], resource text, owner_column name
) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  lost text[] := '{}';
  expressions text[];
BEGIN
  SELECT array_agg(s.expression) INTO expressions
  FROM session_auth.shown_columns(target, view, columns, resource, owner_column) s;
  IF expressions IS NULL THEN
    lost := lost || 'the view that hides its columns is gone'::text;
  ELSE
    IF NOT EXISTS (
      SELECT FROM pg_class v JOIN pg_class t ON t.oid = target AND t.relowner = v.relowner
      WHERE v.oid = view AND v.relkind = 'v' AND v.reloptions IS NULL
        AND session_auth.shows_only(v.oid, t.oid, expressions))
    THEN
      lost := lost || format('view %s is not as protect_columns writes it', view);
    END IF;
    IF NOT session_auth.has_writer(target, view, columns, resource, owner_column) THEN
      lost := lost || format('view %s is not written as protect_columns has it', view);
    END IF;
  END IF;
  IF NOT session_auth.has_column_trigger(target, resource, columns, owner_column) THEN
    lost := lost || 'trigger session_auth_columns is gone, altered or disabled'::text;
  END IF;
  RETURN lost;
END
$$;
COMMENT ON FUNCTION session_auth.lost_columns(regclass, regclass, name[], text, name) IS
  'internal: what is missing of what protect_columns did; empty when it is whole';

-- Why the view of a table's owner might show other rows than the table.
CREATE FUNCTION session_auth.column_view_leaks(target regclass) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('its owner %I is a superuser or has BYPASSRLS, so a view of his shows every row', r.rolname)
  FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner AND (r.rolsuper OR r.rolbypassrls) WHERE c.oid = $1
  UNION ALL
  SELECT 'row-level security is not enabled and forced, so a view of its owner shows every row'
  FROM pg_class c WHERE c.oid = $1 AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
  UNION ALL
  SELECT format('policy %I is not for PUBLIC, so it does not hold for a view of the table''s owner', p.polname)
  FROM pg_policy p WHERE p.polrelid = $1 AND p.polroles <> '{0}';
END;
COMMENT ON FUNCTION session_auth.column_view_leaks(regclass) IS
  'internal: why the view of protect_columns might not show the rows that its reader may see';

CREATE FUNCTION session_auth.lost_columns_of(target oid) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.lost_columns(p.target, p.view, p.columns, p.resource, p.owner_column)
  FROM session_auth.column_protections p WHERE p.target::oid = $1;
END;
COMMENT ON FUNCTION session_auth.lost_columns_of(oid) IS
  'internal: lost_columns of a table that is remembered';

-- What was protected is remembered with the extension's rights, but only while it
-- stands, and forgotten only when it stands no more: both take the table's owner.

CREATE FUNCTION session_auth.remember_columns(
  target regclass, view regclass, columns name[], resource text, owner_column name
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF $1 IS NULL OR $2 IS NULL OR $3 IS NULL OR $4 IS NULL
    OR session_auth.lost_columns($1, $2, $3, $4, $5) IS DISTINCT FROM '{}'
  THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'only protect_columns says what is hidden';
  END IF;
  INSERT INTO session_auth.column_protections (target, view, columns, resource, owner_column, protected_by)
  VALUES ($1, $2, $3, $4, $5, session_auth.acting_user())
  ON CONFLICT (target) DO UPDATE SET view = excluded.view, columns = excluded.columns,
    resource = excluded.resource, owner_column = excluded.owner_column,
    protected_at = excluded.protected_at, protected_by = excluded.protected_by;
END
$$;
COMMENT ON FUNCTION session_auth.remember_columns(regclass, regclass, name[], text, name) IS
  'internal: notes what protect_columns has done; 42501 when it is not there';

CREATE FUNCTION session_auth.forget_columns(target regclass) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM session_auth.column_protections p
  WHERE p.target::oid = $1::oid
    AND NOT EXISTS (SELECT FROM pg_class v WHERE v.oid = p.view::oid)
    AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = $1 AND t.tgname = 'session_auth_columns');
END;
COMMENT ON FUNCTION session_auth.forget_columns(regclass) IS
  'internal: forgets the columns of a table that has neither the view nor the trigger of protect_columns';

CREATE FUNCTION session_auth.check_columns(target regclass, columns name[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  problem text;
BEGIN
  SELECT format('Table %s has no column "%s".', target, c) INTO problem FROM unnest(columns) c
  WHERE NOT EXISTS (SELECT FROM pg_attribute a
    WHERE a.attrelid = target AND a.attname = c AND a.attnum > 0 AND NOT a.attisdropped);
  IF FOUND THEN
    PERFORM session_auth.refuse('columns', problem);
  END IF;
  IF coalesce(cardinality(columns), 0) = 0 OR (SELECT count(DISTINCT c) FROM unnest(columns) c) < cardinality(columns) THEN
    PERFORM session_auth.refuse('columns', 'They must be the names of columns to be hidden, each once.');
  END IF;
  IF EXISTS (SELECT FROM session_auth.primary_key(target) k WHERE k.column_name = ANY (columns)) THEN
    PERFORM session_auth.refuse('columns', 'Columns of the primary key cannot be hidden.');
  END IF;
  IF cardinality(columns) = (SELECT count(*) FROM pg_attribute a
    WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped)
  THEN
    PERFORM session_auth.refuse('columns', 'One column at least must not be hidden.');
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.check_columns(regclass, name[]) IS
  'internal: 22023 for columns that cannot be hidden';

-- The view's owner is the table's, who has to be able to ask, and whom policies bind.
CREATE FUNCTION session_auth.check_column_owner(target regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  problem text;
  owner regrole := (SELECT c.relowner FROM pg_class c WHERE c.oid = target);
BEGIN
  SELECT min(l) INTO problem FROM session_auth.column_view_leaks(target) l;
  IF problem IS NOT NULL THEN
    PERFORM session_auth.refuse('target', format('Table %s: %s.', target, problem));
  END IF;
  IF NOT (has_schema_privilege(owner, 'session_auth', 'USAGE')
    AND has_function_privilege(owner, 'session_auth.has_permission(text, text)', 'EXECUTE'))
  THEN
    PERFORM session_auth.refuse('target',
      format('Its owner %s has no usage of session_auth: SELECT session_auth.grant_usage(%L, %L).', owner, owner, 'request'));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.check_column_owner(regclass) IS
  'internal: 22023 when a view of the table''s owner would show other rows than the table';

CREATE FUNCTION session_auth.column_protection(
  target regclass, columns name[], view name, resource text, owner_column name
) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name_of_resource text;
  name_of_view text;
  writer text;
  owner regrole;
  before session_auth.column_protections;
BEGIN
  PERFORM session_auth.require_table(target);
  PERFORM session_auth.check_columns(target, columns);
  PERFORM session_auth.check_column_owner(target);
  SELECT coalesce($4, c.relname), format('%s.%I', c.relnamespace::regnamespace, coalesce($3, left(c.relname, 55) || '_visible')),
    format('%s.%I', c.relnamespace::regnamespace, left(coalesce($3, left(c.relname, 55) || '_visible'), 57) || '_write'),
    c.relowner
  INTO name_of_resource, name_of_view, writer, owner FROM pg_class c WHERE c.oid = target;
  PERFORM session_auth.check_argument('resource', name_of_resource);
  PERFORM session_auth.check_argument('resource', name_of_resource || '.' || c) FROM unnest(columns) c;
  IF owner_column IS NOT NULL THEN
    PERFORM session_auth.identity_expression(target, owner_column, 'user_id');
    IF owner_column = ANY (columns) THEN
      PERFORM session_auth.refuse('owner_column', 'It must not be one of the columns that are hidden.');
    END IF;
  END IF;
  SELECT p.* INTO before FROM session_auth.column_protections p WHERE p.target::oid = $1::oid;
  IF before.view::oid IS DISTINCT FROM to_regclass(name_of_view)::oid AND (to_regclass(name_of_view) IS NOT NULL
    OR EXISTS (SELECT FROM pg_class v WHERE v.oid = before.view::oid))
  THEN
    PERFORM session_auth.refuse('view', CASE WHEN to_regclass(name_of_view) IS NOT NULL
      THEN format('There is a relation %s already.', name_of_view)
      ELSE format('Table %s has the view %s: call unprotect_columns first.', target, before.view) END);
  END IF;
  RETURN NEXT format('CREATE OR REPLACE VIEW %s AS SELECT %s FROM %s', name_of_view, (
    SELECT string_agg(format('%s AS %I', s.expression, s.column_name), ', ')
    FROM session_auth.shown_columns(target, target, columns, name_of_resource, owner_column) s), target);
  RETURN NEXT format('COMMENT ON VIEW %s IS %L', name_of_view,
    format('%s without what session_auth.protect_columns hides', target));
  RETURN NEXT format('CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER '
    'SET search_path = pg_catalog, pg_temp AS %L', writer,
    session_auth.column_writer(target, target, columns, name_of_resource, owner_column));
  RETURN NEXT format('REVOKE ALL ON FUNCTION %s() FROM PUBLIC', writer);
  RETURN NEXT format('CREATE OR REPLACE TRIGGER session_auth_columns INSTEAD OF %s ON %s FOR EACH ROW EXECUTE FUNCTION %s()',
    session_auth.view_events(target), name_of_view, writer);
  RETURN NEXT session_auth.column_trigger(target, name_of_resource, columns, owner_column);
  RETURN NEXT format('ALTER VIEW %s OWNER TO %s', name_of_view, owner);
  RETURN NEXT format('ALTER FUNCTION %s() OWNER TO %s', writer, owner);
  RETURN NEXT format('SELECT session_auth.remember_columns(%L, %L, %L, %L, %L)',
    target, name_of_view, columns, name_of_resource, owner_column);
END
$$;
COMMENT ON FUNCTION session_auth.column_protection(regclass, name[], name, text, name) IS
  'internal: the commands of protect_columns; 22023 for a bad argument';

CREATE FUNCTION session_auth.protect_columns(
  target regclass,
  columns name[],
  view name DEFAULT NULL,
  resource text DEFAULT NULL,
  owner_column name DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN SELECT session_auth.column_protection(target, columns, view, resource, owner_column) LOOP
    EXECUTE command;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.protect_columns(regclass, name[], name, text, name) IS
  'Makes a view (TARGET_visible by default) of a table that shows each of these columns only to who may '
  'view the resource TARGET.COLUMN, and (owner_column) on one''s own rows; elsewhere it is NULL. It '
  'shows the rows that the table''s policies show: these must be forced, for PUBLIC, and the table''s '
  'owner no superuser. Who writes such a column, through the view or in the table, needs edit on it '
  '(42501). Give request roles SELECT on the view and not on the hidden columns of the table. Repeating '
  'it replaces the view. The caller must own the table. 22023 for a bad argument.';

CREATE FUNCTION session_auth.column_unprotection(target regclass) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  before session_auth.column_protections;
BEGIN
  PERFORM session_auth.require_table(target);
  SELECT p.* INTO before FROM session_auth.column_protections p WHERE p.target::oid = $1::oid;
  IF EXISTS (SELECT FROM pg_class v WHERE v.oid = before.view::oid) THEN
    RETURN NEXT format('DROP VIEW %s', before.view);
    RETURN NEXT format('DROP FUNCTION IF EXISTS %s()', session_auth.writer_name(before.view));
  END IF;
  RETURN NEXT format('DROP TRIGGER IF EXISTS session_auth_columns ON %s', target);
  RETURN NEXT format('SELECT session_auth.forget_columns(%L)', target);
END
$$;
COMMENT ON FUNCTION session_auth.column_unprotection(regclass) IS
  'internal: the commands of unprotect_columns; 22023 for a bad argument';

CREATE FUNCTION session_auth.unprotect_columns(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN SELECT session_auth.column_unprotection(target) LOOP
    EXECUTE command;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.unprotect_columns(regclass) IS
  'Takes back what protect_columns did, its view included; fails while something else depends on that.';

CREATE FUNCTION session_auth.column_problems()
RETURNS TABLE (severity text, object text, problem text, advice text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH remembered AS (
    SELECT p.*, p.target::text AS name,
      format('SELECT session_auth.protect_columns(%L, %L, %L, %L%s)', p.target, p.columns,
        (SELECT v.relname FROM pg_class v WHERE v.oid = p.view::oid), p.resource,
        coalesce(', ' || quote_literal(p.owner_column), '')) AS remedy
    FROM session_auth.column_protections p JOIN pg_class c ON c.oid = p.target::oid
  ), askers AS (
    SELECT r.oid, r.rolname, r.rolcanlogin FROM session_auth.request_roles() q (oid) JOIN pg_roles r ON r.oid = q.oid
  )
  SELECT 'error', r.name, lost.problem, r.remedy
  FROM remembered r
  CROSS JOIN LATERAL unnest(session_auth.lost_columns(r.target, r.view, r.columns, r.resource, r.owner_column)) lost (problem)
  UNION ALL
  SELECT 'error', r.view::text, format('it hides columns of %s; %s', r.name, l.problem),
         'Let a role own the table that policies bind, with policies for PUBLIC, enabled and forced.'
  FROM remembered r CROSS JOIN LATERAL session_auth.column_view_leaks(r.target) l (problem)
  UNION ALL
  SELECT 'error', m.relid::text,
         format('%s can read the hidden columns %s without the view', quote_ident(a.rolname), string_agg(quote_ident(c.attname), ', ')),
         format('REVOKE SELECT ON %s FROM %I, and GRANT SELECT on the other columns where it needs them', m.relid, a.rolname)
  FROM remembered r
  CROSS JOIN LATERAL (SELECT r.target UNION SELECT t.relid FROM pg_partition_tree(r.target) t) m (relid)
  JOIN pg_attribute c ON c.attrelid = m.relid::oid AND c.attname = ANY (r.columns)
  JOIN pg_class t ON t.oid = c.attrelid
  -- an owner that nobody logs in as may need a usage, to be asked for by the view
  JOIN askers a ON has_column_privilege(a.oid, c.attrelid, c.attnum, 'SELECT') AND (a.oid <> t.relowner OR a.rolcanlogin)
  GROUP BY m.relid, a.rolname
  UNION ALL
  SELECT 'warning', r.name, format('column %I is not in view %s', t.attname, r.view), r.remedy
  FROM remembered r
  JOIN pg_attribute t ON t.attrelid = r.target::oid AND t.attnum > 0 AND NOT t.attisdropped
  WHERE EXISTS (SELECT FROM pg_class v WHERE v.oid = r.view::oid) AND NOT EXISTS (
    SELECT FROM pg_attribute v WHERE v.attrelid = r.view::oid AND v.attname = t.attname AND v.attnum > 0);
END;
COMMENT ON FUNCTION session_auth.column_problems() IS
  'internal: what check_policies says about columns that are hidden';
