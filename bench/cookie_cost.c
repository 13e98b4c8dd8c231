/*
 * cookie_cost.c
 *		What one cookie of a web framework costs at first sight in the pure layer, and what
 *		its primitives cost alone.
 *
 * The primitives are what the framework's own format asks for, over the very bytes of this
 * cookie, as OpenSSL, libsodium and zlib do it when nothing else is done: the HMACs with their
 * keys, AES in a context that is there, PBKDF2 where the cookie brings the salt, inflating.
 *
 *	cookie_cost FILE                   microseconds of each cookie in FILE
 *	cookie_cost FILE ID FUNCTION TIMES calls the function as often (bench/cookie_instructions)
 *
 * FILE has the form of web_frameworks.json; the first word of an id is the kind, and what
 * add_cookie_secret would be told beside the secret are members: id_path, a name or empty, and
 * salts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "pure/base64.h"
#include "pure/crypto_sodium.h"
#include "pure/framework_internal.h"
#include "pure/inflate.h"
#include "timing.h"
#include "vectors.h"

#define ROUNDS     15
#define ROUND_US   4000
#define IRON_PARTS 8
#define JWE_PARTS  5
#define SALTS_MAX  2

/* Named for callgrind, and so neither static nor inlined. */
__attribute__((noinline)) bool whole_cookie(void);
__attribute__((noinline)) bool cookie_primitives(void);

static char arena[FRAMEWORK_ARENA];
static FrameworkKey key;
static size_t used; /* of its keys: the first with which the primitives do not fail */
static Slice id_path;
static Slice salts[SALTS_MAX];
static FrameworkOptions options = { .without_end = true };
static FrameworkCookie cookie;
static int64_t now;

/* Parts of a text that a MAC covers. */
typedef struct Covered
{
	Slice parts[3];
	int n;
} Covered;

/* What the primitives are given: found in the cookie beforehand. */
static struct
{
	Covered by_mac;
	Covered by_other; /* the token's, beside a cache */
	Slice packed;     /* by zlib */
	Slice aad;
	Slice iv;
	Slice sealed; /* by a cipher */
	Slice tag;
	Slice salts[2]; /* of PBKDF2 */
} given;

bool
whole_cookie(void)
{
	static FrameworkProof proof;

	return framework_open(&key, &options, &cookie, now, arena, sizeof(arena), &proof) == RESULT_OK;
}

/* ------------------------------------------------------------------- the primitives */

static Slice
decoded(Slice text, bool url)
{
	unsigned char *out = keep(text.len + 1);
	Slice bytes = { (const char *) out, 0 };

	if ((url ? base64url_decode : base64_decode)(text.data, text.len, out, text.len, &bytes.len) !=
		RESULT_OK)
		printf("not in base64: %.*s\n", (int) text.len, text.data);
	return bytes;
}

/* text up to the separator's last place; what follows goes to *rest. */
static Slice
split(Slice text, const char *separator, Slice *rest)
{
	if (!slice_split_last(text, separator, &text, rest))
		printf("without %s: %.*s\n", separator, (int) text.len, text.data);
	return text;
}

static Covered
covered(Slice text)
{
	return (Covered){ .parts = { text }, .n = 1 };
}

static Slice
covered_by_mac(const Framework *row, Slice value)
{
	Slice text = value;
	Slice content;
	Slice mac;

	if (!framework_split_mac(row, value, &text, &content, &mac))
		printf("without a MAC: %.*s\n", (int) value.len, value.data);
	return text;
}

static void
prepare_mac(const Framework *row)
{
	Slice text = covered_by_mac(row, cookie.value);
	Slice stamp;

	given.by_mac = covered(text);
	if (row->payload == PAYLOAD_PYTHON_JSON && text.data[0] == '.')
	{
		text = split(text, row->separator, &stamp);
		given.packed = decoded(slice_make(text.data + 1, text.len - 1), true);
	}
}

static void
prepare_beside(void)
{
	given.by_mac =
		(Covered){ .parts = { slice_make(key.name, key.name_len), to_slice("="), cookie.value },
				   .n = 3 };
}

