-- Adopting a table of 1,000,000 sessions and one of 1,000,000 users: one
-- statement each, then what a login costs the application. In a database of its
-- own beside a throw-away cluster:
--     scripts/with-cluster psql --no-psqlrc --file=bench/adopt.sql
\set ON_ERROR_STOP 1
\set QUIET 1
CREATE EXTENSION session_auth;
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE "User" (
  id text NOT NULL PRIMARY KEY,
  role "Role" NOT NULL DEFAULT 'USER'
);
CREATE TABLE "Session" (
  id text NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
  "sessionToken" text NOT NULL UNIQUE,
  "userId" text NOT NULL,
  expires timestamp(3) without time zone NOT NULL
);
INSERT INTO "User"
SELECT 'user' || n, (CASE WHEN n % 100 = 0 THEN 'ADMIN' ELSE 'USER' END)::"Role"
FROM generate_series(1, 1000000) n;
INSERT INTO "Session" ("sessionToken", "userId", expires)
SELECT gen_random_uuid(), 'user' || n, now() AT TIME ZONE 'UTC' + n * interval '1 second' + interval '1 day'
FROM generate_series(1, 1000000) n;
CREATE TABLE plain (LIKE "Session" INCLUDING ALL);
\timing on
\echo adopt_sessions, 1,000,000 rows
SELECT session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'expires');
\echo adopt_roles, 1,000,000 rows
SELECT session_auth.adopt_roles('"User"', 'id', 'role');
\echo adopt_sessions, repeated
SELECT session_auth.adopt_sessions('"Session"', 'sessionToken', 'userId', 'expires');
\echo 100,000 logins into a table that is not adopted
INSERT INTO plain ("sessionToken", "userId", expires) SELECT gen_random_uuid(), 'user' || n, '2100-01-01' FROM generate_series(1, 100000) n;
\echo 100,000 logins into one that is
INSERT INTO "Session" ("sessionToken", "userId", expires) SELECT gen_random_uuid(), 'user' || n, '2100-01-01' FROM generate_series(1, 100000) n;
\echo 100,000 slides of the expiry, not adopted
UPDATE plain SET expires = '2100-01-02';
\echo 100,000 slides of the expiry, adopted
UPDATE "Session" SET expires = '2100-01-02' WHERE expires = '2100-01-01';
\echo 100,000 logouts, not adopted
DELETE FROM plain;
\echo 100,000 logouts, adopted
DELETE FROM "Session" WHERE expires = '2100-01-02';
