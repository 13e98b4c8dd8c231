/* jwe_test.c: encrypted tokens taken apart and tampered with. */
#include <string.h>

#include "pure/base64.h"
#include "pure/jwe.h"
#include "tap.h"
#include "vectors.h"

/* frameworks.json: authjs_v5_a256cbc/basic_independent_node_crypto's kind of token is found there. */
#define SECRET "authjs-vector-secret-0123456789abcdef"
#define COOKIE "authjs.session-token"

static JsonDoc doc;
static JweKey v5;
static JweKey v4;
static JweKey better;
static Jwe jwe;

static ResultCode
open_token(Slice token, const JweKey *keys, size_t n_keys, Slice *plain, size_t *which)
{
	size_t cap = BASE64_DECODED_MAX(token.len);
	char *out = keep(cap);
	size_t len = 0;
	size_t i;
	ResultCode result = jwe_parse(&jwe, token.data, token.len);
	bool clean = true;

	memset(out, 0, cap);
	if (result != RESULT_OK)
		return result;
	result = jwe_decrypt(&jwe, keys, n_keys, out, keep(cap), cap, &len, which);
	for (i = 0; result != RESULT_OK && i < cap; i++)
		clean = clean && out[i] == 0;
	if (!clean || (result != RESULT_OK && len != 0))
		ok(false, "a failure leaves nothing behind");
	plain->data = out;
	plain->len = len;
	return result;
}

/* The token of a vector with this id. */
static Slice
vector(const char *id)
{
	const JsonNode *v = vector_of(&doc, member(&doc, doc.nodes, "vectors"), id);
	Slice none = { NULL, 0 };

	return v == NULL ? none : text_at(&doc, v, "token");
}

static void
tamper(Slice token, const JweKey *key, const char *what)
{
	char *text = keep(token.len + 1);
	Slice changed = { text, token.len };
	Slice plain;
	int opened = 0;
	int other = 0;
	size_t i;

	memcpy(text, token.data, token.len);
	for (i = 0; i < token.len; i++)
	{
		ResultCode result;

		text[i] = text[i] == 'A' ? 'B' : 'A';
		result = open_token(changed, key, 1, &plain, NULL);
		opened += result == RESULT_OK;
		/* Behind the header every change must look the same. */
		other += i > jwe.aad.len + 1 && token.data[i] != '.' && result != RESULT_BAD_SIGNATURE;
		text[i] = token.data[i];
	}
	is_int(opened, 0, "%s: no character can change", what);
	is_int(other, 0, "%s: all refused alike", what);
}

/* Lengths of iv and tag, whose bytes are right as far as they go. */
static void
cut(Slice token, const JweKey *key, int part, size_t keep_chars, const char *what)
{
	Slice parts[5];
	char *text = keep(token.len);
	Slice changed = { text, 0 };
	Slice plain;
	int i;

	jose_split(token.data, token.len, parts, 5);
	parts[part].len = keep_chars;
	for (i = 0; i < 5; i++)
	{
		if (i > 0)
			text[changed.len++] = '.';
		memcpy(text + changed.len, parts[i].data, parts[i].len);
		changed.len += parts[i].len;
	}
	is_int(open_token(changed, key, 1, &plain, NULL), RESULT_BAD_SIGNATURE, "%s", what);
}

static void
with_vectors(void)
{
	Slice cbc = vector("authjs_v5_a256cbc/basic_independent_node_crypto");
	Slice gcm = vector("nextauth_v4/basic");
	JweKey keys[3];
	Slice plain;
	size_t which = 99;

	is_int(open_token(cbc, &v5, 1, &plain, NULL), RESULT_OK, "opens A256CBC-HS512");
	ok(plain.len > 2 && plain.data[0] == '{' && plain.data[plain.len - 1] == '}', "to JSON");
	is_int(open_token(gcm, &v4, 1, &plain, NULL), RESULT_OK, "opens A256GCM");
	keys[0] = better;
	keys[1] = v4;
	keys[2] = v5;
	is_int(open_token(cbc, keys, 3, &plain, &which), RESULT_OK, "finds the key by kid");
	is_int((long long) which, 2, "and says which");
	is_int(open_token(gcm, keys, 3, &plain, &which), RESULT_OK, "finds the key without kid");
	is_int((long long) which, 1, "and says which");
	is_int(open_token(cbc, keys, 2, &plain, NULL), RESULT_BAD_SIGNATURE, "no key of that kid");
	is_int(open_token(cbc, keys, 0, &plain, NULL), RESULT_NOT_SET_UP, "no key at all");
	tamper(cbc, &v5, "A256CBC-HS512");
	tamper(gcm, &v4, "A256GCM");
	cut(cbc, &v5, 4, 22, "a tag of 16 bytes for A256CBC-HS512");
	cut(cbc, &v5, 4, 42, "a tag cut by a character");
	cut(cbc, &v5, 2, 16, "an iv of 12 bytes for A256CBC-HS512");
	cut(cbc, &v5, 3, 22, "a ciphertext cut to one block and a bit");
	cut(cbc, &v5, 3, 0, "an empty ciphertext");
	cut(gcm, &v4, 4, 16, "a tag of 12 bytes for A256GCM");
	cut(gcm, &v4, 4, 0, "an empty tag");
	cut(gcm, &v4, 2, 11, "an iv of 8 bytes");
	cut(gcm, &v4, 3, 0, "an empty ciphertext for A256GCM");
	jwe_key_derive(&keys[0], JWE_AUTHJS_V5, to_slice(SECRET), to_slice("__Secure-" COOKIE));
	memcpy(keys[0].kid, v5.kid, sizeof(v5.kid));
	is_int(open_token(cbc, keys, 1, &plain, NULL), RESULT_BAD_SIGNATURE, "a wrong salt");
	jwe_key_clear(&keys[0]);
}

