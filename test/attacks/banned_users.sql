-- Attack: a user who was banned in the application goes on: with the session of before, with
-- a connection's identity, with one that a sign-in under way creates, with signed tokens and
-- better-auth's cache, and once more when the ban is over. An administrator who was banned or
-- deleted goes on as another user. Somebody who acts as another user passes for that user, or takes the cache
-- of one organization into another.
-- Holds: a ban ends what there is, for good, and nothing that came to be before its end is good; who acts is told.
-- Guards: sql/parts/adopt_bans.sql; sql/parts/adopt_sessions.sql take_over_sessions(); sql/parts/purge.sql purge_bans();
-- src/verify/issuing.c issuing_second(); src/verify/revocation.c revocation_check_session(),
-- revocation_check(); src/sql/sql_adopt.c begin_session(); src/sql/adopted_row.c read_actor();
-- src/verify/external_read.c read_actor(); src/verify/verify.c add_session_behind().
SELECT plan(44);
\ir ../pgtap/tokens.psql
\ir ../pgtap/jwe.psql
\ir ../pgtap/cookies.psql
SET client_min_messages = error;
\set key 'the secret of an application, long enough'

CREATE TABLE "user" (id text PRIMARY KEY, role text, banned boolean, "banExpires" timestamptz);
CREATE TABLE session (token text, "userId" text, "expiresAt" timestamptz, "activeOrganizationId" text, "impersonatedBy" text);
INSERT INTO "user" VALUES ('ann', 'user', false, NULL), ('ben', 'user', true, NULL), ('cid', 'user', false, NULL);
INSERT INTO session VALUES ('ann-0123456789abcdefghijklmnopqrs', 'ann', '2100-01-01', 'acme', NULL), ('ben-0123456789abcdefghijklmnopqrs', 'ben', '2100-01-01', NULL, NULL);
SELECT session_auth.add_cookie_secret('better-auth', :'key'), session_auth.add_key(NULL, 'HS256', '0123456789abcdef0123456789abcdef') \g /dev/null
SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', tenant_column => 'activeOrganizationId', signed_only => false) \g /dev/null
SELECT is(who('ben-0123456789abcdefghijklmnopqrs'), 'ben', 'who is banned already has a session');
SELECT session_auth.adopt_roles('"user"', 'id', 'role') \g /dev/null
SELECT is(who('ben-0123456789abcdefghijklmnopqrs'), 'nobody', 'no longer than until the table is adopted');

-- what there is when the ban begins
CREATE FUNCTION public.cache(token text, who text, key text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT 'better-auth.session_data=' || raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', jsonb_build_object('exp', in_seconds(300), 'session', jsonb_build_object('id', 's', 'userId', who, 'token', token, 'expiresAt', '2100-01-01T00:00:00.000Z') || more, 'user', jsonb_build_object('id', who))::text,
    hkdf(key, 'better-auth-session', 'BetterAuth.js Generated Encryption Key'))
    || '; better-auth.session_token=' || token || '.' || replace(replace(replace(encode(hmac(token, key, 'sha256'), 'base64'), '+', '%2B'), '/', '%2F'), '=', '%3D') $$;
SELECT cache('ann-0123456789abcdefghijklmnopqrs', 'ann', :'key') AS cached, cache('unknown-0123456789abcdefghijklmno', 'ann', :'key') AS alone, session_auth.issue_token('ann', '1 hour') AS jwt, session_auth.issue_token('cid', '1 hour') AS cid_jwt \gset
SELECT token AS cid FROM session_auth.create_session('cid') \gset
SELECT is(who('ann-0123456789abcdefghijklmnopqrs') || who_asks(:'cached') || who_asks(:'alone') || who(:'jwt') || who(:'cid_jwt'), 'annannannanncid', 'sessions, caches and signed tokens are open');
UPDATE "user" SET banned = true WHERE id = 'ann';
SELECT is(who('ann-0123456789abcdefghijklmnopqrs'), 'nobody', 'a ban ends the session');
SELECT is((SELECT count(*) FROM session_auth.sessions WHERE user_id = 'ann' AND ended_at IS NULL), 0::bigint, '… at once: none is listed as open');
SELECT is(who_asks(:'cached') || who_asks(:'alone'), 'nobodynobody', 'and the cache, with a session that is known or without');
SELECT is(who(:'jwt'), 'nobody', 'and the signed token');
SELECT session_auth.authenticate(:'cid', scope => 'connection') \g /dev/null
SELECT is(session_auth.user_id() || who(:'cid_jwt'), 'cidcid', 'of nobody else');

