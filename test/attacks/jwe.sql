-- Attack: Auth.js cookies that are nearly good: each part changed in places, cut, empty or
-- exchanged with another cookie's, the tag shortened, the last block's padding changed to
-- ask for an oracle, another enc, alg or zip. test/vectors and test/pgtap/tokens_encrypted
-- have what the real library makes. Holds: dir alone, the MAC before anything is
-- decrypted, one error for all of it. Guards: src/pure/crypto_aead.c, the tag of A256CBC-HS512 and
-- A256GCM; src/pure/jwe.c, jwe_parse().
-- Also: test/pgtap/tokens_encrypted.sql, test/t/vectors.t.
\set vectors `sed 's/[\]u[0-9a-f]*//g' test/vectors/frameworks.json`
CREATE TEMP TABLE good AS
  SELECT v ->> 'kind' AS kind, v ->> 'secret' AS secret, v ->> 'token' AS token, v ->> 'salt' AS salt, row_number() OVER (PARTITION BY v ->> 'kind', v ->> 'secret' ORDER BY v ->> 'id') AS n
  FROM jsonb_array_elements(:'vectors'::jsonb -> 'vectors') v
  WHERE v ->> 'kind' IN ('authjs_v5_a256cbc', 'authjs_v5_a256gcm', 'nextauth_v4') AND v ->> 'expect' = 'ok' AND v ->> 'now' IS NULL AND v ->> 'token' NOT LIKE '%"%';
GRANT ALL ON good TO PUBLIC;
SELECT session_auth.add_authjs_secret(secret) FROM (SELECT DISTINCT secret FROM good) s \g /dev/null
DELETE FROM good g WHERE NOT EXISTS (SELECT FROM session_auth.verify_session(g.token)) OR (kind, n) NOT IN (SELECT kind, min(n) FROM good h WHERE EXISTS (SELECT FROM session_auth.verify_session(h.token)) GROUP BY kind);

-- One character of a part, changed in each of its bits that a byte holds.
CREATE FUNCTION public.flipped(part text, place int) RETURNS text LANGUAGE sql AS $$
  SELECT overlay(part PLACING CASE substr(part, place, 1) WHEN 'Q' THEN 'g' ELSE 'Q' END FROM place FOR 1) $$;
CREATE FUNCTION public.with_part(token text, which int, part text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(CASE n WHEN which THEN part ELSE p END, '.' ORDER BY n) FROM unnest(string_to_array(token, '.')) WITH ORDINALITY u (p, n) $$;
CREATE TEMP TABLE bad AS
  SELECT g.kind, format('part %s, character %s', which, place) AS what, with_part(g.token, which, flipped(split_part(g.token, '.', which), place)) AS token
  FROM good g, unnest('{1,3,4,5}'::int[]) which, LATERAL (SELECT DISTINCT greatest(1, length(split_part(g.token, '.', which)) * i / 10) AS place FROM generate_series(0, 9) i) p
  UNION ALL SELECT g.kind, format('part %s of %s characters less', which, less), with_part(g.token, which, left(split_part(g.token, '.', which), -less)) FROM good g, unnest('{1,3,4,5}'::int[]) which, unnest('{1,4,8,16}'::int[]) less
  UNION ALL SELECT g.kind, 'a tag of ' || size, with_part(g.token, 5, repeat('A', size)) FROM good g, unnest('{0,1,16,22,43}'::int[]) size
  UNION ALL SELECT g.kind, 'padding, byte ' || i, with_part(g.token, 4, left(split_part(g.token, '.', 4), -3) || translate(encode(decode(lpad(to_hex(i * 37 % 65536), 4, '0'), 'hex'), 'base64'), '+/=', '-_')) FROM good g, generate_series(1, 256) i
  UNION ALL SELECT g.kind, 'an encrypted key', with_part(g.token, 2, 'AAAA') FROM good g
  UNION ALL SELECT g.kind, 'header ' || header, with_part(g.token, 1, translate(rtrim(replace(encode(convert_to(header, 'UTF8'), 'base64'), E'\n', ''), '='), '+/', '-_')) FROM good g, unnest(ARRAY['{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}', '{"alg":"A256KW","enc":"A256GCM"}', '{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2c":2147483647,"p2s":"AAAA"}', '{"alg":"RSA-OAEP","enc":"A256GCM"}', '{"alg":"dir","enc":"A128CBC-HS256"}', '{"alg":"dir","enc":"none"}']) header
  UNION ALL SELECT g.kind, 'part ' || which || ' of another', with_part(g.token, which, split_part(h.token, '.', which)) FROM good g JOIN good h ON h.kind <> g.kind, unnest('{1,3,4,5}'::int[]) which;
DELETE FROM bad b USING good g WHERE b.token = g.token;
SELECT plan(5);
SELECT cmp_ok(count(*), '>=', 2::bigint, 'there are cookies of several versions that are good') FROM good;
SELECT cmp_ok(count(*), '>', 500::bigint, 'and many that are nearly so') FROM bad;
SELECT is_empty('SELECT b.kind, b.what FROM bad b, LATERAL session_auth.verify_session(b.token)', 'none of them opens anything');
CREATE FUNCTION public.said(token text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM session_auth.authenticate(token); RETURN 'accepted'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END $$;
SELECT set_eq('SELECT said(token) FROM bad', ARRAY['28000 invalid or expired session token'], 'one error for all of them: no oracle');
SELECT is_empty('SELECT kind FROM good g WHERE NOT EXISTS (SELECT FROM session_auth.verify_session(g.token))', 'the good ones still are');

SELECT * FROM finish();