static void
prepare_gcm(const Framework *row)
{
	Slice text = split(split(cookie.value, row->separator, &given.tag), row->separator, &given.iv);

	given.sealed = decoded(text, false);
	given.iv = decoded(given.iv, false);
	given.tag = decoded(given.tag, false);
}

static void
prepare_secretbox(const Framework *row)
{
	given.sealed = decoded(split(cookie.value, row->separator, &given.iv), false);
	given.iv = decoded(given.iv, false);
}

/* Behind the prefix the nonce, the tag and what is sealed. */
static void
prepare_xchacha(const Framework *row)
{
	size_t n = strlen(row->prefix);
	size_t head = SODIUM_IV_LEN + SODIUM_TAG_LEN;
	Slice all = decoded(slice_make(cookie.value.data + n, cookie.value.len - n), true);

	given.aad = to_slice("A128GCM");
	given.iv = slice_make(all.data, SODIUM_IV_LEN);
	given.tag = slice_make(all.data + SODIUM_IV_LEN, SODIUM_TAG_LEN);
	given.sealed = slice_make(all.data + head, all.len - head);
}

/* header, no key, iv, value, tag */
static void
prepare_jwe(void)
{
	Slice parts[JWE_PARTS];

	(void) jose_split(cookie.value.data, cookie.value.len, parts, JWE_PARTS);
	given.aad = parts[0];
	given.iv = decoded(parts[2], true);
	given.sealed = decoded(parts[3], true);
	given.tag = decoded(parts[4], true);
}

static void
scan(Slice text, JsonDoc *doc)
{
	JsonNode *nodes = keep(JSON_NODES_FOR(text.len) * sizeof(JsonNode));

	if (json_scan(doc, text.data, text.len, nodes, JSON_NODES_FOR(text.len)) != RESULT_OK)
		printf("no JSON: %.*s\n", (int) text.len, text.data);
}

static void
prepare_laravel(void)
{
	JsonDoc doc;

	scan(decoded(cookie.value, false), &doc);
	given.by_mac =
		(Covered){ .parts = { text_at(&doc, doc.nodes, "iv"), text_at(&doc, doc.nodes, "value") },
				   .n = 2 };
	given.iv = decoded(given.by_mac.parts[0], false);
	given.sealed = decoded(given.by_mac.parts[1], false);
}

/* prefix, id, salt, iv, value, end, the MAC's salt, the MAC */
static void
prepare_iron(void)
{
	Slice rest = cookie.value;
	Slice parts[IRON_PARTS];

	for (int i = IRON_PARTS - 1; i > 0; i--)
	{
		rest = split(rest, "*", &parts[i]);
		if (i == 6)
			given.by_mac = covered(rest);
	}
	given.salts[0] = parts[2];
	given.salts[1] = parts[6];
	given.iv = decoded(parts[3], true);
	given.sealed = decoded(parts[4], true);
}

/* better-auth's three strategies; in the compact one the end goes into the text that is signed. */
static void
prepare_cache(const Framework *row)
{
	Slice parts[JWE_PARTS];
	Slice mac;
	JsonDoc doc;

	given.by_other = covered(covered_by_mac(row, cookie.beside));
	if (jose_split(cookie.value.data, cookie.value.len, parts, JWE_PARTS) == RESULT_OK)
		prepare_jwe();
	else if (jose_split(cookie.value.data, cookie.value.len, parts, 3) == RESULT_OK)
		given.by_mac = covered(split(cookie.value, ".", &mac));
	else
	{
		scan(decoded(cookie.value, true), &doc);
		given.by_mac = (Covered){ .parts = { json_raw(&doc, member(&doc, doc.nodes, "session")),
											 to_slice(",\"expiresAt\":"),
											 json_raw(&doc, member(&doc, doc.nodes, "expiresAt")) },
								  .n = 3 };
	}
}