-- what comes while it lasts
INSERT INTO session VALUES ('ann-late-0123456789abcdefghijklmno', 'ann', '2100-01-01', NULL, NULL);
SELECT token AS late FROM session_auth.create_session('ann') \gset
SELECT session_auth.issue_token('ann', '1 hour') AS late_jwt \gset
SELECT is(who('ann-late-0123456789abcdefghijklmno') || who(:'late') || who(:'late_jwt'), 'nobodynobodynobody', 'a sign-in that was under way opens nothing');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', :'late'), '28000', 'invalid or expired session token', 'as any refused token');
-- as if the session had been created between the ban's look for sessions and its commit
UPDATE session_auth.bans SET user_id = 'cid' WHERE user_id = 'ann';
SELECT is(session_auth.user_id(), NULL, 'an identity of a connection ends with the ban of its user');
SELECT is(who(:'cid') || who(:'cid_jwt'), 'nobodynobody', 'a session and a token that the ban has missed open nothing');
UPDATE session_auth.bans SET user_id = 'ann' WHERE user_id = 'cid';

-- when it is over
UPDATE "user" SET banned = false WHERE id = 'ann';
SELECT is(who('ann-0123456789abcdefghijklmnopqrs') || who_asks(:'cached') || who_asks(:'alone') || who(:'jwt') || who('ann-late-0123456789abcdefghijklmno'), 'nobodynobodynobodynobodynobody', 'its end brings nothing back');
SELECT is(who(session_auth.issue_token('ann', '1 hour')), 'ann', 'a token that is issued then is good, also in the same second');
UPDATE session SET "activeOrganizationId" = 'other' WHERE "userId" = 'ann';
SELECT is(who('ann-0123456789abcdefghijklmnopqrs'), 'nobody', 'a row that is written again brings nothing back');
SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', tenant_column => 'activeOrganizationId', signed_only => false) \g /dev/null
SELECT is(who('ann-late-0123456789abcdefghijklmno'), 'nobody', 'nor does a table that is adopted again');
DELETE FROM session WHERE "userId" = 'ann' AND token LIKE '%late%';
INSERT INTO session VALUES ('ann-late-0123456789abcdefghijklmno', 'ann', '2100-01-01', NULL, NULL);
SELECT is(who('ann-late-0123456789abcdefghijklmno'), 'nobody', 'nor does a row that is deleted and comes again');
-- as if what the ban has ended had been purged since
DELETE FROM session_auth.sessions;
SELECT session_auth.adopt_sessions('session', 'token', 'userId', 'expiresAt', tenant_column => 'activeOrganizationId', signed_only => false) \g /dev/null
SELECT is(who('ann-0123456789abcdefghijklmnopqrs') || who('ann-late-0123456789abcdefghijklmno'), 'nobodynobody', 'nor does a table that is adopted again when they have been purged');
INSERT INTO session VALUES ('ann-again-0123456789abcdefghijklmn', 'ann', '2100-01-01', 'acme', NULL);
SELECT is(who('ann-again-0123456789abcdefghijklmn'), 'ann', 'a new sign-in is one');

