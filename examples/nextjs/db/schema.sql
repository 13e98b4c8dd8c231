-- The application's schema, and all that session_auth needs to know of it.
-- Run it once as a superuser in an empty database.

-- Three database roles: one owns the tables and never logs in, one serves requests, one does logins.
CREATE ROLE web_owner NOLOGIN;
CREATE ROLE web_request LOGIN;
CREATE ROLE web_issuer LOGIN;

CREATE EXTENSION session_auth;
GRANT CREATE ON SCHEMA public TO web_owner;
SELECT session_auth.grant_usage('web_owner', 'admin');
SELECT session_auth.grant_usage('web_request', 'request');
SELECT session_auth.grant_usage('web_issuer', 'issuer');

SET ROLE web_owner;

-- Users and their OAuth accounts, as Auth.js and Prisma name them. No table of sessions.
CREATE TYPE "Role" AS ENUM ('ADMIN', 'USER');
CREATE TABLE "User" (
  id text PRIMARY KEY,
  name text,
  email text UNIQUE,
  "emailVerified" timestamptz(3),
  image text,
  "passwordHash" text,
  role "Role" NOT NULL DEFAULT 'USER'
);
CREATE TABLE "Account" (
  "userId" text NOT NULL REFERENCES "User" ON DELETE CASCADE,
  type text NOT NULL,
  provider text NOT NULL,
  "providerAccountId" text NOT NULL,
  refresh_token text,
  access_token text,
  expires_at integer,
  token_type text,
  scope text,
  id_token text,
  session_state text,
  PRIMARY KEY (provider, "providerAccountId")
);

-- What the application is about.
CREATE TABLE accounts (
  id integer PRIMARY KEY,
  number text NOT NULL UNIQUE,
  holder text NOT NULL,
  kind text NOT NULL,
  balance numeric(12, 2) NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'frozen', 'review')),
  opened_on date NOT NULL
);

-- Logins may read and add users, but give nobody a role: that column is not theirs to write.
GRANT SELECT, DELETE ON "User" TO web_issuer;
GRANT INSERT (id, name, email, "emailVerified", image) ON "User" TO web_issuer;
GRANT UPDATE (name, email, "emailVerified", image) ON "User" TO web_issuer;
GRANT SELECT, INSERT, UPDATE, DELETE ON "Account" TO web_issuer;

-- Requests read what the policies let them, and see no user and no password at all.
GRANT SELECT, UPDATE ON accounts TO web_request;

-- The permissions that the application had as a constant in TypeScript.
SELECT session_auth.import_permissions('{
  "ADMIN": ["view:accounts", "edit:accounts"],
  "USER": ["view:profile"]
}');
SELECT session_auth.protect_table('accounts');

RESET ROLE;

-- "User".role stays where roles are kept: every change of it counts from the next request on, and
-- deleting a user's row ends the user's sessions.
SELECT session_auth.adopt_roles('"User"', 'id', 'role');
REVOKE CREATE ON SCHEMA public FROM web_owner;
