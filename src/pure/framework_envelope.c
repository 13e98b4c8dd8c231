/*
 * framework_envelope.c
 *		Payloads with a form of their own around the session: Rails' and Laravel's.
 *
 * Invariant: what was made for the cookie of another name is refused as if its proof did not hold.
 */
#include <string.h>

#include "pure/framework_internal.h"
#include "pure/iso_time.h"

#define PURPOSE                 "cookie." /* Rails' */

#define MEMBER(doc, node, name) json_member(doc, node, name, sizeof(name) - 1)

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
	ResultCode result;
	Slice text;

	if ((message == NULL) == (data == NULL))
		return RESULT_MALFORMED;
	if (data != NULL && data->kind != JSON_KIND_STRING)
		return framework_read_json(o, json_raw(doc, data));
	if (data != NULL)
		return framework_read_json(
			o, slice_make(doc->text + data->start - 1, data->end - data->start + 2));
	if (json_text(doc, message, NULL, 0, &text) != RESULT_OK)
		return RESULT_MALFORMED;
	result = framework_decode(o, text, false, &text);
	return result == RESULT_OK ? framework_read_json(o, text) : result;
}

static ResultCode
read_rails_envelope(const Opening *o, Slice text)
{
	const JsonNode *envelope;
	JsonDoc doc;
	ResultCode result = framework_scan(o, text, &doc);

	if (result != RESULT_OK)
		return result;
	if (doc.unpaired) /* which Ruby's reader refuses */
		return RESULT_MALFORMED;
	envelope = MEMBER(&doc, doc.nodes, "_rails");
	if (envelope == NULL || !is_purpose(o, &doc, MEMBER(&doc, envelope, "pur")))
		return RESULT_BAD_SIGNATURE;
	result = note_rails_end(o, &doc, MEMBER(&doc, envelope, "exp"));
	return result == RESULT_OK ? read_rails_message(o, &doc, envelope) : result;
}

/* What is signed is the base64 of the envelope; what is encrypted is the envelope. */
ResultCode
framework_read_rails(const Opening *o, Slice content)
{
	Slice text;
	ResultCode result;

	if (o->row->proof != PROOF_MAC)
		return read_rails_envelope(o, content);
	result = framework_decode(o, content, false, &text);
	return result == RESULT_OK ? read_rails_envelope(o, text) : result;
}

/* --------------------------------------------------------------------------- Laravel */

/* The mark of the cookie's name, and the id. */
ResultCode
framework_read_named(const Opening *o, Slice content)
{
	const size_t mark = sizeof(o->key->name_mark);

	if (content.len < mark || !crypto_equal(o->key->name_mark, content.data, mark))
		return RESULT_BAD_SIGNATURE;
	return framework_yield_text(o, slice_make(content.data + mark, content.len - mark));
}