-- who acts, and where
CREATE FUNCTION public.created_now(more jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT more || jsonb_build_object('createdAt', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) $$;
CREATE FUNCTION public.acts(token text, tenant text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text;
BEGIN
  PERFORM session_auth.authenticate_request(token, NULL, tenant => acts.tenant, on_refused => 'nobody');
  said := concat_ws(' ', session_auth.actor(), session_auth.user_id(), session_auth.tenant());
  PERFORM session_auth.deauthenticate();
  RETURN said;
END $$;
INSERT INTO session VALUES ('cid-by-ann-0123456789abcdefghijkl', 'cid', '2100-01-01', 'acme', 'ann'), ('cid-by-x-0123456789abcdefghijklmn', 'cid', '2100-01-01', NULL, '');
UPDATE "user" SET banned = false WHERE id = 'cid';
SELECT is(acts(cache('cid-by-ann-0123456789abcdefghijkl', 'cid', :'key')), 'ann cid acme', 'the row behind a cache says who acts, and where');
SELECT is(who('cid-by-x-0123456789abcdefghijklmn'), 'nobody', 'an actor without a name does not pass for the user');
SELECT is(acts(cache('cid-by-ann-0123456789abcdefghijkl', 'cid', :'key', '{"activeOrganizationId": "other"}')), 'ann cid acme', 'a cache from before does not say otherwise');
SELECT is(acts(cache('cid-by-ann-0123456789abcdefghijkl', 'cid', :'key', '{"activeOrganizationId": "other"}'), 'other'), '', 'nor opens another organization');
SELECT is(acts(cache('unknown-1123456789abcdefghijklmno', 'cid', :'key', created_now('{"activeOrganizationId": "other", "impersonatedBy": "ann"}'))), 'ann cid other', 'a cache of a session that is not known speaks for itself');
SELECT is(acts(cache('unknown-1123456789abcdefghijklmno', 'cid', :'key', '{"activeOrganizationId": "other"}'), 'acme'), '', 'it is of one organization');
SELECT is(acts(cache('unknown-1123456789abcdefghijklmno', 'cid', :'key', '{"activeOrganizationId": null}'), 'acme'), '', 'or of none');
SELECT is(acts(cache('unknown-1123456789abcdefghijklmno', 'cid', :'key'), 'acme'), 'cid acme', 'without the plugin it says nothing of any');
SELECT is(acts(cache('unknown-1123456789abcdefghijklmno', 'cid', :'key', '{"impersonatedBy": {"id": "ann"}}')), '', 'an actor that is no name is refused');

-- an administrator who is banned while acting as others
SELECT user_id FROM session_auth.authenticate('cid-by-ann-0123456789abcdefghijkl', scope => 'connection') \g /dev/null
SELECT is(session_auth.actor() || ', ' || acts('session=cid-by-ann-0123456789abcdefghijkl'), 'ann, ann cid acme', 'an administrator acts');
UPDATE "user" SET banned = true WHERE id = 'ann';
SELECT is(session_auth.user_id(), NULL, 'until the ban, also with an identity of a connection');
SELECT is(acts('session=cid-by-ann-0123456789abcdefghijkl'), '', 'the session is refused');
SELECT is(acts(cache('cid-by-ann-0123456789abcdefghijkl', 'cid', :'key')), '', '… and the cache before it');
SELECT is(acts(cache('unknown-1123456789abcdefghijklmno', 'cid', :'key', '{"impersonatedBy": "ann"}')), '', '… and one of a session that is not known');
INSERT INTO session VALUES ('cid-by-ann-late-0123456789abcdefg', 'cid', '2100-01-01', 'acme', 'ann');
SELECT is(acts('session=cid-by-ann-late-0123456789abcdefg'), '', 'nor does a new one open');
UPDATE "user" SET banned = false WHERE id = 'ann';
SELECT is(acts('session=cid-by-ann-0123456789abcdefghijkl') || acts('session=cid-by-ann-late-0123456789abcdefg'), '', 'the end of the ban brings none of them back');
UPDATE session_auth.bans SET until = until - interval '1 hour';
UPDATE session_auth.sessions SET created_at = created_at - interval '1 hour';
SELECT session_auth.purge_sessions() \g /dev/null
SELECT is(acts(cache('unknown-1123456789abcdefghijklmno', 'cid', :'key', '{"impersonatedBy": "ann", "createdAt": "2020-01-01T00:00:00.000Z"}')), '', 'an hour later a cache is not good again');
UPDATE session_auth.bans SET until = until - interval '30 days';
UPDATE session_auth.sessions SET created_at = created_at - interval '30 days';
SELECT session_auth.purge_sessions() \g /dev/null
SELECT is((SELECT string_agg(user_id, ' ') FROM session_auth.bans) || acts('session=cid-by-ann-0123456789abcdefghijkl') || who('ann-again-0123456789abcdefghijklmn'), 'bennobody', 'nor does the purge of what is over');
INSERT INTO session VALUES ('cid-by-ann-anew-0123456789abcdefg', 'cid', '2100-01-01', 'acme', 'ann');
SELECT is(acts('session=cid-by-ann-anew-0123456789abcdefg'), 'ann cid acme', 'a new one is good then');

-- … or who is deleted
SELECT user_id FROM session_auth.authenticate('cid-by-ann-anew-0123456789abcdefg', scope => 'connection') \g /dev/null
DELETE FROM "user" WHERE id = 'ann';
SELECT is(session_auth.user_id() || acts('session=cid-by-ann-anew-0123456789abcdefg'), NULL, 'an administrator who is gone acts as nobody');
SELECT is(acts('session=cid-by-ann-anew-0123456789abcdefg') || acts(cache('cid-by-ann-anew-0123456789abcdefg', 'cid', :'key')), '', '… whichever way');
INSERT INTO "user" VALUES ('eva', 'admin', false, NULL);
INSERT INTO session VALUES ('cid-by-eva-0123456789abcdefghijkl', 'cid', '2100-01-01', 'acme', 'eva');
SELECT is(acts('session=cid-by-eva-0123456789abcdefghijkl'), 'eva cid acme', 'another acts');
TRUNCATE "user";
SELECT is(acts('session=cid-by-eva-0123456789abcdefghijkl'), '', 'until the table is emptied');
-- … where caches alone say who acts
SELECT session_auth.abandon('session') \g /dev/null
INSERT INTO "user" VALUES ('fay', 'admin', false, NULL);
SELECT cache('unknown-1123456789abcdefghijklmno', 'dan', :'key', created_now('{"impersonatedBy": "fay"}')) AS by_fay \gset
SELECT is(acts(:'by_fay'), 'fay dan', 'one acts by a cache');
DELETE FROM "user" WHERE id = 'fay';
SELECT is(acts(:'by_fay'), '', 'until the user is deleted');

SELECT * FROM finish();
