/*
 * framework_envelope.c
 *		Payloads with a form of their own around the session: Rails' and Laravel's.
 *
 * Invariant: what was made for the cookie of another name is refused as if its proof did not hold.
 */
#include <string.h>

#include "pure/framework_internal.h"
#include "pure/iso_time.h"
#include "pure/utf8.h"

#define PURPOSE                 "cookie." /* Rails' */
#define PURPOSE_MAX             (sizeof(PURPOSE) + FRAMEWORK_NAME_MAX)

#define MEMBER(doc, node, name) json_member(doc, node, name, sizeof(name) - 1)

/* ----------------------------------------------------------------------------- Rails */

/* What a message is made for: the cookie of this name.  text holds PURPOSE_MAX bytes. */
static size_t
write_purpose(const FrameworkKey *key, char *text)
{
	const size_t n = sizeof(PURPOSE) - 1;

	memcpy(text, PURPOSE, n);
	memcpy(text + n, key->name, key->name_len);
	return n + key->name_len;
}

static bool
is_purpose(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	char text[PURPOSE_MAX];

	return node != NULL && json_text_is(doc, node, text, write_purpose(o->key, text));
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

/*
 * Nearly all envelopes are RAILS_BEGIN, base64, and RAILS_END with the purpose behind it: cookies
 * without an end, as Rails writes them.  These are known by their bytes, which is a fraction of
 * reading them as JSON.
 */
#define RAILS_BEGIN "{\"_rails\":{\"message\":\""
#define RAILS_END   "\",\"exp\":null,\"pur\":"

/* A name that is no UTF-8 is in no JSON, and one that is too long has no place. */
void
framework_note_rails_end(FrameworkKey *key)
{
	const size_t begun = sizeof(RAILS_END) - 1;
	char text[PURPOSE_MAX];
	size_t n = write_purpose(key, text);
	size_t quoted = utf8_is_valid(text, n) ? json_quote(text, n, key->rails_end + begun,
														sizeof(key->rails_end) - begun - 2)
										   : 0;

	if (quoted == 0)
		return;
	memcpy(key->rails_end, RAILS_END, begun);
	memcpy(key->rails_end + begun + quoted, "}}", 2);
	key->rails_end_len = begun + quoted + 2;
}

/* The message of such an envelope, decoded; of any other, the reader of JSON decides. */
static bool
is_usual_envelope(const Opening *o, Slice text, Slice *message)
{
	const Slice begin = slice_make(RAILS_BEGIN, sizeof(RAILS_BEGIN) - 1);
	const Slice end = slice_make(o->key->rails_end, o->key->rails_end_len);

	if (end.len == 0 || text.len < begin.len + end.len || !slice_begins_with(text, begin) ||
		!slice_ends_with(text, end))
		return false;
	return framework_decode(o, slice_make(text.data + begin.len, text.len - begin.len - end.len),
							false, message) == RESULT_OK;
}

static ResultCode
read_rails_envelope(const Opening *o, Slice text)
{
	const JsonNode *envelope;
	Slice message;
	JsonDoc doc;
	ResultCode result;

	if (is_usual_envelope(o, text, &message))
		return framework_read_json(o, message);
	result = framework_scan(o, text, &doc);
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
