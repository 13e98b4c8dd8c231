/*
 * framework_payload.c
 *		Who is it?  The id in what a proof covers; see frameworks.h and framework_internal.h.
 *
 * Invariant: an id is a non-empty string or a whole number, taken as it is written; anything else
 * at its place refuses the cookie, and nothing there, null or false is nobody
 * (RESULT_NO_SUBJECT).
 */
#include <stdio.h>
#include <string.h>

#include "pure/base64.h"
#include "pure/claims.h"
#include "pure/erlang_term.h"
#include "pure/framework_internal.h"
#include "pure/hex.h"
#include "pure/inflate.h"
#include "pure/iso_time.h"
#include "pure/utf8.h"

#define NUMBER_MAX              20 /* digits and sign of an id */
#define UUID_HEX                32
#define UUID_TEXT               36
#define UUID_TAG                " u" /* Flask's */
#define FLASH_BEHIND            "__"
#define FLASH_MAX               256
#define PURPOSE                 "cookie." /* Rails' */
#define NAME_SUFFIX             "v2"      /* Laravel's */
#define NAMED_PREFIX            40        /* hex of an HMAC-SHA1 */

#define MEMBER(doc, node, name) json_member(doc, node, name, sizeof(name) - 1)

static Slice
slice(const void *data, size_t len)
{
	Slice s;

	s.data = data;
	s.len = len;
	return s;
}

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

static size_t
path_len(const Opening *o)
{
	size_t n = 0;

	if (o->options->id_path != NULL)
		return o->options->n_id_path;
	while (n < FRAMEWORK_PATH_MAX && o->row->id_path[n] != NULL)
		n++;
	return n;
}

static Slice
path_step(const Opening *o, size_t i)
{
	if (o->options->id_path != NULL)
		return o->options->id_path[i];
	return slice(o->row->id_path[i], strlen(o->row->id_path[i]));
}

