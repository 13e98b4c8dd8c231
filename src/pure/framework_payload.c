/*
 * framework_payload.c
 *		Who is it?  The id in what a proof covers; see frameworks.h and framework_internal.h.
 *
 * Invariant: an id is a non-empty string or a whole number, taken as it is written; anything else
 * at its place refuses the cookie, and nothing there, null or false is nobody
 * (RESULT_NO_SUBJECT).
 */
#include <string.h>

#include "pure/base64.h"
#include "pure/claims.h"
#include "pure/framework_internal.h"
#include "pure/hex.h"
#include "pure/inflate.h"
#include "pure/uuid_text.h"

#define NUMBER_MAX   20   /* digits and sign of an id */
#define UUID_TAG     " u" /* Flask's */
#define FLASH_BEHIND "__"
#define FLASH_MAX    256

ResultCode
framework_decode(const Opening *o, Slice text, bool url, Slice *bytes)
{
	size_t cap = BASE64_DECODED_MAX(text.len);
	unsigned char *out = arena_take(o->arena, cap);

	if (out == NULL)
		return RESULT_TOO_LONG;
	bytes->data = (const char *) out;
	return url ? base64url_decode(text.data, text.len, out, cap, &bytes->len)
			   : base64_decode(text.data, text.len, out, cap, &bytes->len);
}

ResultCode
framework_scan(const Opening *o, Slice text, JsonDoc *doc)
{
	size_t n = JSON_NODES_FOR(text.len);
	JsonNode *nodes = arena_take(o->arena, n * sizeof(JsonNode));

	return nodes == NULL ? RESULT_TOO_LONG : json_scan(doc, text.data, text.len, nodes, n);
}

/* ------------------------------------------------------------------------- the path */

size_t
framework_path_len(const Opening *o)
{
	size_t n = 0;

	if (o->options->id_path != NULL)
		return o->options->n_id_path;
	while (n < FRAMEWORK_PATH_MAX && o->row->id_path[n] != NULL)
		n++;
	return n;
}

Slice
framework_path_step(const Opening *o, size_t i)
{
	if (o->options->id_path != NULL)
		return o->options->id_path[i];
	return slice_make(o->row->id_path[i], strlen(o->row->id_path[i]));
}

/* An element of an array by its number in digits. */
static const JsonNode *
json_element(const JsonDoc *doc, const JsonNode *array, Slice digits)
{
	const JsonNode *element = json_first(array);
	size_t index = 0;

	if (digits.len == 0 || digits.len > 5)
		return NULL;
	for (size_t i = 0; i < digits.len; i++)
	{
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return NULL;
		index = index * 10 + (size_t) (digits.data[i] - '0');
	}
	while (element != NULL && index-- > 0)
		element = json_next(doc, array, element);
	return element;
}

/* React Router's flash("userId", …): read as data, too. */
static const JsonNode *
flash_member(const Opening *o, const JsonDoc *doc, const JsonNode *node, Slice name)
{
	char text[FLASH_MAX];
	size_t n = strlen(o->row->flash);

	if (n + name.len + sizeof(FLASH_BEHIND) > sizeof(text))
		return NULL;
	memcpy(text, o->row->flash, n);
	memcpy(text + n, name.data, name.len);
	n += name.len;
	memcpy(text + n, FLASH_BEHIND, sizeof(FLASH_BEHIND) - 1);
	return json_member(doc, node, text, n + sizeof(FLASH_BEHIND) - 1);
}

static const JsonNode *
json_at_path(const Opening *o, const JsonDoc *doc)
{
	const JsonNode *node = doc->nodes;
	size_t n = framework_path_len(o);

	for (size_t i = 0; i < n && node != NULL; i++)
	{
		Slice step = framework_path_step(o, i);
		const JsonNode *parent = node;

		node = parent->kind == JSON_KIND_ARRAY ? json_element(doc, parent, step)
											   : json_member(doc, parent, step.data, step.len);
		if (node == NULL && i == 0 && o->row->flash != NULL)
			node = flash_member(o, doc, parent, step);
	}
	return node;
}

/* --------------------------------------------------------------------------- the id */

/* The text of an id, as a user or as a session, whichever the row yields. */
ResultCode
framework_yield_text(const Opening *o, Slice text)
{
	if (text.len == 0)
		return RESULT_NO_SUBJECT;
	if (text.len > USER_ID_MAX)
		return RESULT_TOO_LONG;
	if (o->proof->yields == YIELDS_USER)
		o->proof->user_id = text;
	else
		o->proof->id = text;
	return RESULT_OK;
}

/* A whole number, as JavaScript, Ruby and Python write it. */
static ResultCode
yield_number(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	Slice raw = json_raw(doc, node);

	if (raw.len > NUMBER_MAX || !json_is_whole(doc, node))
		return RESULT_MALFORMED;
	return framework_yield_text(o, raw);
}

static ResultCode
yield_string(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	Slice text;
	ResultCode result =
		json_text(doc, node, o->proof->user_text, sizeof(o->proof->user_text), &text);

	return result == RESULT_OK ? framework_yield_text(o, text) : result;
}

