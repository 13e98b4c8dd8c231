/*
 * primitives_test.c: crypto.h against the Wycheproof project's vectors, which are not
 * part of this one: read from where vectors.h looks, and left out aloud where not.
 */
#include <string.h>

#include "pure/crypto.h"
#include "tap.h"
#include "vectors.h"

typedef struct Tally
{
	int accepted;
	int refused;
	int left_out;
} Tally;

typedef bool (*Check)(const JsonNode *group, const JsonNode *test);

static JsonDoc doc;
static CryptoKey *group_key;

static bool
hmac_fits(const JsonNode *group, const JsonNode *test)
{
	Slice key = hex_at(&doc, test, "key");
	Slice msg = hex_at(&doc, test, "msg");
	Slice tag = hex_at(&doc, test, "tag");
	unsigned char mac[CRYPTO_SHA256_LEN];

	(void) group;
	return crypto_hmac_sha256(key.data, key.len, msg.data, msg.len, mac) &&
		   tag.len == sizeof(mac) && crypto_equal(mac, tag.data, sizeof(mac));
}

static bool
hkdf_fits(const JsonNode *group, const JsonNode *test)
{
	size_t size = (size_t) number_at(&doc, test, "size", 0);
	Slice okm = hex_at(&doc, test, "okm");
	unsigned char *out = keep(size);

	(void) group;
	return crypto_hkdf_sha256(hex_at(&doc, test, "ikm"), hex_at(&doc, test, "salt"),
							  hex_at(&doc, test, "info"), out, size) &&
		   okm.len == size && memcmp(out, okm.data, size) == 0;
}

/* With a key that is kept, as servers open; of GCM only what has no data beside it. */
static ResultCode
open_kept(bool gcm, const unsigned char *key, const unsigned char *iv, Slice aad, Slice ct,
		  const unsigned char *tag, unsigned char *out, size_t *len)
{
	const size_t half = CRYPTO_CBC_HS512_KEY_LEN / 2;
	CryptoMac *mac = gcm ? NULL : crypto_mac_new(CRYPTO_HASH_SHA512, key, half);
	CryptoCipher *cipher = gcm ? crypto_gcm_new(key) : crypto_cbc_new(key + half);
	ResultCode result = gcm ? crypto_gcm_open_with(cipher, iv, ct, tag, out, len)
							: crypto_cbc_hs512_open_with(mac, cipher, iv, aad, ct, tag, out, len);

	crypto_mac_free(mac);
	crypto_cipher_free(cipher);
	return result;
}

/* Both ways to open must answer alike; what differs fits nothing. */
static bool
aead_fits(const JsonNode *group, const JsonNode *test)
{
	bool gcm = number_at(&doc, group, "tagSize", 0) == 128;
	const unsigned char *key = (const unsigned char *) hex_at(&doc, test, "key").data;
	const unsigned char *iv = (const unsigned char *) hex_at(&doc, test, "iv").data;
	const unsigned char *tag = (const unsigned char *) hex_at(&doc, test, "tag").data;
	Slice aad = hex_at(&doc, test, "aad");
	Slice ct = hex_at(&doc, test, "ct");
	Slice msg = hex_at(&doc, test, "msg");
	unsigned char *out = keep(ct.len + 32);
	size_t len;
	ResultCode result =
		(gcm ? crypto_gcm_open : crypto_cbc_hs512_open)(key, iv, aad, ct, tag, out, &len);

	if (gcm && aad.len > 0)
		return result == RESULT_OK && slice_equals(slice_make(out, len), msg);
	ok(open_kept(gcm, key, iv, aad, ct, tag, out, &len) == result, "a kept key: the same");
	return result == RESULT_OK && slice_equals(slice_make(out, len), msg);
}

static bool
signature_fits(const JsonNode *group, const JsonNode *test)
{
	Slice msg = hex_at(&doc, test, "msg");
	Slice sig = hex_at(&doc, test, "sig");

	(void) group;
	return group_key != NULL &&
		   crypto_verify(group_key, msg.data, msg.len, (const unsigned char *) sig.data, sig.len) ==
			   RESULT_OK;
}

