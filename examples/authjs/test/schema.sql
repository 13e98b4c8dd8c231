CREATE EXTENSION session_auth;

CREATE TABLE "User" (
  id text PRIMARY KEY,
  name text,
  email text UNIQUE,
  "emailVerified" timestamp(3),
  image text,
  role text NOT NULL DEFAULT 'USER'
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
CREATE TABLE "Session" (
  id text PRIMARY KEY,
  "sessionToken" text NOT NULL UNIQUE,
  "userId" text NOT NULL REFERENCES "User" ON DELETE CASCADE,
  expires timestamp(3) NOT NULL
);
CREATE TABLE "VerificationToken" (
  identifier text,
  token text,
  expires timestamp(3) NOT NULL,
  PRIMARY KEY (identifier, token)
);

-- The tables that @auth/pg-adapter documents, but for its sessions.
CREATE TABLE users (
  id serial PRIMARY KEY,
  name text,
  email text,
  "emailVerified" timestamptz,
  image text
);
CREATE TABLE accounts (
  id serial PRIMARY KEY,
  "userId" integer NOT NULL,
  type text NOT NULL,
  provider text NOT NULL,
  "providerAccountId" text NOT NULL,
  refresh_token text,
  access_token text,
  expires_at bigint,
  id_token text,
  scope text,
  session_state text,
  token_type text
);
CREATE TABLE verification_token (
  identifier text,
  expires timestamptz NOT NULL,
  token text,
  PRIMARY KEY (identifier, token)
);

CREATE TABLE ledger (id int PRIMARY KEY, holder text NOT NULL, balance numeric NOT NULL);
INSERT INTO ledger VALUES (1, 'Ada', 1200.00), (2, 'Uwe', 35.50), (3, 'Eve', 980.10);

GRANT SELECT, INSERT, UPDATE, DELETE ON ledger TO :request;
GRANT SELECT, INSERT, UPDATE, DELETE ON "User", "Account", "Session", "VerificationToken" TO :issuer;
-- pg-adapter deletes from its own table of sessions along with a user
CREATE TABLE sessions ("userId" integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON users, accounts, sessions, verification_token TO :issuer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :issuer;

DO $$
BEGIN
  PERFORM session_auth.import_permissions('{
    "ADMIN": ["view:ledger", "create:ledger", "edit:ledger", "delete:ledger"],
    "USER": ["view:profile"]
  }');
  PERFORM session_auth.grant_role('ada', 'ADMIN');
  PERFORM session_auth.grant_role('uwe', 'USER');
  PERFORM session_auth.protect_table('ledger');
  PERFORM session_auth.grant_usage(':request', 'request');
  PERFORM session_auth.grant_usage(':issuer', 'issuer');
END
$$;
