-- Keys and tokens from elsewhere: whom we trust, and what was taken back.

CREATE TABLE session_auth.keys (
  key_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kid text COLLATE "C",
  algorithm text COLLATE "C" NOT NULL,
  issuer text COLLATE "C",
  audiences text[] NOT NULL,
  role_claim text COLLATE "C",
  tenant_claim text COLLATE "C",
  role_source text COLLATE "C" NOT NULL
    CONSTRAINT keys_role_source_check CHECK (role_source IN ('claims', 'grants', 'both', 'automatic')),
  state text COLLATE "C" NOT NULL CHECK (state IN ('active', 'verify only', 'retired')),
  valid_from timestamptz,
  valid_until timestamptz,
  public_key text COLLATE "C",
  fingerprint text COLLATE "C",
  imported boolean NOT NULL DEFAULT false,
  user_claim text COLLATE "C" NOT NULL DEFAULT 'sub',
  required_claims jsonb NOT NULL DEFAULT '{}',
  scope_claim text COLLATE "C",
  seals boolean NOT NULL DEFAULT false
);
-- Keys without kid are told apart by themselves.
CREATE UNIQUE INDEX keys_issuer_kid_idx ON session_auth.keys (issuer, kid)
  NULLS NOT DISTINCT WHERE kid IS NOT NULL;
CREATE UNIQUE INDEX keys_issuer_fingerprint_idx ON session_auth.keys (issuer, fingerprint)
  NULLS NOT DISTINCT WHERE kid IS NULL;
COMMENT ON TABLE session_auth.keys IS
  'keys whose tokens are trusted, each bound to one algorithm and one issuer';
COMMENT ON COLUMN session_auth.keys.key_id IS
  'counts upwards; what key_secrets refers to';
COMMENT ON COLUMN session_auth.keys.kid IS
  'the kid in the header of its tokens; NULL: for tokens without one';
COMMENT ON COLUMN session_auth.keys.algorithm IS
  'the one algorithm that it verifies (RFC 7518)';
COMMENT ON COLUMN session_auth.keys.issuer IS
  'the iss that its tokens must have; NULL: any';
COMMENT ON COLUMN session_auth.keys.audiences IS
  'one of these must be in aud; empty: any';
COMMENT ON COLUMN session_auth.keys.role_claim IS
  'the dotted path of the claim with the roles; NULL: role, then roles';
COMMENT ON COLUMN session_auth.keys.tenant_claim IS
  'the dotted path of the claim with the tenant; NULL: none';
COMMENT ON COLUMN session_auth.keys.role_source IS
  'where roles come from: claims, grants or both';
COMMENT ON COLUMN session_auth.keys.state IS
  'active: signs and verifies; verify only; retired: neither';
COMMENT ON COLUMN session_auth.keys.valid_from IS
  'before it its tokens are refused; NULL: no limit';
COMMENT ON COLUMN session_auth.keys.valid_until IS
  'after it its tokens are refused; NULL: no limit';
COMMENT ON COLUMN session_auth.keys.user_claim IS 'the dotted path of the claim that names the user';
COMMENT ON COLUMN session_auth.keys.required_claims IS 'claims that a token must have, and their values';
COMMENT ON COLUMN session_auth.keys.scope_claim IS
  'the dotted path of the claim that narrows its tokens; NULL: they are not narrowed';
COMMENT ON COLUMN session_auth.keys.seals IS
  'whether identities that it seals say which session they are, and who acts';
COMMENT ON COLUMN session_auth.keys.public_key IS
  'PEM; NULL for secrets, and then the row is not in dumps';
COMMENT ON COLUMN session_auth.keys.fingerprint IS
  'the RFC 7638 thumbprint of a public key; secrets have none';
COMMENT ON COLUMN session_auth.keys.imported IS
  'whether import_jwks made it, which then also drops it';

CREATE TABLE session_auth.key_secrets (
  key_id bigint NOT NULL PRIMARY KEY REFERENCES session_auth.keys ON DELETE CASCADE,
  secret text COLLATE "C" NOT NULL
);
COMMENT ON TABLE session_auth.key_secrets IS
  'secrets and private keys, or file: and the name of a file that the server reads; never in dumps';
COMMENT ON COLUMN session_auth.key_secrets.key_id IS
  'which key it belongs to';
COMMENT ON COLUMN session_auth.key_secrets.secret IS
  'a secret, a private PEM or JWK, or file: and a name';
-- No sample of secrets is kept for the planner, and none in a table beside this one that
-- row-level security does not guard (TOAST): who reads these would read them.
ALTER TABLE session_auth.key_secrets ALTER secret SET STATISTICS 0, ALTER secret SET STORAGE MAIN;

CREATE TABLE session_auth.authjs_secrets (
  secret_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  secret text COLLATE "C" NOT NULL,
  cookie_names text[] NOT NULL,
  role_claim text COLLATE "C",
  role_source text COLLATE "C" NOT NULL
    CONSTRAINT authjs_secrets_role_source_check CHECK (role_source IN ('claims', 'grants', 'both', 'automatic')),
  user_claim text COLLATE "C" NOT NULL DEFAULT 'sub',
  required_claims jsonb NOT NULL DEFAULT '{}',
  scope_claim text COLLATE "C",
  since timestamptz DEFAULT now()
);
COMMENT ON TABLE session_auth.authjs_secrets IS
  'AUTH_SECRETs of applications, the one with the highest number is the newest; never in dumps';
