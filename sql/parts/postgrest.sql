-- PostgREST: the request's token makes the identity before its query runs.

CREATE FUNCTION session_auth.pre_request() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_pre_request';
COMMENT ON FUNCTION session_auth.pre_request() IS
  'For PostgREST''s db-pre-request: authenticates with the token in request.cookies or, without one, '
  'in the Authorization header of request.headers. Without any the caller is anonymous. PT401, which '
  'PostgREST answers as HTTP 401, when the token is refused. Works in READ ONLY transactions.';
