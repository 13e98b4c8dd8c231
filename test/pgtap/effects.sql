-- What grants and denials mean together: the verdict, its explanation and the enumeration
-- say the same as the tables do in plain SQL, over random sets of roles that inherit, with
-- grants, denials and every kind of pattern.  Siblings: permissions.sql, test/t/permission_oracle.t.
SELECT plan(7);

CREATE TABLE public.actions AS SELECT a AS action FROM unnest('{view,edit,*}'::text[]) a;
CREATE TABLE public.stored AS SELECT r AS resource FROM unnest('{a,b,a:,a:b,a:b:c,a/b,a:b/c,*,a:*,a:b:*,a/*,a:b/*,:*,/*,**,x*}'::text[]) r;
CREATE TABLE public.asked AS SELECT resource FROM stored UNION SELECT unnest('{a:b:,a:bc,a:b/c/d,a/b:c,/,:,/x,:x,ab,xy,:a/b,a:b:c:d}'::text[]);
-- names that are too long to be kept in two words
INSERT INTO stored SELECT 'a:b:' || repeat('long/', 4) || r FROM unnest(ARRAY['', '*', 'x']) r;
INSERT INTO asked SELECT 'a:b:' || repeat('long/', 4) || r FROM unnest(ARRAY['', '*', 'x', 'y', 'z/1']) r;

CREATE TABLE public.held (role text COLLATE "C", via text COLLATE "C", action text COLLATE "C", resource text COLLATE "C", denied boolean);

-- Eight roles, of which each inherits from some before it, and up to fifteen permissions.
CREATE FUNCTION public.make_world() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM session_auth.roles WHERE role LIKE 'W%';
  INSERT INTO session_auth.roles SELECT 'W' || n FROM generate_series(1, 8) n;
  INSERT INTO session_auth.role_parents SELECT 'W' || r, 'W' || p FROM generate_series(1, 8) r, generate_series(1, r - 1) p WHERE random() < 0.2;
  INSERT INTO session_auth.permissions (role, action, resource, denied)
  SELECT 'W' || 1 + (random() * 7)::int, action, resource, random() < 0.3
  FROM (SELECT action, resource FROM actions, stored ORDER BY random() LIMIT (random() * 15)::int) p
  ON CONFLICT DO NOTHING;
  DELETE FROM held;
  INSERT INTO held
  WITH RECURSIVE c AS (
    SELECT role, role AS via FROM session_auth.roles WHERE role LIKE 'W%'
    UNION
    SELECT c.role, p.parent FROM c JOIN session_auth.role_parents p ON p.role = c.via)
  SELECT c.role, c.via, p.action, p.resource, p.denied FROM c JOIN session_auth.permissions p ON p.role = c.via;
END $$;

CREATE VIEW public.verdicts AS
SELECT r.role, r.action, r.resource,
  coalesce(bool_and(NOT h.denied), false) AS expected,
  session_auth.has_permission(r.role, r.action, r.resource) AS verdict
FROM (SELECT * FROM session_auth.roles, actions, asked WHERE random() < 0.15 OFFSET 0) r (role, action, resource)
LEFT JOIN held h ON h.role = r.role AND h.action IN ('*', r.action)
  AND (h.resource IN ('*', r.resource) OR h.resource ~ '[:/]\*$' AND starts_with(r.resource, left(h.resource, -1)))
WHERE r.role LIKE 'W%'
GROUP BY 1, 2, 3;

CREATE PROCEDURE public.compare(worlds int, INOUT asked bigint, INOUT allowed bigint, INOUT wrong bigint, INOUT unexplained bigint, INOUT unfounded bigint, INOUT unlisted bigint, INOUT everything bigint)
LANGUAGE plpgsql AS $$
DECLARE
  n record;
BEGIN
  FOR i IN 1..worlds LOOP
    PERFORM make_world();
    COMMIT;
    SELECT count(*) AS asked, count(*) FILTER (WHERE verdict) AS allowed, count(*) FILTER (WHERE v.expected <> v.verdict) AS wrong,
      count(*) FILTER (WHERE e.allowed <> v.verdict) AS unexplained,
      -- what is said to decide is held, covers the question, and has the effect of the verdict
      count(*) FILTER (WHERE CASE WHEN e.via_role IS NULL THEN v.verdict ELSE NOT EXISTS (
        SELECT FROM held h WHERE h.role = v.role AND h.via = e.via_role AND h.action = e.grant_action AND h.resource = e.grant_resource AND h.denied <> v.verdict
          AND h.action IN ('*', v.action) AND (h.resource IN ('*', v.resource) OR h.resource ~ '[:/]\*$' AND starts_with(v.resource, left(h.resource, -1)))) END) AS unfounded
    INTO n FROM verdicts v CROSS JOIN LATERAL session_auth.explain_permission(v.role, v.action, v.resource) e;
    asked := asked + n.asked; allowed := allowed + n.allowed; wrong := wrong + n.wrong; unexplained := unexplained + n.unexplained; unfounded := unfounded + n.unfounded;
    -- what is granted by name and allowed is listed, and nothing else; {*} is all, without exceptions
    SELECT count(*) FILTER (WHERE p.list = '{*}') AS everything,
      count(*) FILTER (WHERE p.list IS DISTINCT FROM CASE
        WHEN p.verdict_on_all AND NOT EXISTS (SELECT FROM held h WHERE h.role = p.role AND h.action IN ('*', p.action) AND h.denied) THEN '{*}'::text[]
        ELSE ARRAY(SELECT DISTINCT h.resource COLLATE "C" FROM held h WHERE h.role = p.role AND h.action IN ('*', p.action) AND NOT h.denied AND h.resource <> '*'
          AND session_auth.has_permission(p.role, p.action, h.resource) ORDER BY 1) END) AS unlisted
    INTO n FROM (SELECT r.role, a.action, session_auth.permitted_resources(r.role, a.action) AS list, session_auth.has_permission(r.role, a.action, '*') AS verdict_on_all
      FROM session_auth.roles r, actions a WHERE r.role LIKE 'W%') p;
    unlisted := unlisted + n.unlisted; everything := everything + n.everything;
  END LOOP;
END $$;

SET jit = off;
SELECT setseed(0.2718);
CALL public.compare(400, 0, 0, 0, 0, 0, 0, 0) \gset
SELECT cmp_ok(:asked, '>', 30000, 'many questions were asked');
SELECT ok(:allowed > :asked / 20 AND :allowed < :asked / 2 AND :everything > 20, 'of which some were allowed');
SELECT is(:wrong, 0, 'every verdict is what the tables say');
SELECT is(:unexplained, 0, '… and what its explanation says');
SELECT is(:unfounded, 0, '… by a permission that is held and decides');
SELECT is(:unlisted, 0, 'the enumeration lists what is granted by name and allowed');
SELECT is((SELECT count(*) FROM session_auth.list_permissions() l FULL JOIN public.held h ON l.role = h.role AND l.via_role = h.via AND l.action = h.action AND l.resource = h.resource AND l.effect = CASE WHEN h.denied THEN 'deny' ELSE 'allow' END
  WHERE coalesce(h.role, l.role) LIKE 'W%' AND (l.role IS NULL OR h.role IS NULL)), 0::bigint, 'the list is what roles hold, inherited too');
SELECT * FROM finish();