/* {" u": "32 hex digits"}: with dashes, as uuid.UUID's str() writes it. */
static ResultCode
yield_uuid(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	const JsonNode *tagged = json_member(doc, node, UUID_TAG, sizeof(UUID_TAG) - 1);
	unsigned char uuid[UUID_TEXT_DIGITS / 2];
	Slice hex;

	if (tagged == NULL || node->size != 1 || json_text(doc, tagged, NULL, 0, &hex) != RESULT_OK ||
		hex.len != UUID_TEXT_DIGITS || !hex_decode(hex.data, hex.len, uuid))
		return RESULT_MALFORMED;
	uuid_text_write(hex.data, o->proof->user_text);
	return framework_yield_text(o, slice_make(o->proof->user_text, UUID_TEXT_LEN));
}

static ResultCode
yield_json(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	if (node == NULL)
		return RESULT_NO_SUBJECT;
	switch (node->kind)
	{
		case JSON_KIND_STRING:
			return yield_string(o, doc, node);
		case JSON_KIND_NUMBER:
			return yield_number(o, doc, node);
		case JSON_KIND_NULL:
		case JSON_KIND_FALSE:
			return RESULT_NO_SUBJECT;
		case JSON_KIND_OBJECT:
			return o->row->tagged ? yield_uuid(o, doc, node) : RESULT_MALFORMED;
		default:
			return RESULT_MALFORMED;
	}
}

/* ------------------------------------------------------------------------------ JSON */

ResultCode
framework_read_json(const Opening *o, Slice text)
{
	JsonDoc doc;
	ResultCode result = framework_scan(o, text, &doc);

	if (result == RESULT_OK && doc.unpaired && o->row->payload == PAYLOAD_RAILS)
		return RESULT_MALFORMED;
	if (result == RESULT_OK)
		result = framework_member_time(o, &doc);
	if (result != RESULT_OK)
		return result;
	if (doc.nodes[0].kind == JSON_KIND_OBJECT)
		o->proof->payload = text;
	return yield_json(o, &doc, json_at_path(o, &doc));
}

static ResultCode
read_base64_json(const Opening *o, Slice content)
{
	Slice text;
	ResultCode result = framework_decode(o, content, false, &text);

	return result == RESULT_OK ? framework_read_json(o, text) : result;
}

/* Django's and itsdangerous' dumps: a dot in front says that it is compressed. */
static ResultCode
read_python_json(const Opening *o, Slice content)
{
	bool compressed = content.len > 0 && content.data[0] == '.';
	Slice text;
	ResultCode result;

	if (compressed)
		content = slice_make(content.data + 1, content.len - 1);
	result = framework_decode(o, content, true, &text);
	if (result == RESULT_OK && compressed)
		result = inflate_zlib(text, o->arena, &text);
	return result == RESULT_OK ? framework_read_json(o, text) : result;
}

static ResultCode
read_claims(const Opening *o, Slice text)
{
	Claims *claims = arena_take(o->arena, sizeof(Claims));
	ClaimsPolicy policy = { o->now_us, o->row->skew_s * US_PER_SECOND, { NULL, 0 }, NULL, 0, true };
	JsonDoc doc;
	ResultCode result = claims == NULL ? RESULT_TOO_LONG : framework_scan(o, text, &doc);

	if (result == RESULT_OK)
		result = claims_read(claims, &doc);
	if (result == RESULT_OK)
		result = claims_check(claims, &policy);
	if (result != RESULT_OK)
		return result;
	if (claims->has_iat)
		o->proof->issued_us = claims->iat_us;
	/* A date beyond 64 bits was read as the last that they hold. */
	if (claims->exp_us < INT64_MAX - policy.skew_us)
		framework_note_end(o->proof, claims->exp_us + policy.skew_us);
	else
		framework_note_end(o->proof, INT64_MAX);
	o->proof->payload = text;
	return yield_json(o, &doc, json_at_path(o, &doc));
}

ResultCode
framework_read(const Opening *o, Slice content)
{
	switch (o->row->payload)
	{
		case PAYLOAD_RAW:
			return framework_yield_text(o, content);
		case PAYLOAD_JSON:
			return framework_read_json(o, content);
		case PAYLOAD_BASE64_JSON:
			return read_base64_json(o, content);
		case PAYLOAD_PYTHON_JSON:
			return read_python_json(o, content);
		case PAYLOAD_RAILS:
			return framework_read_rails(o, content);
		case PAYLOAD_ERLANG:
			return framework_read_erlang(o, content, o->row->proof == PROOF_MAC);
		case PAYLOAD_ERLANG_TOKEN:
			return framework_read_erlang_token(o, content);
		case PAYLOAD_NAMED_RAW:
			return framework_read_named(o, content);
		case PAYLOAD_CLAIMS:
			return read_claims(o, content);
		default:
			return RESULT_UNSUPPORTED;
	}
}