/* Lengths that session_auth does not use. */
static bool
is_ours(const JsonNode *group, const char *name)
{
	if (strcmp(name, "aes_gcm") == 0)
		return number_at(&doc, group, "keySize", 0) == 256 &&
			   number_at(&doc, group, "ivSize", 0) == 96 &&
			   number_at(&doc, group, "tagSize", 0) == 128;
	if (strcmp(name, "a256cbc_hs512") == 0)
		return number_at(&doc, group, "keySize", 0) == 512 &&
			   number_at(&doc, group, "ivSize", 0) == 128 &&
			   number_at(&doc, group, "tagSize", 0) == 256;
	if (strcmp(name, "hmac_sha256") == 0)
		return number_at(&doc, group, "tagSize", 0) == 256;
	return true;
}

static void
run(const char *name, Check check, int alg, bool salt0)
{
	const JsonNode *groups = member(&doc, member(&doc, doc.nodes, name), "testGroups");
	const JsonNode *group;
	const JsonNode *test;
	Tally tally = { 0, 0, 0 };
	int wrong = 0;

	for (group = json_first(groups); group != NULL; group = json_next(&doc, groups, group))
	{
		const JsonNode *tests = member(&doc, group, "tests");
		Slice pem = text_at(&doc, group, "publicKeyPem");
		const char *why = "";

		group_key = NULL;
		if (!is_ours(group, name))
		{
			tally.left_out += (int) tests->size;
			continue;
		}
		if (alg >= 0 &&
			crypto_key_from_pem((CryptoAlg) alg, pem.data, pem.len, &group_key, &why) != RESULT_OK)
		{
			tally.left_out += (int) tests->size;
			diag("%s: a key is refused: %s", name, why);
			continue;
		}
		for (test = json_first(tests); test != NULL; test = json_next(&doc, tests, test))
		{
			Slice result = text_at(&doc, test, "result");
			bool accepted = check(group, test);
			bool expected = slice_is(result, "valid");

			/* PS256 wants salts of 32 bytes: here the one that was made invalid by that. */
			if (salt0)
				expected = slice_is(text_at(&doc, test, "comment"), "s_len changed to 32");

			/* "acceptable": either answer is right. */
			if (slice_is(result, "acceptable"))
				tally.left_out++;
			else if (accepted != expected)
			{
				wrong++;
				diag("%s: test %lld is wrong", name, number_at(&doc, test, "tcId", 0));
			}
			else
				*(accepted ? &tally.accepted : &tally.refused) += 1;
		}
		crypto_key_free(group_key);
	}
	is_int(wrong, 0, "%s: %d accepted, %d refused", name, tally.accepted, tally.refused);
	diag("%-26s %8d %8d %8d", name, tally.accepted, tally.refused, tally.left_out);
}

int
main(void)
{
	if (!vectors_open("primitives.json", &doc))
	{
		skip("primitives.json is not here: all its vectors are left out");
		return tap_done();
	}
	diag("%-26s %8s %8s %8s", "primitives.json", "accepted", "refused", "left out");
	run("ed25519", signature_fits, CRYPTO_ALG_EDDSA, false);
	run("es256_p1363", signature_fits, CRYPTO_ALG_ES256, false);
	run("rs256", signature_fits, CRYPTO_ALG_RS256, false);
	run("ps256_salt32", signature_fits, CRYPTO_ALG_PS256, false);
	run("ps256_salt0", signature_fits, CRYPTO_ALG_PS256, true);
	run("hmac_sha256", hmac_fits, -1, false);
	run("hkdf_sha256", hkdf_fits, -1, false);
	run("a256cbc_hs512", aead_fits, -1, false);
	run("aes_gcm", aead_fits, -1, false);
	diag("left out: lengths of keys, nonces and tags that session_auth does not use, and");
	diag("what may be answered either way; ps256_salt0 has one salt of 32 bytes");
	return tap_done();
}
