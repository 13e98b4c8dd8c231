/*
 * seeds.c
 *		Writes the fuzz targets' seeds, taken from the vectors, below a folder.
 */
#include <stdio.h>
#include <string.h>

#include "pure/base64.h"
#include "pure/crypto.h"
#include "pure/framework_internal.h"
#include "pure/jose.h"
#include "symfony_session.h"
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

/* ------------------------------------------------------- cookies of web frameworks */

static Slice
decoded(Slice text, bool url)
{
	size_t cap = BASE64_DECODED_MAX(text.len);
	Slice bytes = { keep(cap), 0 };
	ResultCode result =
		url ? base64url_decode(text.data, text.len, (unsigned char *) bytes.data, cap, &bytes.len)
			: base64_decode(text.data, text.len, (unsigned char *) bytes.data, cap, &bytes.len);

	if (result != RESULT_OK)
		bytes.data = NULL;
	return bytes;
}

/* What a row's proof would cover, behind the row's number. */
static void
seed_payload(const Framework *row, Slice content)
{
	char number = (char) (row - frameworks);
	Slice first = { &number, 1 };
	Slice none = { NULL, 0 };

	seed("payload", first, content, none);
}

/* The part in front of the first dot or colon, where it is compressed or a term. */
static void
seed_parts_of(Slice content)
{
	size_t skip = content.len > 0 && content.data[0] == '.' ? 1 : 0;
	Slice text = { content.data + skip, skip };

	while (text.len < content.len && content.data[text.len] != '.' && content.data[text.len] != ':')
		text.len++;
	text.len -= skip;
	seed_one(skip > 0 ? "inflate" : "erlang", decoded(text, true));
}

static void
seed_rows(const JsonDoc *doc, const JsonNode *rows)
{
	const JsonNode *table = rows == NULL ? NULL : member(doc, rows, "sessions");
	const JsonNode *row = table == NULL ? NULL : json_first(table);

	for (; row != NULL; row = json_next(doc, table, row))
		seed_one("php", decoded(text_at(doc, row, "payload"), false));
}

static void
seed_cookie(const JsonDoc *doc, const JsonNode *v)
{
	Slice raw = text_at(doc, v, "cookie_value");
	const Framework *row = NULL;
	char *buf = keep(raw.len);
	Slice value = { buf, 0 };
	Slice covered;
	Slice content;
	Slice mac;

	seed("framework", text_at(doc, v, "cookie_name"), to_slice("\n"),
		 text_at(doc, v, "cookie_header"));
	seed_rows(doc, member(doc, v, "rows"));
	while ((row = framework_next(NULL, row)) != NULL)
	{
		if (row->proof != PROOF_MAC ||
			cookie_unescape(raw, row->escapes, buf, raw.len, &value.len) != RESULT_OK ||
			!framework_split_mac(row, value, &covered, &content, &mac))
			continue;
		seed_payload(row, content);
		seed_parts_of(content);
	}
}

/* Contents that are encrypted in the vectors. */
static void
seed_by_hand(void)
{
	static const struct
	{
		const char *kind;
		const char *content;
	} contents[] = {
		{ "rails", "{\"_rails\":{\"message\":\"eyJ1c2VyX2lkIjo0Mn0=\",\"exp\":"
				   "\"2050-03-17T17:46:40.000Z\",\"pur\":\"cookie.session_id\"}}" },
		{ "rails", "{\"_rails\":{\"data\":{\"user_id\":42},\"exp\":null,\"pur\":"
				   "\"cookie.session_id\"}}" },
		{ "iron-session", "{\"user\":{\"id\":42}}" },
		{ "h3", "{\"id\":\"x\",\"createdAt\":1900000000000,\"data\":{\"user\":{\"id\":42}}}" },
		{ "fastify-secure", "{\"user_id\":42,\"__ts\":1900000000}" },
		{ "koa", "eyJ1c2VyX2lkIjo0MiwiX2V4cGlyZSI6MTkwMDA4NjQwMDAwMH0=" },
		{ "react-router", "eyJfX2ZsYXNoX3VzZXJJZF9fIjoiNDMifQ==" },
		{ "flask",
		  "eyJfdXNlcl9pZCI6eyIgdSI6IjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA1In19.cT-zAA" },
		{ "authjs", "{\"sub\":\"42\",\"exp\":1900003600,\"iat\":1900000000}" },
	};
	size_t i;

	for (i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
		seed_payload(framework_next(contents[i].kind, NULL), to_slice(contents[i].content));
	seed_one("php", to_slice(SYMFONY_SESSION));
	seed_one("php",
			 to_slice("a:2:{s:1:\"a\";i:1;s:1:\"b\";O:8:\"stdClass\":1:{s:1:\"c\";d:0.5;}}"));
}

static void
seed_web_frameworks(void)
{
	const JsonNode *v;
	JsonDoc doc;

	seed_by_hand();
	if (!vectors_open("web_frameworks.json", &doc))
		return;
	for (v = json_first(doc.nodes); v != NULL; v = json_next(&doc, doc.nodes, v))
		seed_cookie(&doc, v);
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
	/* The first byte is how long the secret is. */
	seed_one("secret", to_slice("\x14"
								"01234567890123456789SELECT a('01234567890123456789')"));
	seed_one("secret",
			 to_slice("\x16"
					  "0123456789'0123456789\\SELECT a(E'\\x30123456789''0123456789\\\\')"));
	seed_one("secret", to_slice("\x14"
								"00123456789012345678a(U&'\\00300123456789\\+00003012345678')"));
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
	seed_web_frameworks();
	printf("# %d seeds in %s\n", n_seeds, top);
	return 0;
}
