/*
 * jose.c
 *		The protected header of a JWS or JWE; see jose.h.
 */
#include "pure/jose.h"

#include <string.h>

#include "pure/base64.h"

/* Their mere presence refuses a token, whatever they say. */
static const char *const refused[] = { "b64", "zip", "jwk", "jku", "x5u", "x5c" };

/* An optional string of at most cap bytes. */
static ResultCode
read_text(const JsonDoc *doc, const char *name, char *buf, size_t cap, bool *has, size_t *len)
{
	const JsonNode *node = json_member(doc, doc->nodes, name, strlen(name));
	Slice text;
	ResultCode result;

	*has = node != NULL;
	*len = 0;
	if (node == NULL)
		return RESULT_OK;
	result = json_text(doc, node, buf, cap, &text);
	if (result != RESULT_OK)
		return result;
	if (text.len > cap)
		return RESULT_TOO_LONG;
	memmove(buf, text.data, text.len);
	*len = text.len;
	return RESULT_OK;
}

/* What must be understood: nothing, or that it is a seal, which says so by itself too. */
static ResultCode
read_crit(JoseHeader *header)
{
	const JsonDoc *doc = &header->doc;
	const JsonNode *crit = json_member(doc, header->nodes, "crit", 4);
	const JsonNode *seal = json_member(doc, header->nodes, JOSE_SEAL, strlen(JOSE_SEAL));

	header->is_seal = crit != NULL;
	if (crit == NULL)
		return RESULT_OK;
	if (crit->kind != JSON_KIND_ARRAY || crit->size != 1 ||
		!json_text_is(doc, json_first(crit), JOSE_SEAL, strlen(JOSE_SEAL)) || seal == NULL ||
		seal->kind != JSON_KIND_TRUE)
		return RESULT_UNSUPPORTED;
	return RESULT_OK;
}

ResultCode
jose_read_header_or_seal(JoseHeader *header, Slice part)
{
	size_t len;
	bool has;
	ResultCode result;

	result = base64url_decode(part.data, part.len, (unsigned char *) header->text, JOSE_HEADER_MAX,
							  &len);
	if (result == RESULT_OK)
		result = json_scan(&header->doc, header->text, len, header->nodes, JOSE_NODES_MAX);
	if (result != RESULT_OK)
		return result;
	if (header->nodes[0].kind != JSON_KIND_OBJECT)
		return RESULT_MALFORMED;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (json_member(&header->doc, header->nodes, refused[i], strlen(refused[i])) != NULL)
			return RESULT_UNSUPPORTED;
	result = read_crit(header);
	if (result == RESULT_OK)
		result = read_text(&header->doc, "alg", header->alg, JOSE_ALG_MAX, &has, &header->alg_len);
	if (result == RESULT_OK && !has)
		result = RESULT_MALFORMED;
	if (result == RESULT_OK)
		result = read_text(&header->doc, "enc", header->enc, JOSE_ALG_MAX, &has, &header->enc_len);
	if (result == RESULT_OK)
		result = read_text(&header->doc, "kid", header->kid, KID_MAX, &header->has_kid,
						   &header->kid_len);
	return result;
}

ResultCode
jose_read_header(JoseHeader *header, Slice part)
{
	ResultCode result = jose_read_header_or_seal(header, part);

	return result == RESULT_OK && header->is_seal ? RESULT_UNSUPPORTED : result;
}

ResultCode
jose_split(const char *token, size_t len, Slice *parts, int n)
{
	const char *end = token + len;
	const char *start = token;

	for (int i = 0; i < n; i++)
	{
		const char *dot = start < end ? memchr(start, '.', (size_t) (end - start)) : NULL;
		bool last = i == n - 1;

		if (last != (dot == NULL))
			return RESULT_UNKNOWN_FORM;
		parts[i].data = start;
		parts[i].len = (size_t) ((last ? end : dot) - start);
		start = last ? end : dot + 1;
	}
	return RESULT_OK;
}