/* An element of an array by its number in digits. */
static const JsonNode *
json_element(const JsonDoc *doc, const JsonNode *array, Slice digits)
{
	const JsonNode *element = json_first(array);
	size_t index = 0;
	size_t i;

	if (digits.len == 0 || digits.len > 5)
		return NULL;
	for (i = 0; i < digits.len; i++)
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
	size_t n = path_len(o);
	size_t i;

	for (i = 0; i < n && node != NULL; i++)
	{
		Slice step = path_step(o, i);
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
static ResultCode
yield_text(const Opening *o, Slice text)
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
yield_number(const Opening *o, Slice raw)
{
	size_t i;

	if (raw.len > NUMBER_MAX)
		return RESULT_MALFORMED;
	for (i = raw.data[0] == '-' ? 1 : 0; i < raw.len; i++)
		if (raw.data[i] < '0' || raw.data[i] > '9')
			return RESULT_MALFORMED;
	return yield_text(o, raw);
}

static ResultCode
yield_string(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	Slice text;
	ResultCode result =
		json_text(doc, node, o->proof->user_text, sizeof(o->proof->user_text), &text);

	return result == RESULT_OK ? yield_text(o, text) : result;
}

/* {" u": "32 hex digits"}: with dashes, as uuid.UUID's str() writes it. */
static ResultCode
yield_uuid(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	const JsonNode *tagged = json_member(doc, node, UUID_TAG, sizeof(UUID_TAG) - 1);
	char *out = o->proof->user_text;
	Slice hex;
	size_t i;

	if (tagged == NULL || node->size != 1 || json_text(doc, tagged, NULL, 0, &hex) != RESULT_OK ||
		hex.len != UUID_HEX)
		return RESULT_MALFORMED;
	for (i = 0; i < UUID_HEX; i++)
	{
		if (hex_digit(hex.data[i]) < 0)
			return RESULT_MALFORMED;
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*out++ = '-';
		*out++ = hex.data[i];
	}
	return yield_text(o, slice(o->proof->user_text, UUID_TEXT));
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
			return yield_number(o, json_raw(doc, node));
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

static ResultCode
read_json(const Opening *o, Slice text)
{
	JsonDoc doc;
	ResultCode result = framework_scan(o, text, &doc);

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

	return result == RESULT_OK ? read_json(o, text) : result;
}

/* Django's and itsdangerous' dumps: a dot in front says that it is compressed. */
static ResultCode
read_python_json(const Opening *o, Slice content)
{
	bool compressed = content.len > 0 && content.data[0] == '.';
	Slice text;
	ResultCode result;

	if (compressed)
		content = slice(content.data + 1, content.len - 1);
	result = framework_decode(o, content, true, &text);
	if (result == RESULT_OK && compressed)
		result = inflate_zlib(text, o->arena, &text);
	return result == RESULT_OK ? read_json(o, text) : result;
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

/* ----------------------------------------------------------------------------- Rails */

/* What the message was made for: the cookie of this name. */
static bool
is_purpose(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	char text[sizeof(PURPOSE) + FRAMEWORK_NAME_MAX];
	size_t n = sizeof(PURPOSE) - 1;

	memcpy(text, PURPOSE, n);
	memcpy(text + n, o->key->name, o->key->name_len);
	return node != NULL && json_text_is(doc, node, text, n + o->key->name_len);
}

/* exp is there, and null where the cookie has no end. */
static ResultCode
note_rails_end(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	Slice text;
	int64_t us;

	if (node == NULL || node->kind == JSON_KIND_NULL)
		return RESULT_OK;
	if (json_text(doc, node, NULL, 0, &text) != RESULT_OK || !iso_time_us(text, &us))
		return RESULT_MALFORMED;
	framework_note_end(o->proof, us);
	return RESULT_OK;
}

/* The serialized session, in base64 (message) or as it is (data, since 7.1). */
static ResultCode
read_rails_message(const Opening *o, const JsonDoc *doc, const JsonNode *envelope)
{
	const JsonNode *message = MEMBER(doc, envelope, "message");
	const JsonNode *data = MEMBER(doc, envelope, "data");
	Slice text;

	if ((message == NULL) == (data == NULL))
		return RESULT_MALFORMED;
	if (data != NULL && data->kind != JSON_KIND_STRING)
		return read_json(o, json_raw(doc, data));
	if (data != NULL)
		return read_json(o, slice(doc->text + data->start - 1, data->end - data->start + 2));
	if (json_text(doc, message, NULL, 0, &text) != RESULT_OK)
		return RESULT_MALFORMED;
	return read_base64_json(o, text);
}

static ResultCode
read_rails_envelope(const Opening *o, Slice text)
{
	const JsonNode *envelope;
	JsonDoc doc;
	ResultCode result = framework_scan(o, text, &doc);

	if (result != RESULT_OK)
		return result;
	envelope = MEMBER(&doc, doc.nodes, "_rails");
	if (envelope == NULL || !is_purpose(o, &doc, MEMBER(&doc, envelope, "pur")))
		return RESULT_BAD_SIGNATURE;
	result = note_rails_end(o, &doc, MEMBER(&doc, envelope, "exp"));
	return result == RESULT_OK ? read_rails_message(o, &doc, envelope) : result;
}

/* What is signed is the base64 of the envelope; what is encrypted is the envelope. */
static ResultCode
read_rails(const Opening *o, Slice content)
{
	Slice text;
	ResultCode result;

	if (o->row->proof != PROOF_MAC)
		return read_rails_envelope(o, content);
	result = framework_decode(o, content, false, &text);
	return result == RESULT_OK ? read_rails_envelope(o, text) : result;
}

/* --------------------------------------------------------------------------- Laravel */

/* hex(HMAC-SHA1(name + "v2", key)), "|", and the id. */
static ResultCode
read_named_raw(const Opening *o, Slice content)
{
	const Slice parts[] = { slice(o->key->name, o->key->name_len),
							slice(NAME_SUFFIX, sizeof(NAME_SUFFIX) - 1) };
	unsigned char mac[CRYPTO_HASH_MAX];
	char expected[NAMED_PREFIX + 1];

	if (!crypto_hmac_parts(CRYPTO_HASH_SHA1, o->key->keys[0].bytes, o->key->keys[0].len, parts, 2,
						   mac))
		return RESULT_CRYPTO_FAILED;
	hex_encode(mac, NAMED_PREFIX / 2, expected);
	expected[NAMED_PREFIX] = '|';
	if (content.len < sizeof(expected) || !crypto_equal(expected, content.data, sizeof(expected)))
		return RESULT_BAD_SIGNATURE;
	return yield_text(o, slice(content.data + sizeof(expected), content.len - sizeof(expected)));
}

/* ---------------------------------------------------------------------------- Erlang */

/* Text that a person could have typed: valid UTF-8 without control characters. */
static bool
is_printable(Slice bytes)
{
	size_t i;

	for (i = 0; i < bytes.len; i++)
		if ((unsigned char) bytes.data[i] < 0x20 || bytes.data[i] == 0x7f)
			return false;
	return utf8_is_valid(bytes.data, bytes.len);
}

static ResultCode
yield_integer(const Opening *o, int64_t value)
{
	int n = snprintf(o->proof->user_text, sizeof(o->proof->user_text), "%lld", (long long) value);

	if (o->proof->yields != YIELDS_USER)
		return RESULT_MALFORMED;
	return yield_text(o, slice(o->proof->user_text, (size_t) n));
}

/* Bytes are a token where the row says so, and where no text could be meant. */
static ResultCode
yield_term(const Opening *o, const Term *term)
{
	switch (term->kind)
	{
		case TERM_INTEGER:
			return yield_integer(o, term->integer);
		case TERM_BINARY:
			if (o->proof->yields == YIELDS_USER && !is_printable(term->bytes))
				o->proof->yields = YIELDS_BYTES;
			return yield_text(o, term->bytes);
		case TERM_ATOM:
			return RESULT_NO_SUBJECT; /* nil, false */
		default:
			return RESULT_MALFORMED;
	}
}

static ResultCode
yield_term_at_path(const Opening *o, Term term)
{
	size_t n = path_len(o);
	ResultCode result = RESULT_OK;
	size_t i;

	for (i = 0; i < n && result == RESULT_OK; i++)
	{
		Term map = term;

		result = term_member(&map, path_step(o, i), &term);
	}
	return result == RESULT_OK ? yield_term(o, &term) : result;
}

static ResultCode
read_erlang(const Opening *o, Slice content, bool encoded)
{
	Term term;
	ResultCode result = encoded ? framework_decode(o, content, true, &content) : RESULT_OK;

	if (result != RESULT_OK)
		return result;
	result = term_read_message(content, &term);
	if (result != RESULT_OK)
		return result;
	return yield_term_at_path(o, term);
}

#define TOKEN_MS_MAX  INT64_C(100000000000000)
#define TOKEN_AGE     86400 /* of tokens that do not say */
#define TOKEN_AGE_MAX INT64_C(100000000000)

static bool
is_infinity(const Term *term)
{
	static const char name[] = "infinity";

	return term->kind == TERM_ATOM && term->bytes.len == sizeof(name) - 1 &&
		   memcmp(term->bytes.data, name, sizeof(name) - 1) == 0;
}

/* When it was signed, and for how long unless the options know better. */
static ResultCode
note_token_times(const Opening *o, const Term *signed_at, const Term *max_age)
{
	int64_t limit = o->options->max_age_us;

	if (signed_at->kind != TERM_INTEGER || signed_at->integer < 0 ||
		signed_at->integer > TOKEN_MS_MAX)
		return RESULT_MALFORMED;
	o->proof->issued_us = signed_at->integer * US_PER_MS;
	if (max_age->kind != TERM_INTEGER && !is_infinity(max_age))
		return RESULT_MALFORMED;
	if (limit == FRAMEWORK_MAX_AGE_DEFAULT && max_age->kind == TERM_INTEGER)
	{
		if (max_age->integer <= 0)
			return RESULT_EXPIRED;
		limit =
			(max_age->integer < TOKEN_AGE_MAX ? max_age->integer : TOKEN_AGE_MAX) * US_PER_SECOND;
	}
	if (limit > 0)
		framework_note_end(o->proof, o->proof->issued_us + limit + o->row->tick_us);
	return RESULT_OK;
}

/* {data, signed at in milliseconds, max_age in seconds}, or without the last. */
static ResultCode
read_erlang_token(const Opening *o, Slice content)
{
	Term message;
	Term data;
	Term signed_at;
	Term max_age = { .kind = TERM_INTEGER, .integer = TOKEN_AGE };
	ResultCode result = framework_decode(o, content, true, &content);

	if (result == RESULT_OK)
		result = term_read_message(content, &message);
	if (result != RESULT_OK)
		return result;
	if (message.kind != TERM_TUPLE || (message.size != 2 && message.size != 3) ||
		term_read(message.inside, &data) != RESULT_OK ||
		term_read(data.rest, &signed_at) != RESULT_OK ||
		(message.size == 3 && term_read(signed_at.rest, &max_age) != RESULT_OK))
		return RESULT_MALFORMED;
	result = note_token_times(o, &signed_at, &max_age);
	return result == RESULT_OK ? yield_term_at_path(o, data) : result;
}

ResultCode
framework_read(const Opening *o, Slice content)
{
	switch (o->row->payload)
	{
		case PAYLOAD_RAW:
			return yield_text(o, content);
		case PAYLOAD_JSON:
			return read_json(o, content);
		case PAYLOAD_BASE64_JSON:
			return read_base64_json(o, content);
		case PAYLOAD_PYTHON_JSON:
			return read_python_json(o, content);
		case PAYLOAD_RAILS:
			return read_rails(o, content);
		case PAYLOAD_ERLANG:
			return read_erlang(o, content, o->row->proof == PROOF_MAC);
		case PAYLOAD_ERLANG_TOKEN:
			return read_erlang_token(o, content);
		case PAYLOAD_NAMED_RAW:
			return read_named_raw(o, content);
		case PAYLOAD_CLAIMS:
			return read_claims(o, content);
		default:
			return RESULT_UNSUPPORTED;
	}
}
