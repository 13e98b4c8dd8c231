-- The database of each program here: two people, with accounts and payments of theirs.
CREATE EXTENSION session_auth;
CREATE ROLE app LOGIN;
CREATE TABLE people (id int PRIMARY KEY, name text, role text);
CREATE TABLE accounts (id int PRIMARY KEY, name text, holder_id int REFERENCES people);
CREATE TABLE payments (id int PRIMARY KEY, account_id int REFERENCES accounts, holder_id int REFERENCES people);
INSERT INTO people VALUES (1, 'ada', 'USER'), (2, 'uwe', 'USER');
INSERT INTO accounts VALUES (1, 'Savings', 1), (2, 'Travel', 1), (3, 'Rent', 2);
INSERT INTO payments VALUES (1, 1, 1), (2, 3, 2);
-- what both may view and neither may change: silently, and with an error
CREATE TABLE notices (id int PRIMARY KEY, name text);
CREATE TABLE rules (id int PRIMARY KEY, name text);
INSERT INTO notices VALUES (1, 'before');
INSERT INTO rules VALUES (1, 'before');
GRANT SELECT ON accounts, payments TO app;
GRANT SELECT, UPDATE ON notices, rules TO app;
SELECT session_auth.grant_usage('app', 'request');
SELECT session_auth.import_permissions('{"USER": ["view:accounts", "view:payments", "view:notices", "view:rules"]}');
SELECT session_auth.adopt_roles('people', 'id', 'role');
SELECT session_auth.protect_table('accounts', owner_column => 'holder_id');
SELECT session_auth.protect_table('payments', owner_column => 'holder_id');
SELECT session_auth.protect_table('notices');
SELECT session_auth.protect_table('rules', denied => 'error');
