/*
 * seeds.c
 *		Writes the fuzz targets' seeds, taken from the vectors, below a folder.
 */
#include <stdio.h>
#include <string.h>

#include "pure/base64.h"
#include "pure/crypto.h"
#include "pure/jose.h"
#include "vectors.h"

#define SEED_MAX 20000

static const char *top;
static int n_seeds = 0;

/* A seed of up to three pieces. */
static void
seed(const char *target, Slice a, Slice b, Slice c)
{
	char path[4096];
	FILE *file;

	if (a.len + b.len + c.len > SEED_MAX)
		return;
	snprintf(path, sizeof(path), "%s/%s/%d", top, target, n_seeds++);
	file = fopen(path, "wb");
	if (file == NULL)
		return;
	fwrite(a.len > 0 ? a.data : "", 1, a.len, file);
	fwrite(b.len > 0 ? b.data : "", 1, b.len, file);
	fwrite(c.len > 0 ? c.data : "", 1, c.len, file);
	fclose(file);
}

static void
seed_one(const char *target, Slice text)
{
	Slice none = { NULL, 0 };

	if (text.data != NULL)
		seed(target, text, none, none);
}

/* The parts of a token that are JSON. */
static void
seed_parts(Slice token)
{
	Slice parts[3];
	int i;

	if (token.data == NULL || jose_split(token.data, token.len, parts, 3) != RESULT_OK)
		return;
	for (i = 0; i < 2; i++)
	{
		char *json = keep(BASE64_DECODED_MAX(parts[i].len));
		Slice decoded = { json, 0 };

		if (base64url_decode(parts[i].data, parts[i].len, (unsigned char *) json,
							 BASE64_DECODED_MAX(parts[i].len), &decoded.len) == RESULT_OK)
			seed_one("json", decoded);
	}
}

static void
seed_key(const JsonDoc *doc, const JsonNode *v)
{
	const JsonNode *jwk = member(doc, v, "jwk");
	Slice name = text_at(doc, v, "alg");
	Slice pem = text_at(doc, v, "pem");
	Slice none = { NULL, 0 };
	CryptoAlg alg;
	char choice;
	Slice first = { &choice, 1 };

	if (jwk == NULL)
		jwk = member(doc, v, "key");
	if (name.data == NULL || !crypto_alg_by_name(name.data, name.len, &alg))
		return;
	choice = (char) alg;
	if (jwk != NULL)
		seed("crypto", first, json_raw(doc, jwk), none);
	if (pem.data != NULL)
		seed("crypto", first, pem, none);
}

static void
seed_headers(const JsonDoc *doc, const JsonNode *v)
{
	const JsonNode *headers = member(doc, v, "headers");
	Slice name = text_at(doc, v, "cookie_name");
	Slice cookie = text_at(doc, headers, "cookie");
	Slice authorization = text_at(doc, headers, "authorization");

	if (cookie.data != NULL)
		seed("cookie", name, to_slice("\n"), cookie);
	if (authorization.data != NULL)
		seed("cookie", name, to_slice("\n"), authorization);
}

static void
seed_vector(const JsonDoc *doc, const JsonNode *v)
{
	Slice token = text_at(doc, v, "token");
	const JsonNode *claims = member(doc, v, "claims");
	Slice parts[5];

	if (token.data != NULL)
	{
		bool jwe = jose_split(token.data, token.len, parts, 5) == RESULT_OK;

		seed_one(jwe ? "jwe" : "jws", token);
		if (token.len < 600)
			seed_one("token", token);
	}
	if (claims != NULL)
		seed_one("json", json_raw(doc, claims));
	seed_one("token", text_at(doc, v, "cookie_value"));
	seed_parts(token);
	seed_key(doc, v);
	seed_headers(doc, v);
}

int
main(int argc, char **argv)
{
	static const char *const files[] = { "frameworks.json", "wycheproof.json" };
	JsonDoc doc;
	size_t i;

	if (argc != 2)
		return 2;
	top = argv[1];
	seed_one("token", to_slice("sat_ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"));
	seed_one("token", to_slice("91a9b1f1-6d86-4b05-ae1f-4eabef6016ed"));
	for (i = 0; i < 2; i++)
	{
		const JsonNode *vectors;
		const JsonNode *v;

		if (!vectors_open(files[i], &doc))
		{
			printf("# %s is not here: no seeds from it\n", files[i]);
			continue;
		}
		vectors = member(&doc, doc.nodes, "vectors");
		for (v = json_first(vectors); v != NULL; v = json_next(&doc, vectors, v))
			seed_vector(&doc, v);
	}
	printf("# %d seeds in %s\n", n_seeds, top);
	return 0;
}
