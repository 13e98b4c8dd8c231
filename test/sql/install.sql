-- Creating, dropping and creating the extension again.
CREATE EXTENSION session_auth;
SELECT extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'session_auth') AS current,
  extrelocatable AS relocatable
FROM pg_extension WHERE extname = 'session_auth';
-- Everything lives in the schemas that the extension brought; session_auth_nodes has the view that other servers write.
SELECT DISTINCT (pg_identify_object(classid, objid, 0)).schema
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'session_auth')
  AND classid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass)
ORDER BY 1;
-- \dx names pg_catalog nevertheless: an extension cannot own the schema that it is in, and this one
-- brings its schema and takes it away (docs/troubleshooting.md).
SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'session_auth';
SELECT pg_describe_object(classid, objid, 0)
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND classid = 'pg_namespace'::regclass
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'session_auth')
ORDER BY 1;
SELECT session_auth.is_authenticated();
-- All upgrade paths end at the current version.
SELECT count(*) FROM pg_extension_update_paths('session_auth')
WHERE target = (SELECT default_version FROM pg_available_extensions WHERE name = 'session_auth') AND path IS NULL;
DROP EXTENSION session_auth;
SELECT to_regnamespace('session_auth');
CREATE EXTENSION session_auth;
SELECT session_auth.is_authenticated();
ALTER EXTENSION session_auth SET SCHEMA public;
DROP EXTENSION session_auth;