static void
prepare(const Framework *row)
{
	memset(&given, 0, sizeof(given));
	switch (row->proof)
	{
		case PROOF_MAC:
			prepare_mac(row);
			break;
		case PROOF_BESIDE:
			prepare_beside();
			break;
		case PROOF_GCM_PARTS:
			prepare_gcm(row);
			break;
		case PROOF_LARAVEL:
			prepare_laravel();
			break;
		case PROOF_IRON:
			prepare_iron();
			break;
		case PROOF_XCHACHA:
			prepare_xchacha(row);
			break;
		case PROOF_SECRETBOX:
			prepare_secretbox(row);
			break;
		case PROOF_JWE:
			prepare_jwe();
			break;
		default:
			prepare_cache(row);
			break;
	}
}

static const unsigned char *
bytes_of(Slice s)
{
	return (const unsigned char *) s.data;
}

static bool
decrypt(bool gcm, const unsigned char *aes_key)
{
	static EVP_CIPHER_CTX *ctx = NULL;
	static EVP_CIPHER *ciphers[2] = { NULL, NULL };
	unsigned char *out = (unsigned char *) arena;
	int n;
	int last;

	if (ctx == NULL)
		ctx = EVP_CIPHER_CTX_new();
	if (ciphers[gcm] == NULL)
		ciphers[gcm] = EVP_CIPHER_fetch(NULL, gcm ? "AES-256-GCM" : "AES-256-CBC", NULL);
	return EVP_DecryptInit_ex2(ctx, ciphers[gcm], aes_key, bytes_of(given.iv), NULL) == 1 &&
		   (given.tag.len == 0 ||
			EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int) given.tag.len,
								(void *) (uintptr_t) given.tag.data) == 1) &&
		   EVP_DecryptUpdate(ctx, out, &n, bytes_of(given.sealed), (int) given.sealed.len) == 1 &&
		   EVP_DecryptFinal_ex(ctx, out + n, &last) == 1;
}

/* Of the kinds that have a cipher; keys are those of iron, which the cookie's salts make. */
static bool
open_sealed(const Framework *row, const unsigned char *iron_key)
{
	const unsigned char *secret = key.keys[used].bytes;
	unsigned char *out = (unsigned char *) arena;
	size_t len;

	switch (row->proof)
	{
		case PROOF_GCM_PARTS:
			return decrypt(true, secret);
		case PROOF_XCHACHA:
			return sodium_xchacha_open(secret, bytes_of(given.iv), given.aad, given.sealed,
									   bytes_of(given.tag), out, &len) == RESULT_OK;
		case PROOF_SECRETBOX:
			return sodium_xsalsa_open(secret, bytes_of(given.iv), given.sealed, out, &len) ==
				   RESULT_OK;
		case PROOF_JWE:
		case PROOF_CACHE:
			return crypto_cbc_hs512_open(key.jwe.key, bytes_of(given.iv), given.aad, given.sealed,
										 bytes_of(given.tag), out, &len) == RESULT_OK;
		default:
			return decrypt(false, row->proof == PROOF_IRON ? iron_key : secret);
	}
}

static bool
mac_over(CryptoHash hash, Slice mac_key, const Covered *text)
{
	unsigned char mac[CRYPTO_HASH_MAX];

	return text->n == 0 ||
		   crypto_hmac_parts(hash, mac_key.data, mac_key.len, text->parts, text->n, mac);
}

bool
cookie_primitives(void)
{
	const Framework *row = key.row;
	unsigned char keys[2][32];
	Arena memory = { arena, sizeof(arena), 0 };
	Slice secret = { (const char *) key.keys[used].bytes, key.keys[used].len };
	Slice mac_key = secret;
	Slice text;
	const Covered name = { .parts = { slice_make(key.name, key.name_len), to_slice("v2") },
						   .n = row->payload == PAYLOAD_NAMED_RAW ? 2 : 0 };
	bool iron = row->proof == PROOF_IRON;
	bool ok = true;

	for (int i = 0; ok && iron && i < 2; i++)
		ok = crypto_pbkdf2(CRYPTO_HASH_SHA1, secret, given.salts[i], 1, keys[i], 32);
	if (iron)
		mac_key = slice_make((char *) keys[1], 32);
	ok = ok &&
		 mac_over(given.sealed.len > 0 ? CRYPTO_HASH_SHA256 : row->mac_hash, mac_key,
				  &given.by_mac) &&
		 mac_over(row->mac_hash, secret, &given.by_other) &&
		 (given.sealed.len == 0 || open_sealed(row, keys[0])) &&
		 mac_over(CRYPTO_HASH_SHA1, secret, &name);
	if (ok && given.packed.len > 0)
		ok = inflate_zlib(given.packed, &memory, &text) == RESULT_OK;
	return ok;
}

