-- What the catalogs say of the extension, one fact a row, the same after any way
-- of installing it: two lists that differ are two different extensions.  Column
-- numbers are facts, as the library reads rows by position.
WITH extension AS (
  SELECT e.* FROM pg_extension e WHERE e.extname = 'session_auth'
), member AS (
  SELECT d.classid, d.objid, i.type, i.identity
  FROM extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  CROSS JOIN pg_identify_object(d.classid, d.objid, 0) i
), relation AS (
  SELECT c.*, m.identity FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
), acl (kind, object, acl) AS (
  SELECT m.type, m.identity, n.nspacl FROM member m JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND n.oid = m.objid
  UNION ALL SELECT m.type, m.identity, p.proacl FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
  UNION ALL SELECT m.type, m.identity, t.typacl FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
  UNION ALL SELECT 'relation', r.identity, r.relacl FROM relation r
  UNION ALL SELECT 'column', r.identity || '.' || a.attname, a.attacl
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attacl IS NOT NULL
  UNION ALL SELECT 'initially', m.identity || '.' || i.objsubid, i.initprivs
    FROM member m JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid
)
SELECT format('member %s %s', m.type, m.identity) AS fact FROM member m
UNION ALL
SELECT format('comment on %s, column %s: %s', i.identity, d.objsubid, d.description)
FROM member m
JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
CROSS JOIN pg_identify_object(d.classoid, d.objoid, 0) i
UNION ALL
SELECT format('rights on %s %s: %s', a.kind, a.object,
  coalesce((SELECT string_agg(i::text, ', ' ORDER BY i::text COLLATE "C") FROM unnest(a.acl) i), 'default'))
FROM acl a
UNION ALL
SELECT format('function %s cost %s rows %s leakproof %s library %s body %s', pg_get_functiondef(p.oid), p.procost,
  p.prorows, p.proleakproof, p.probin, p.prosrc)
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
UNION ALL
SELECT format('relation %s kind %s persistence %s options %s replica identity %s row security %s %s',
  r.identity, r.relkind, r.relpersistence, r.reloptions, r.relreplident, r.relrowsecurity, r.relforcerowsecurity)
FROM relation r
UNION ALL
SELECT format('column %s.%s %s type %s collation %s not null %s default %s identity %s generated %s storage %s statistics %s',
  r.identity, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull,
  pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attstorage,
  coalesce(nullif(a.attstattarget, -1)::text, 'default'))
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL
SELECT format('constraint %s on %s: %s, valid %s', c.conname, r.identity, pg_get_constraintdef(c.oid), c.convalidated)
FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
UNION ALL
SELECT format('index on %s: %s, options %s, valid %s', r.identity, pg_get_indexdef(i.indexrelid), c.reloptions, i.indisvalid)
FROM relation r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid
UNION ALL
SELECT format('trigger on %s: %s, enabled %s', r.identity, pg_get_triggerdef(t.oid), t.tgenabled)
FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
UNION ALL
SELECT format('rule on %s: %s', r.identity, pg_get_ruledef(w.oid))
FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid
UNION ALL
SELECT format('policy %s on %s for %s, permissive %s, roles %s, using %s, check %s', p.polname, r.identity, p.polcmd,
  p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
SELECT format('sequence %s type %s start %s step %s min %s max %s cache %s cycle %s', r.identity, s.seqtypid::regtype,
  s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
UNION ALL
SELECT format('event trigger %s on %s, tags %s, enabled %s, function %s', t.evtname, t.evtevent, t.evttags, t.evtenabled,
  t.evtfoid::regprocedure)
FROM member m JOIN pg_event_trigger t ON m.classid = 'pg_event_trigger'::regclass AND t.oid = m.objid
UNION ALL
SELECT format('type %s kind %s base %s default %s constraint %s labels %s', m.identity, t.typtype,
  format_type(t.typbasetype, t.typtypmod), t.typdefault,
  (SELECT string_agg(pg_get_constraintdef(c.oid), ', ' ORDER BY c.conname) FROM pg_constraint c WHERE c.contypid = t.oid),
  (SELECT array_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid))
FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
UNION ALL
SELECT format('dumped %s %s', t.oid::regclass, e.extcondition[t.place])
FROM extension e, unnest(e.extconfig) WITH ORDINALITY t (oid, place)
UNION ALL
SELECT format('extension in %s, relocatable %s', e.extnamespace::regnamespace, e.extrelocatable) FROM extension e
ORDER BY fact;