static void
header(const char *text, const char *rest, ResultCode expected, const char *what)
{
	char token[1024];
	Slice slice = { token, 0 };
	Slice plain;

	slice.len = base64url_encode((const unsigned char *) text, strlen(text), token);
	memcpy(token + slice.len, rest, strlen(rest));
	slice.len += strlen(rest);
	is_int(open_token(slice, &v5, 1, &plain, NULL), expected, "%s", what);
}

#define REST                                                                                       \
	"..AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void
headers(void)
{
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\"}", REST, RESULT_BAD_SIGNATURE,
		   "a plain header");
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\",\"zip\":\"DEF\"}", REST, RESULT_UNSUPPORTED,
		   "zip");
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\",\"crit\":[]}", REST, RESULT_UNSUPPORTED,
		   "crit");
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\",\"crit\":[\"session_auth_seal\"],"
		   "\"session_auth_seal\":true}",
		   REST, RESULT_UNSUPPORTED, "a seal is no JWE");
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\",\"jwk\":{}}", REST, RESULT_UNSUPPORTED,
		   "jwk");
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\",\"enc\":\"A256GCM\"}", REST,
		   RESULT_MALFORMED, "enc twice");
	header("{\"alg\":\"dir\"}", REST, RESULT_UNSUPPORTED, "no enc");
	header("{\"alg\":\"dir\",\"enc\":\"A128CBC-HS256\"}", REST, RESULT_UNSUPPORTED,
		   "A128CBC-HS256");
	header("{\"alg\":\"dir\",\"enc\":\"none\"}", REST, RESULT_UNSUPPORTED, "enc none");
	header("{\"alg\":\"DIR\",\"enc\":\"A256GCM\"}", REST, RESULT_UNSUPPORTED, "DIR");
	header("{\"alg\":\"A256KW\",\"enc\":\"A256GCM\"}", REST, RESULT_UNSUPPORTED, "A256KW");
	header("{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A256GCM\",\"p2c\":2147483647}", REST,
		   RESULT_UNSUPPORTED, "PBES2");
	header("{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"}", REST, RESULT_UNSUPPORTED, "ECDH-ES");
	header("{\"alg\":\"none\",\"enc\":\"A256GCM\"}", REST, RESULT_UNSUPPORTED, "none");
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\"}", ".AAAA" REST, RESULT_UNKNOWN_FORM,
		   "six parts");
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\"}", ".AAAA.AAAA.AAAA.AAAA", RESULT_MALFORMED,
		   "an encrypted key");
	header("{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\"}", ".AAAA.AAAA", RESULT_UNKNOWN_FORM,
		   "three parts");
}

int
main(void)
{
	char long_salt[JWE_COOKIE_MAX + 1];
	Slice salt = { long_salt, sizeof(long_salt) };
	JweKey key;

	is_int(jwe_key_derive(&v5, JWE_AUTHJS_V5, to_slice(SECRET), to_slice(COOKIE)), RESULT_OK,
		   "derives Auth.js v5's key");
	is_int(jwe_key_derive(&v4, JWE_NEXTAUTH_V4, to_slice(SECRET), to_slice("")), RESULT_OK,
		   "derives next-auth v4's key");
	is_int(jwe_key_derive(&better, JWE_BETTER_AUTH, to_slice(SECRET), to_slice("")), RESULT_OK,
		   "derives better-auth's key");
	is_int(jwe_key_derive(&key, JWE_AUTHJS_V5, to_slice(""), to_slice(COOKIE)), RESULT_BAD_KEY,
		   "no secret");
	is_int(jwe_key_derive(&key, JWE_AUTHJS_V5, to_slice(SECRET), to_slice("")), RESULT_BAD_KEY,
		   "no cookie name");
	memset(long_salt, 'x', sizeof(long_salt));
	is_int(jwe_key_derive(&key, JWE_AUTHJS_V5, to_slice(SECRET), salt), RESULT_BAD_KEY,
		   "a cookie name of 257 bytes");
	is_int((long long) v5.kid_len[JWE_A256CBC_HS512], 86, "v5's kid by SHA-512");
	is_int((long long) v5.kid_len[JWE_A256GCM], 43, "and by SHA-256");
	is_int((long long) better.kid_len[JWE_A256CBC_HS512], 43, "better-auth's by SHA-256");
	headers();
	if (vectors_open("frameworks.json", &doc))
		with_vectors();
	else
		skip("frameworks.json is not here: no real token is tampered with");
	jwe_key_clear(&v4);
	jwe_key_clear(&better);
	jwe_key_clear(&v5);
	ok(v5.key[0] == 0 && v5.key[63] == 0, "wipes a key");
	return tap_done();
}
