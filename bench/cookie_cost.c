/*
 * cookie_cost.c
 *		What one cookie of a web framework costs at first sight in the pure layer, and what
 *		its primitives cost alone.
 *
 * The primitives are what the framework's own format asks for, over the very bytes of this
 * cookie, as OpenSSL and zlib do it when nothing else is done: the HMACs with their keys, AES in
 * a context that is there, PBKDF2 where the cookie brings the salt, inflating.
 *
 *	cookie_cost FILE                     microseconds of each cookie in FILE
 *	cookie_cost FILE KIND FUNCTION TIMES calls the function as often (bench/cookie_instructions)
 *
 * FILE has the form of web_frameworks.json, and kinds as ids.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "pure/base64.h"
#include "pure/framework_internal.h"
#include "pure/inflate.h"
#include "timing.h"
#include "vectors.h"

#define ROUNDS     15
#define ROUND_US   4000
#define IRON_PARTS 8

/* Named for callgrind, and so neither static nor inlined. */
__attribute__((noinline)) bool whole_cookie(void);
__attribute__((noinline)) bool cookie_primitives(void);

static char arena[FRAMEWORK_ARENA];
static FrameworkKey key;
static size_t used; /* of its keys: the first with which the primitives do not fail */
static Slice id_path;
static FrameworkOptions options = { .without_end = true };
static FrameworkCookie cookie;
static int64_t now;

/* What the primitives are given: found in the cookie beforehand. */
static struct
{
	Slice covered[3]; /* by the MAC */
	int n_covered;
	Slice packed; /* by zlib */
	Slice iv;
	Slice sealed; /* by AES */
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

static void
prepare_mac(const Framework *row)
{
	Slice mac;
	Slice text;

	given.n_covered = 1;
	framework_split_mac(row, cookie.value, &given.covered[0], &text, &mac);
	if (row->payload == PAYLOAD_PYTHON_JSON && text.data[0] == '.')
	{
		text = split(text, row->separator, &mac);
		given.packed = decoded(slice_make(text.data + 1, text.len - 1), true);
	}
}

static void
prepare_beside(void)
{
	given.n_covered = 3;
	given.covered[0] = slice_make(key.name, key.name_len);
	given.covered[1] = to_slice("=");
	given.covered[2] = cookie.value;
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
prepare_laravel(void)
{
	Slice json = decoded(cookie.value, false);
	JsonNode *nodes = keep(64 * sizeof(JsonNode));
	JsonDoc doc;

	if (json_scan(&doc, json.data, json.len, nodes, 64) != RESULT_OK)
		printf("no JSON: %.*s\n", (int) json.len, json.data);
	given.n_covered = 2;
	given.covered[0] = text_at(&doc, doc.nodes, "iv");
	given.covered[1] = text_at(&doc, doc.nodes, "value");
	given.iv = decoded(given.covered[0], false);
	given.sealed = decoded(given.covered[1], false);
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
			given.covered[0] = rest;
	}
	given.n_covered = 1;
	given.salts[0] = parts[2];
	given.salts[1] = parts[6];
	given.iv = decoded(parts[3], true);
	given.sealed = decoded(parts[4], true);
}

static void
prepare(const Framework *row)
{
	memset(&given, 0, sizeof(given));
	if (row->proof == PROOF_MAC)
		prepare_mac(row);
	else if (row->proof == PROOF_BESIDE)
		prepare_beside();
	else if (row->proof == PROOF_GCM_PARTS)
		prepare_gcm(row);
	else if (row->proof == PROOF_LARAVEL)
		prepare_laravel();
	else
		prepare_iron();
}

static bool
decrypt(const char *name, const unsigned char *aes_key)
{
	static EVP_CIPHER_CTX *ctx = NULL;
	static EVP_CIPHER *cipher = NULL;
	unsigned char *out = (unsigned char *) arena;
	int n;
	int last;

	if (ctx == NULL)
		ctx = EVP_CIPHER_CTX_new();
	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	return EVP_DecryptInit_ex2(ctx, cipher, aes_key, (const unsigned char *) given.iv.data, NULL) ==
			   1 &&
		   (given.tag.len == 0 ||
			EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int) given.tag.len,
								(void *) (uintptr_t) given.tag.data) == 1) &&
		   EVP_DecryptUpdate(ctx, out, &n, (const unsigned char *) given.sealed.data,
							 (int) given.sealed.len) == 1 &&
		   EVP_DecryptFinal_ex(ctx, out + n, &last) == 1;
}

static bool
name_mac(void)
{
	const Slice parts[] = { slice_make(key.name, key.name_len), to_slice("v2") };
	unsigned char mac[CRYPTO_HASH_MAX];

	return crypto_hmac_parts(CRYPTO_HASH_SHA1, key.keys[used].bytes, key.keys[used].len, parts, 2,
							 mac);
}

bool
cookie_primitives(void)
{
	const Framework *row = key.row;
	unsigned char keys[2][32];
	unsigned char mac[CRYPTO_HASH_MAX];
	Arena memory = { arena, sizeof(arena), 0 };
	Slice text = { (const char *) key.keys[used].bytes, key.keys[used].len };
	bool iron = row->proof == PROOF_IRON;
	bool ok = true;

	for (int i = 0; ok && iron && i < 2; i++)
		ok = crypto_pbkdf2(CRYPTO_HASH_SHA1, text, given.salts[i], 1, keys[i], 32);
	if (ok && given.n_covered > 0)
		ok = crypto_hmac_parts(iron || given.sealed.len > 0 ? CRYPTO_HASH_SHA256 : row->mac_hash,
							   iron ? (char *) keys[1] : text.data, iron ? 32 : text.len,
							   given.covered, given.n_covered, mac);
	if (ok && given.sealed.len > 0)
		ok = decrypt(given.tag.len > 0 ? "AES-256-GCM" : "AES-256-CBC",
					 iron ? keys[0] : key.keys[used].bytes);
	if (ok && row->payload == PAYLOAD_NAMED_RAW)
		ok = name_mac();
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
print_times(const char *kind)
{
	double whole = shortest(whole_cookie);
	double alone = shortest(cookie_primitives);

	printf("%-16s %4zu bytes %10.2f us, primitives %8.2f us, %5.2f times\n", kind,
		   cookie.value.len + cookie.beside.len, whole, alone, whole / alone);
}

static bool
take_cookie(const JsonDoc *doc, const JsonNode *v)
{
	char kind[64];
	static char buf[FRAMEWORK_COOKIE_MAX];
	Slice id = text_at(doc, v, "id");
	Slice name = text_at(doc, v, "cookie_name");
	const Framework *row;

	snprintf(kind, sizeof(kind), "%.*s", (int) id.len, id.data);
	row = framework_next(kind, NULL);
	id_path = text_at(doc, v, "id_path");
	options.id_path = id_path.len > 0 ? &id_path : NULL;
	options.n_id_path = id_path.len > 0 ? 1 : 0;
	now = number_at(doc, v, "now", 0) * 1000000;
	if (row == NULL ||
		framework_derive(&key, row, &options, name, text_at(doc, v, "secret"), NULL) != RESULT_OK ||
		framework_cookie_of_text(row, name, text_at(doc, v, "cookie_header"), buf, sizeof(buf),
								 &cookie) != RESULT_OK)
		return false;
	prepare(row);
	for (used = 0; used < key.n_keys; used++)
		if (cookie_primitives())
			return whole_cookie();
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
			print_times(key.row->kind);
		for (int i = 0; argc > 4 && i < atoi(argv[4]); i++)
			(void) call();
		framework_key_clear(&key);
	}
	return 0;
}