/* ------------------------------------------------------------------- measuring them */

/* The shortest of several short runs: others use the machine, too. */
static double
shortest(bool (*call)(void))
{
	double best = time_of(call, ROUND_US);

	for (int round = 1; round < ROUNDS; round++)
	{
		double us = time_of(call, ROUND_US);

		best = us < best ? us : best;
	}
	return best;
}

static void
print_times(Slice id)
{
	double whole = shortest(whole_cookie);
	double alone = shortest(cookie_primitives);

	printf("%-24.*s %4zu bytes %10.2f us, primitives %8.2f us, %5.2f times\n", (int) id.len,
		   id.data, cookie.value.len + cookie.beside.len, whole, alone, whole / alone);
}

static void
take_options(const JsonDoc *doc, const JsonNode *v)
{
	const JsonNode *list = member(doc, v, "salts");

	id_path = text_at(doc, v, "id_path");
	options.id_path = id_path.data != NULL ? &id_path : NULL;
	options.n_id_path = id_path.len > 0 ? 1 : 0;
	options.salts = salts;
	options.n_salts = 0;
	if (list != NULL)
		for (v = json_first(list); v != NULL && options.n_salts < SALTS_MAX;
			 v = json_next(doc, list, v))
			salts[options.n_salts++] = text_of(doc, v);
}

/* Is the cookie this row's?  Then the key fits it. */
static bool
take_row(const Framework *row, const JsonDoc *doc, const JsonNode *v)
{
	static char buf[FRAMEWORK_COOKIE_MAX];
	Slice name = text_at(doc, v, "cookie_name");

	if (!framework_applies(row, &options) ||
		framework_derive(&key, row, &options, name, text_at(doc, v, "secret"), NULL) != RESULT_OK)
		return false;
	if (framework_cookie_of_text(row, name, text_at(doc, v, "cookie_header"), buf, sizeof(buf),
								 &cookie) == RESULT_OK &&
		whole_cookie())
		return true;
	framework_key_clear(&key);
	return false;
}

static bool
take_cookie(const JsonDoc *doc, const JsonNode *v)
{
	char kind[64];
	Slice id = text_at(doc, v, "id");
	const Framework *row = NULL;

	snprintf(kind, sizeof(kind), "%.*s", (int) id.len, id.data);
	kind[strcspn(kind, " ,")] = '\0';
	take_options(doc, v);
	now = number_at(doc, v, "now", 0) * 1000000;
	do
		row = framework_next(kind, row);
	while (row != NULL && !take_row(row, doc, v));
	if (row == NULL)
		return false;
	prepare(row);
	for (used = 0; used < key.n_keys; used++)
		if (cookie_primitives())
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	bool (*call)(void) =
		argc > 3 && strcmp(argv[3], "whole_cookie") == 0 ? whole_cookie : cookie_primitives;
	const JsonNode *v;
	JsonDoc doc;

	if (argc < 2 || !vectors_open(argv[1], &doc))
		return 2;
	for (v = json_first(doc.nodes); v != NULL; v = json_next(&doc, doc.nodes, v))
	{
		Slice id = text_at(&doc, v, "id");

		if (argc > 2 && !slice_is(id, argv[2]))
			continue;
		if (!take_cookie(&doc, v))
			printf("%.*s: not accepted\n", (int) id.len, id.data);
		else if (argc == 2)
			print_times(id);
		for (int i = 0; argc > 4 && i < atoi(argv[4]); i++)
			(void) call();
		framework_key_clear(&key);
	}
	return 0;
}