COMMENT ON COLUMN session_auth.authjs_secrets.user_claim IS 'as in keys';
COMMENT ON COLUMN session_auth.authjs_secrets.since IS 'when it was added; NULL: by version 0.1.0';
COMMENT ON COLUMN session_auth.authjs_secrets.required_claims IS 'as in keys';
COMMENT ON COLUMN session_auth.authjs_secrets.scope_claim IS 'as in keys';
COMMENT ON COLUMN session_auth.authjs_secrets.secret_id IS
  'counts upwards';
COMMENT ON COLUMN session_auth.authjs_secrets.secret IS
  'the AUTH_SECRET itself, or file: and a name';
COMMENT ON COLUMN session_auth.authjs_secrets.cookie_names IS
  'the cookies that it encrypts';
COMMENT ON COLUMN session_auth.authjs_secrets.role_claim IS
  'the dotted path of the claim with the roles; NULL: role, then roles';
COMMENT ON COLUMN session_auth.authjs_secrets.role_source IS
  'where roles come from: claims, grants or both';
ALTER TABLE session_auth.authjs_secrets ALTER secret SET STATISTICS 0, ALTER secret SET STORAGE MAIN;

CREATE TABLE session_auth.cookie_secrets (
  secret_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text COLLATE "C" NOT NULL CONSTRAINT cookie_secrets_kind_check CHECK (kind <> ''),
  secret text COLLATE "C" NOT NULL,
  cookie_names text[],
  max_age interval,
  id_path text[],
  salts text[],
  role_claim text COLLATE "C",
  tenant_claim text COLLATE "C",
  without_end boolean NOT NULL DEFAULT false,
  since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE session_auth.cookie_secrets IS
  'secrets that sign or encrypt the cookies of web frameworks, the one with the highest number is the newest; never in dumps';
COMMENT ON COLUMN session_auth.cookie_secrets.secret_id IS
  'counts upwards';
COMMENT ON COLUMN session_auth.cookie_secrets.kind IS
  'whose cookies it proves, as cookie_kinds() lists them';
COMMENT ON COLUMN session_auth.cookie_secrets.secret IS
  'the secret itself, or file: and a name';
COMMENT ON COLUMN session_auth.cookie_secrets.cookie_names IS
  'what its cookies are called; NULL: as the framework calls them';
COMMENT ON COLUMN session_auth.cookie_secrets.max_age IS
  'how old they may be; NULL: as old as the framework lets them be';
COMMENT ON COLUMN session_auth.cookie_secrets.id_path IS
  'where in them the user is; empty: they are the user; NULL: where the framework keeps it';
COMMENT ON COLUMN session_auth.cookie_secrets.salts IS
  'of the key that is derived; NULL: the framework''s own';
COMMENT ON COLUMN session_auth.cookie_secrets.role_claim IS
  'the dotted path of the roles in them; NULL: role, then roles';
COMMENT ON COLUMN session_auth.cookie_secrets.tenant_claim IS
  'the dotted path of the tenant in them; NULL: none';
COMMENT ON COLUMN session_auth.cookie_secrets.without_end IS
  'whether they are good though nothing in them ends them';
COMMENT ON COLUMN session_auth.cookie_secrets.since IS
  'when it was first added: a cookie that does not say when it was issued is no older';
ALTER TABLE session_auth.cookie_secrets ALTER secret SET STATISTICS 0, ALTER secret SET STORAGE MAIN;

-- A token may be revoked again for longer, and on two servers that replicate to each
-- other: each revocation is a row of its own, with a random key that cannot collide.
CREATE TABLE session_auth.revoked_tokens (
  jti text COLLATE "C" NOT NULL,
  issuer text COLLATE "C",
  until timestamptz NOT NULL,
  revocation_id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() PRIMARY KEY
);
CREATE INDEX revoked_tokens_jti_idx ON session_auth.revoked_tokens (jti);
CREATE INDEX revoked_tokens_until_idx ON session_auth.revoked_tokens (until);
COMMENT ON TABLE session_auth.revoked_tokens IS
  'tokens from elsewhere that are refused, by their jti; purged after until';
COMMENT ON COLUMN session_auth.revoked_tokens.jti IS
  'the jti of the token';
COMMENT ON COLUMN session_auth.revoked_tokens.issuer IS
  'whose token; NULL: whoever issued it';
COMMENT ON COLUMN session_auth.revoked_tokens.until IS
  'after it purge_sessions forgets the row';
COMMENT ON COLUMN session_auth.revoked_tokens.revocation_id IS
  'random, so that two servers can both write';

CREATE TABLE session_auth.user_revocations (
  user_id text COLLATE "C" NOT NULL,
  not_before timestamptz NOT NULL,
  revocation_id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() PRIMARY KEY
);
CREATE INDEX user_revocations_user_id_idx ON session_auth.user_revocations (user_id);
COMMENT ON TABLE session_auth.user_revocations IS
  'a user''s tokens from elsewhere that were issued before the latest of these are refused';
COMMENT ON COLUMN session_auth.user_revocations.user_id IS
  'whose tokens';
COMMENT ON COLUMN session_auth.user_revocations.not_before IS
  'what was issued before it is refused';
COMMENT ON COLUMN session_auth.user_revocations.revocation_id IS
  'random, so that two servers can both write';

-- Public keys are in dumps, secrets and private keys are not.
SELECT pg_catalog.pg_extension_config_dump('session_auth.keys', 'WHERE public_key IS NOT NULL');
SELECT pg_catalog.pg_extension_config_dump('session_auth.keys_key_id_seq', '');

CREATE FUNCTION session_auth.keys_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_keys_changed';
COMMENT ON FUNCTION session_auth.keys_changed() IS
  'internal: tells every backend that keys or secrets changed';

CREATE FUNCTION session_auth.revocations_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_revocations_changed';
COMMENT ON FUNCTION session_auth.revocations_changed() IS
  'internal: tells every backend that tokens from elsewhere were revoked';

SELECT session_auth.watch_table('revoked_tokens', 'revocations_changed'),
       session_auth.watch_table('user_revocations', 'revocations_changed'),
       session_auth.watch_table('keys', 'keys_changed'),
       session_auth.watch_table('key_secrets', 'keys_changed'),
       session_auth.watch_table('authjs_secrets', 'keys_changed'),
       session_auth.watch_table('cookie_secrets', 'keys_changed');

-- What C knows of keys.

CREATE FUNCTION session_auth.read_key(
  algorithm text, key text, OUT public_key text, OUT fingerprint text, OUT has_secret boolean
)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'session_auth_read_key';
COMMENT ON FUNCTION session_auth.read_key(text, text) IS
  'internal: what can be told of a PEM, a JWK or a secret; 22023 when it does not fit the algorithm';

CREATE FUNCTION session_auth.read_jwks(jwks text)
RETURNS TABLE (kid text, algorithm text, public_key text, fingerprint text)
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'session_auth_read_jwks';
COMMENT ON FUNCTION session_auth.read_jwks(text) IS
  'internal: the signature keys of a set (RFC 7517); 22023 when it is none';

CREATE FUNCTION session_auth.check_secret(what text, secret text) RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'session_auth_check_secret';
COMMENT ON FUNCTION session_auth.check_secret(text, text) IS
  'internal: 22023 when a secret is empty, too long, or names a file that its giver may not read';

-- The first thing that is done with a secret, before anything can fail.
CREATE FUNCTION session_auth.hide_secret(secret text) RETURNS boolean
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'session_auth_hide_secret';
COMMENT ON FUNCTION session_auth.hide_secret(text) IS
  'internal: masks a secret in the text of the statement and in what is logged from now on; whether the '
  'text held it';

-- The secrets and private numbers of RFC 7518, of keys that are no objects none.
CREATE FUNCTION session_auth.hide_private_numbers(jwks jsonb) RETURNS boolean
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(bool_or(session_auth.hide_secret(v.value #>> '{}')), false)
  FROM unnest('{k,d,p,q,dp,dq,qi,oth[*].r,oth[*].d,oth[*].t}'::text[]) m (name)
  CROSS JOIN jsonb_path_query($1, ('lax $.keys[*].' || m.name)::jsonpath) v (value);
END;
COMMENT ON FUNCTION session_auth.hide_private_numbers(jsonb) IS
  'internal: does what hide_secret does with what an issuer should not have published in its set of keys';

CREATE FUNCTION session_auth.name_of_key(kid text, issuer text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('key%s%s', coalesce(' "' || $1 || '"', ' without kid'), ' of issuer "' || $2 || '"');
END;
COMMENT ON FUNCTION session_auth.name_of_key(text, text) IS
  'internal: a key as messages name it; either may be NULL';

-- What an INSERT of a key was in conflict with: one of that name, or only one of its number,
-- which a first copy from another server brought without its sequence.
CREATE FUNCTION session_auth.refuse_key(argument text, kid text, issuer text, fingerprint text, detail text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM session_auth.keys k
    WHERE k.kid IS NOT DISTINCT FROM $2 AND k.issuer IS NOT DISTINCT FROM $3
      AND ($4 IS NULL OR k.fingerprint = $4)) THEN
    RAISE unique_violation USING MESSAGE = 'the number of the new key is taken',
      HINT = 'A key that was replicated to here has it: move session_auth.keys_key_id_seq on.';
  END IF;
  PERFORM session_auth.refuse($1, $5);
END
$$;
COMMENT ON FUNCTION session_auth.refuse_key(text, text, text, text, text) IS
  'internal: refuses a key for one that is there; with a fingerprint, for one that has it too';

-- What is stored where nobody said it follows adopt_roles (src/verify/keys.c).
CREATE FUNCTION session_auth.check_role_source(role_source text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF role_source NOT IN ('claims', 'grants', 'both') THEN
    PERFORM session_auth.refuse('role_source', 'It must be "claims", "grants", "both" or null.');
  END IF;
  RETURN coalesce(role_source, 'automatic');
END
$$;
COMMENT ON FUNCTION session_auth.check_role_source(text) IS
  'internal: how a role_source is stored; 22023 for a bad argument';

CREATE FUNCTION session_auth.check_required_claims(required_claims jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF jsonb_typeof(required_claims) <> 'object' OR EXISTS (
    SELECT FROM jsonb_each(CASE jsonb_typeof(required_claims) WHEN 'object' THEN required_claims END) c (path, value)
    CROSS JOIN LATERAL jsonb_array_elements(
      CASE jsonb_typeof(c.value) WHEN 'array' THEN c.value ELSE jsonb_build_array(c.value) END) e (value)
    WHERE jsonb_typeof(e.value) NOT IN ('string', 'number', 'boolean') OR c.path = ''
  ) OR EXISTS (SELECT FROM jsonb_each(required_claims) c (path, value) WHERE c.value = '[]') THEN
    PERFORM session_auth.refuse('required_claims', 'It must be an object that maps each claim to a '
      'text, a number, a boolean or an array of these that is not empty.');
  END IF;
  IF octet_length(required_claims::text) > 8192 THEN
    PERFORM session_auth.refuse('required_claims', 'It must not be larger than 8 kB.');
  END IF;
  RETURN coalesce(required_claims, '{}');
END
$$;
COMMENT ON FUNCTION session_auth.check_required_claims(jsonb) IS 'internal: 22023 for a bad argument';

CREATE FUNCTION session_auth.check_user_claim(user_claim text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.check_optional_names('user_claim', ARRAY[user_claim]);
  RETURN coalesce(user_claim, 'sub');
END
$$;
COMMENT ON FUNCTION session_auth.check_user_claim(text) IS 'internal: 22023 for a bad argument';

CREATE FUNCTION session_auth.check_optional_names(what text, names text[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- as long as a token can carry them
  longest integer := CASE what WHEN 'kid' THEN 255 ELSE 1024 END;
  name text;
BEGIN
  FOREACH name IN ARRAY coalesce(names, '{}') LOOP
    IF name = '' OR octet_length(name) > longest THEN
      PERFORM session_auth.refuse(what,
        format('It must not be empty, nor longer than %s bytes.', longest));
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.check_optional_names(text, text[]) IS
  'internal: 22023 for an empty or a very long name; NULLs are fine';

-- Their administration.

CREATE FUNCTION session_auth.add_key(
  kid text,
  algorithm text,
  key text,
  issuer text DEFAULT NULL,
  audiences text[] DEFAULT '{}',
  role_claim text DEFAULT NULL,
  tenant_claim text DEFAULT NULL,
  state text DEFAULT 'active',
  valid_from timestamptz DEFAULT NULL,
  valid_until timestamptz DEFAULT NULL,
  role_source text DEFAULT NULL,
  user_claim text DEFAULT 'sub',
  required_claims jsonb DEFAULT '{}',
  scope_claim text DEFAULT NULL,
  seals boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  hidden boolean := session_auth.hide_secret($3);
  material record;
  new_state text := translate($8, '_-', '  ');
  new_source text := session_auth.check_role_source($11);
  new_user_claim text := session_auth.check_user_claim($12);
  new_required jsonb := session_auth.check_required_claims($13);
  new_id bigint;
BEGIN
  PERFORM session_auth.check_optional_names('kid', ARRAY[$1]);
  PERFORM session_auth.check_optional_names('issuer', ARRAY[$4]);
  PERFORM session_auth.check_optional_names('audiences', $5);
  PERFORM session_auth.check_optional_names('role_claim', ARRAY[$6]);
  PERFORM session_auth.check_optional_names('tenant_claim', ARRAY[$7]);
  PERFORM session_auth.check_optional_names('scope_claim', ARRAY[$14]);
  IF new_state IS NULL OR new_state NOT IN ('active', 'verify only', 'retired') THEN
    PERFORM session_auth.refuse('state', 'It must be "active", "verify only" or "retired".');
  END IF;
  IF $9 >= $10 THEN
    PERFORM session_auth.refuse('valid_until', 'It must be later than valid_from.');
  END IF;
  IF $2 IS NULL OR $3 IS NULL THEN
    PERFORM session_auth.refuse(CASE WHEN $2 IS NULL THEN 'algorithm' ELSE 'key' END,
      'It must not be null.');
  END IF;
  PERFORM session_auth.check_secret('key', $3);
  SELECT * INTO material FROM session_auth.read_key($2, $3);
  IF $15 AND material.public_key IS NULL THEN
    PERFORM session_auth.refuse('seals',
      'A secret cannot seal identities: who verifies by it could seal others.');
  END IF;
  -- a second one without kid is the issuer's to publish, not an administrator's to add
  INSERT INTO session_auth.keys (kid, algorithm, issuer, audiences, role_claim, tenant_claim,
    role_source, state, valid_from, valid_until, public_key, fingerprint, user_claim, required_claims,
    scope_claim, seals)
  SELECT $1, $2, $4, array_remove(coalesce($5, '{}'), NULL), $6, $7,
    new_source, new_state, $9, $10, material.public_key, material.fingerprint, new_user_claim, new_required, $14,
    coalesce($15, false)
  WHERE $1 IS NOT NULL OR NOT EXISTS (SELECT FROM session_auth.keys k
    WHERE k.kid IS NULL AND k.issuer IS NOT DISTINCT FROM $4)
  ON CONFLICT DO NOTHING
  RETURNING key_id INTO new_id;
  IF NOT FOUND THEN
    PERFORM session_auth.refuse_key('kid', $1, $4, NULL,
      format('A %s exists already.', session_auth.name_of_key($1, $4)));
  END IF;
  IF material.has_secret THEN
    INSERT INTO session_auth.key_secrets (key_id, secret) VALUES (new_id, $3);
  END IF;
  PERFORM session_auth.record_event('key_added', NULL,
    jsonb_build_object('kid', $1, 'issuer', $4, 'algorithm', $2));
END
$$;
COMMENT ON FUNCTION session_auth.add_key(text, text, text, text, text[], text, text, text,
  timestamptz, timestamptz, text, text, jsonb, text, boolean) IS
  'Trusts a key: a PEM, a JWK, a certificate, for HS* the secret itself, or file: and the absolute '
  'name of a file that the server reads. It is bound to one algorithm (RFC 7518, RFC 9864), one issuer, '
  'optionally audiences, the dotted paths of the claims that hold the user (default: sub), the roles '
  '(default: role, then roles) and the tenant, the claims that tokens must have, and its validity. '
  'scope_claim is the path of one that narrows identities to its action:resource words, none to nothing. '
  'kid NULL: for tokens without one. state: active, verify only or retired. role_source: claims, '
  'grants or both; NULL: grants while adopt_roles is in force, else both. seals: an identity that the key has '
  'sealed for this server (seal_identity) keeps its session and who acts; not for HS*. 22023 for a bad '
  'argument, a weak key, and a (issuer, kid) that exists.';

-- What Firebase publishes: {"kid": "-----BEGIN CERTIFICATE-----...", ...}.
CREATE FUNCTION session_auth.certificates_as_jwks(certificates jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  keys jsonb := '[]';
  kid text;
  pem text;
BEGIN
  IF jsonb_typeof(certificates) IS DISTINCT FROM 'object' OR certificates = '{}' OR certificates ? 'keys' THEN
    RETURN certificates;
  END IF;
  FOR kid, pem IN SELECT * FROM jsonb_each_text(certificates) LOOP
    IF pem IS NULL OR pem !~ '^-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----\s*$' THEN
      RETURN certificates;
    END IF;
    keys := keys || jsonb_build_object('kty', 'RSA', 'kid', kid, 'x5c', jsonb_build_array(
      regexp_replace(split_part(pem, '-----', 3), '\s', '', 'g')));
  END LOOP;
  RETURN jsonb_build_object('keys', keys);
END
$$;
COMMENT ON FUNCTION session_auth.certificates_as_jwks(jsonb) IS
  'internal: a map of kids to certificates as a key set; anything else as it is';

CREATE FUNCTION session_auth.import_jwks(
  issuer text,
  jwks jsonb,
  audiences text[] DEFAULT '{}',
  role_claim text DEFAULT NULL,
  tenant_claim text DEFAULT NULL,
  role_source text DEFAULT NULL,
  user_claim text DEFAULT 'sub',
  required_claims jsonb DEFAULT '{}',
  scope_claim text DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  hidden boolean := session_auth.hide_private_numbers($2);
  key_set jsonb;
  new_source text := session_auth.check_role_source($6);
  new_user_claim text := session_auth.check_user_claim($7);
  new_required jsonb := session_auth.check_required_claims($8);
  dropped integer;
  added integer := 0;
  key record;
BEGIN
  IF $1 IS NULL THEN
    PERFORM session_auth.refuse('issuer', 'It must not be null.');
  END IF;
  PERFORM session_auth.check_optional_names('issuer', ARRAY[$1]);
  PERFORM session_auth.check_optional_names('audiences', $3);
  PERFORM session_auth.check_optional_names('role_claim', ARRAY[$4]);
  PERFORM session_auth.check_optional_names('tenant_claim', ARRAY[$5]);
  PERFORM session_auth.check_optional_names('scope_claim', ARRAY[$9]);
  -- two imports at once would each drop what the other adds
  LOCK TABLE session_auth.keys IN SHARE ROW EXCLUSIVE MODE;
  PERFORM session_auth.check_snapshot();
  SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') INTO key_set
  FROM session_auth.read_jwks(session_auth.certificates_as_jwks($2)::text) r;
  DELETE FROM session_auth.keys k
  WHERE k.issuer = $1 AND k.imported AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(key_set) i (kid text, algorithm text, fingerprint text)
    WHERE i.kid IS NOT DISTINCT FROM k.kid AND i.algorithm = k.algorithm
      AND i.fingerprint = k.fingerprint);
  GET DIAGNOSTICS dropped = ROW_COUNT;
  -- a key that stays keeps its state: what was retired by hand stays retired
  UPDATE session_auth.keys k
  SET audiences = array_remove(coalesce($3, '{}'), NULL), role_claim = $4, tenant_claim = $5,
      role_source = new_source, user_claim = new_user_claim, required_claims = new_required,
      scope_claim = $9
  WHERE k.issuer = $1 AND k.imported;
  FOR key IN
    SELECT *
    FROM jsonb_to_recordset(key_set) i
      (kid text, algorithm text, public_key text, fingerprint text)
    WHERE NOT EXISTS (SELECT FROM session_auth.keys k
      WHERE k.issuer = $1 AND k.imported AND k.kid IS NOT DISTINCT FROM i.kid
        AND (k.kid IS NOT NULL OR k.fingerprint = i.fingerprint))
  LOOP
    INSERT INTO session_auth.keys (kid, algorithm, issuer, audiences, role_claim, tenant_claim,
      role_source, state, public_key, fingerprint, imported, user_claim, required_claims,
      scope_claim)
    VALUES (key.kid, key.algorithm, $1, array_remove(coalesce($3, '{}'), NULL), $4, $5,
      new_source, 'verify only', key.public_key, key.fingerprint, true, new_user_claim, new_required, $9)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      PERFORM session_auth.refuse_key('jwks', key.kid, $1, CASE WHEN key.kid IS NULL THEN key.fingerprint END,
        format('The %s has been added by hand.', session_auth.name_of_key(key.kid, $1)));
    END IF;
    added := added + 1;
  END LOOP;
  IF added > 0 OR dropped > 0 THEN
    PERFORM session_auth.record_event('jwks_imported', NULL,
      jsonb_build_object('issuer', $1, 'added', added, 'dropped', dropped));
  END IF;
  RETURN (SELECT count(*)::integer FROM session_auth.keys k
    WHERE k.issuer = $1 AND k.state <> 'retired'
      AND (k.valid_from IS NULL OR k.valid_from <= clock_timestamp())
      AND (k.valid_until IS NULL OR k.valid_until > clock_timestamp()));
END
$$;
COMMENT ON FUNCTION session_auth.import_jwks(text, jsonb, text[], text, text, text, text, jsonb, text) IS
  'Trusts an issuer''s key set (RFC 7517), or its map of kids to certificates in PEM, in the place of '
  'the set imported before: keys that stayed keep their state, those that went are dropped, '
  'atomically. Keys for encryption are passed over, and so, with a WARNING that names the kid and the '
  'reason, are those that cannot be used, secrets and private keys among them. How many keys of the issuer '
  'are in force after it. Claims and role_source as add_key has them. 22023 when the set is malformed, or '
  'when none of its keys can be used.';

CREATE FUNCTION session_auth.find_key(kid text, issuer text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  found bigint[];
  issuers bigint;
BEGIN
  PERFORM session_auth.check_snapshot();
  SELECT array_agg(k.key_id), count(DISTINCT coalesce(k.issuer, '')) INTO found, issuers
  FROM session_auth.keys k
  WHERE coalesce(k.kid = $1, k.kid IS NULL AND ($1 IS NULL OR k.fingerprint = $1), false)
    AND k.issuer IS NOT DISTINCT FROM $2;
  IF found IS NULL AND $2 IS NULL THEN
    SELECT array_agg(k.key_id), count(DISTINCT coalesce(k.issuer, '')) INTO found, issuers
    FROM session_auth.keys k
    WHERE coalesce(k.kid = $1, k.kid IS NULL AND ($1 IS NULL OR k.fingerprint = $1), false);
  END IF;
  IF issuers > 1 THEN
    PERFORM session_auth.refuse('issuer',
      format('Several issuers have a %s: name one.', session_auth.name_of_key($1, NULL)));
  ELSIF cardinality(found) > 1 THEN
    PERFORM session_auth.refuse('kid', 'Several keys have none: name the fingerprint of one.');
  END IF;
  RETURN found[1];
END
$$;
COMMENT ON FUNCTION session_auth.find_key(text, text) IS
  'internal: the key of a kid and an issuer; without an issuer, the only one of that kid; a key that '
  'has none goes by its fingerprint';

CREATE FUNCTION session_auth.disable_key(kid text, issuer text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  disabled record;
BEGIN
  UPDATE session_auth.keys k SET state = 'retired'
  WHERE k.key_id = session_auth.find_key($1, $2) AND k.state <> 'retired'
  RETURNING k.kid, k.issuer INTO disabled;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('key_disabled', NULL, to_jsonb(disabled));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.disable_key(text, text) IS
  'Retires a key: its tokens are refused at once, and it stays listed; whether there was one in force. '
  'Without an issuer, the only key of that kid; 22023 when several issuers have one.';

CREATE FUNCTION session_auth.drop_key(kid text, issuer text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  dropped record;
BEGIN
  DELETE FROM session_auth.keys k
  WHERE k.key_id = session_auth.find_key($1, $2)
  RETURNING k.kid, k.issuer INTO dropped;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('key_dropped', NULL, to_jsonb(dropped));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.drop_key(text, text) IS
  'Forgets a key and its secret: its tokens are refused at once; whether there was one. Without an '
  'issuer, the only key of that kid; 22023 when several issuers have one.';

CREATE FUNCTION session_auth.list_keys()
RETURNS TABLE (
  kid text,
  algorithm text,
  issuer text,
  audiences text[],
  role_claim text,
  tenant_claim text,
  state text,
  valid_from timestamptz,
  valid_until timestamptz,
  fingerprint text
)
LANGUAGE c STABLE PARALLEL SAFE ROWS 10
AS 'MODULE_PATHNAME', 'session_auth_list_keys';
COMMENT ON FUNCTION session_auth.list_keys() IS
  'The keys that are trusted, with everything but secrets; fingerprint is a public key''s RFC 7638 '
  'thumbprint.';

CREATE FUNCTION session_auth.list_secrets()
RETURNS TABLE (kind text, names text[], since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT 'authjs', s.cookie_names, s.since FROM session_auth.authjs_secrets s
  UNION ALL
  SELECT c.kind, c.cookie_names, c.since FROM session_auth.cookie_secrets c
  ORDER BY 1, 3;
END;
COMMENT ON FUNCTION session_auth.list_secrets() IS
  'The secrets of applications whose cookies are trusted, with neither secret nor digest: kind is authjs '
  'or that of add_cookie_secret, names are the cookies'' names (NULL: as the framework calls them), since '
  'is when it was added (NULL: by version 0.1.0).';

-- Wherever it stands: rows of two servers can say the same. Whoever adds it at the same time
-- waits, or is waited for, as neither would see the other's row. Compared in PL/pgSQL, not in a
-- query: plans that are logged show constants.
CREATE FUNCTION session_auth.forget_authjs_secret(secret text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  stored record;
  known boolean := false;
BEGIN
  LOCK TABLE session_auth.authjs_secrets IN SHARE ROW EXCLUSIVE MODE;
  PERFORM session_auth.check_snapshot();
  FOR stored IN SELECT s.secret_id, s.secret FROM session_auth.authjs_secrets s LOOP
    IF stored.secret = $1 THEN
      DELETE FROM session_auth.authjs_secrets s WHERE s.secret_id = stored.secret_id;
      known := true;
    END IF;
  END LOOP;
  RETURN known;
END
$$;
COMMENT ON FUNCTION session_auth.forget_authjs_secret(text) IS
  'internal: takes the rows of a secret away; whether there was one';

CREATE FUNCTION session_auth.forget_cookie_secret(kind text, secret text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  stored record;
  known_since timestamptz;
BEGIN
  LOCK TABLE session_auth.cookie_secrets IN SHARE ROW EXCLUSIVE MODE;
  PERFORM session_auth.check_snapshot();
  FOR stored IN
    SELECT s.secret_id, s.secret, s.since FROM session_auth.cookie_secrets s WHERE s.kind = $1
  LOOP
    IF stored.secret = $2 THEN
      DELETE FROM session_auth.cookie_secrets s WHERE s.secret_id = stored.secret_id;
      known_since := least(known_since, stored.since);
    END IF;
  END LOOP;
  RETURN known_since;
END
$$;
COMMENT ON FUNCTION session_auth.forget_cookie_secret(text, text) IS
  'internal: takes the rows of a secret away; since when it was known, or NULL';

CREATE FUNCTION session_auth.check_cookie_names(cookie_names text[]) RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'session_auth_check_cookie_names';
COMMENT ON FUNCTION session_auth.check_cookie_names(text[]) IS
  'internal: 22023 for what no cookie can be called';

CREATE FUNCTION session_auth.add_authjs_secret(
  secret text,
  cookie_names text[] DEFAULT NULL,
  role_claim text DEFAULT 'role',
  role_source text DEFAULT NULL,
  user_claim text DEFAULT 'sub',
  required_claims jsonb DEFAULT '{}',
  scope_claim text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  hidden boolean := session_auth.hide_secret($1);
  new_source text := session_auth.check_role_source($4);
  new_user_claim text := session_auth.check_user_claim($5);
  new_required jsonb := session_auth.check_required_claims($6);
  names text[] := coalesce(array_remove($2, NULL), ARRAY[
    '__Secure-authjs.session-token', 'authjs.session-token',
    '__Secure-next-auth.session-token', 'next-auth.session-token']);
BEGIN
  PERFORM session_auth.check_secret('secret', $1);
  PERFORM session_auth.check_cookie_names(names);
  PERFORM session_auth.check_optional_names('role_claim', ARRAY[$3]);
  PERFORM session_auth.check_optional_names('scope_claim', ARRAY[$7]);
  PERFORM session_auth.forget_authjs_secret($1);
  INSERT INTO session_auth.authjs_secrets (secret, cookie_names, role_claim, role_source, user_claim,
    required_claims, scope_claim)
  VALUES ($1, names, $3, new_source, new_user_claim, new_required, $7);
  PERFORM session_auth.record_event('authjs_secret_added', NULL,
    jsonb_build_object('cookie_names', names));
END
$$;
COMMENT ON FUNCTION session_auth.add_authjs_secret(text, text[], text, text, text, jsonb, text) IS
  'Trusts the encrypted cookies (RFC 7516, dir) of an Auth.js v5 or next-auth v4 application by its '
  'AUTH_SECRET, or by file: and the absolute name of a file that holds it. cookie_names defaults to '
  'those of both versions. Claims and role_source as add_key has them. The one added last is the '
  'newest; adding one again makes it the newest. 22023 for a bad argument.';

CREATE FUNCTION session_auth.drop_authjs_secret(secret text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  hidden boolean := session_auth.hide_secret($1);
BEGIN
  IF NOT session_auth.forget_authjs_secret($1) THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('authjs_secret_dropped', NULL, NULL);
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.drop_authjs_secret(text) IS
  'Forgets an application''s secret: its cookies are refused at once; whether there was one.';

-- Which kinds there are stands in C alone (src/pure/frameworks.c).
CREATE FUNCTION session_auth.cookie_kinds() RETURNS text[]
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_cookie_kinds';
COMMENT ON FUNCTION session_auth.cookie_kinds() IS
  'internal: the kinds of cookies that a secret can be added for';

CREATE FUNCTION session_auth.check_cookie_kind(kind text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF kind IS NULL OR kind <> ALL (session_auth.cookie_kinds()) THEN
    PERFORM session_auth.refuse('kind', format('It must be one of: %s.',
      array_to_string(session_auth.cookie_kinds(), ', ')));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.check_cookie_kind(text) IS 'internal: 22023 for a bad argument';

CREATE FUNCTION session_auth.check_cookie_secret(
  kind text,
  secret text,
  cookie_names text[],
  max_age interval,
  id_path text[],
  salts text[],
  without_end boolean
) RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'session_auth_check_cookie_secret';
COMMENT ON FUNCTION session_auth.check_cookie_secret(text, text, text[], interval, text[], text[], boolean) IS
  'internal: 22023 for what the kind cannot do with these, 0A000 for what this build cannot';

CREATE FUNCTION session_auth.add_cookie_secret(
  kind text,
  secret text,
  cookie_names text[] DEFAULT NULL,
  max_age interval DEFAULT NULL,
  id_path text[] DEFAULT NULL,
  salts text[] DEFAULT NULL,
  role_claim text DEFAULT NULL,
  tenant_claim text DEFAULT NULL,
  without_end boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  hidden boolean := session_auth.hide_secret($2);
  known_since timestamptz;
BEGIN
  PERFORM session_auth.check_cookie_kind($1);
  PERFORM session_auth.check_secret('secret', $2);
  PERFORM session_auth.check_optional_names('role_claim', ARRAY[$7]);
  PERFORM session_auth.check_optional_names('tenant_claim', ARRAY[$8]);
  PERFORM session_auth.check_cookie_secret($1, $2, $3, $4, $5, $6, $9);
  -- what it proved before is no newer for being added again
  known_since := session_auth.forget_cookie_secret($1, $2);
  INSERT INTO session_auth.cookie_secrets (kind, secret, cookie_names, max_age, id_path, salts, role_claim,
    tenant_claim, without_end, since)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce(known_since, clock_timestamp()));
  PERFORM session_auth.record_event('cookie_secret_added', NULL,
    jsonb_build_object('kind', $1, 'cookie_names', $3, 'without_end', $9));
END
$$;
COMMENT ON FUNCTION session_auth.add_cookie_secret(text, text, text[], interval, text[], text[], text, text,
  boolean) IS
  'Trusts the session cookies of a web framework by the secret that its application signs or encrypts '
  'them with, or by file: and the absolute name of a file that holds it. kind: better-auth, express, '
  'fastify, fastify-secure, django, flask, flask-login, starlette, rails, rails-signed, laravel, phoenix, '
  'phoenix-token, cookie-session, koa, react-router, remix, iron-session, h3. A cookie leads to a session, '
  'which is looked up, or to a user with claims. cookie_names: as the framework calls its cookie by default. '
  'max_age: how old a cookie may be, counted from the time in it; by default as the framework has it. '
  'id_path: where in the payload the user is; ''{}'': the payload is the user. salts: in the framework''s '
  'order. Claims as add_key has them. without_end must be true where a cookie names a user and nothing '
  'in it ends it: such cookies cannot be revoked one by one; replacing the secret ends them. The one added '
  'last is the newest; adding one again changes what is set up for it. 22023 for a bad argument, 0A000 for '
  'kinds that need libsodium in a build without it.';

CREATE FUNCTION session_auth.drop_cookie_secret(kind text, secret text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  hidden boolean := session_auth.hide_secret($2);
BEGIN
  PERFORM session_auth.check_cookie_kind($1);
  IF session_auth.forget_cookie_secret($1, $2) IS NULL THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('cookie_secret_dropped', NULL, jsonb_build_object('kind', $1));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.drop_cookie_secret(text, text) IS
  'Forgets a cookie secret: what it proved is refused at once; whether there was one.';

CREATE FUNCTION session_auth.revoke_token(
  jti text,
  issuer text DEFAULT NULL,
  until timestamptz DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF $1 IS NULL THEN
    PERFORM session_auth.refuse('jti', 'It must not be null.');
  END IF;
  PERFORM session_auth.check_optional_names('jti', ARRAY[$1]);
  PERFORM session_auth.check_optional_names('issuer', ARRAY[$2]);
  IF EXISTS (SELECT FROM session_auth.revoked_tokens r WHERE r.jti = $1
      AND r.issuer IS NOT DISTINCT FROM $2 AND r.until >= coalesce($3, 'infinity')) THEN
    RETURN false;
  END IF;
  INSERT INTO session_auth.revoked_tokens (jti, issuer, until)
  VALUES ($1, $2, coalesce($3, 'infinity'));
  PERFORM session_auth.record_event('token_revoked', NULL,
    jsonb_build_object('jti', $1, 'issuer', $2));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.revoke_token(text, text, timestamptz) IS
  'Refuses a signed or encrypted token by its jti at once; without an issuer, whoever issued it. '
  'purge_sessions forgets it after until (default: never), which should be the token''s expiry. '
  'Whether that changed anything.';

-- Tokens as requests carry them, and tokens that we issue.

CREATE FUNCTION session_auth.token_from_cookie(
  cookie_header text,
  cookie_names text[] DEFAULT NULL
) RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'session_auth_named_token_from_cookie';
COMMENT ON FUNCTION session_auth.token_from_cookie(text, text[]) IS
  'The session token in a Cookie header (RFC 6265), as authenticate takes it: decoded, chunks joined, the '
  'first of duplicates; name=value and the cookie beside it where that is needed. First by the names that '
  'add_authjs_secret and add_cookie_secret set up; of other cookies only what may be the token of a '
  'session. With cookie_names: the first of these, whatever it holds. NULL without one.';

CREATE FUNCTION session_auth.authenticate_request(
  cookie text,
  authorization_header text,
  scope text DEFAULT 'transaction',
  tenant text DEFAULT NULL,
  on_refused text DEFAULT 'error',
  OUT user_id text,
  OUT role text,
  OUT roles text[],
  OUT tenant text,
  OUT session_id uuid,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_authenticate_request_or';
COMMENT ON FUNCTION session_auth.authenticate_request(text, text, text, text, text) IS
  'authenticate with the token of a Cookie header or, where that has none, of an Authorization: Bearer '
  'header (RFC 6750). A cookie whose kind is set up decides, unless its session has expired; a '
  'stranger''s is passed over. 28000 when neither has one, or when it is refused.';

CREATE FUNCTION session_auth.issue_token(
  user_id text,
  expires_in interval,
  claims jsonb DEFAULT '{}',
  kid text DEFAULT NULL
) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_issue_token';
COMMENT ON FUNCTION session_auth.issue_token(text, interval, jsonb, text) IS
  'Signs a JWT (RFC 7519) for services behind the application, with the active private key or secret '
  'of that kid, or without a kid with the newest: give the kid where secrets of others are trusted too. '
  'expires_in is at most one day. The key''s issuer '
  'and audiences, sub, iat, exp and a random jti are added to claims and may not be in it. 22023 for '
  'a bad argument, 0A000 when there is no such key.';
