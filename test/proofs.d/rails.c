/*
 * rails.c
 *		Proofs of Rails' envelope: what was made for the cookie of another name is refused, and the
 *		session in it is a part of its text.
 *
 * Its JSON is whatever a JsonDoc can be (json_structure.c): each member that is asked for is there
 * or not, of any kind and anywhere in the text.
 */
#include "proof.h"

#include "pure/framework_envelope.c"

#define LEN 8

static char text[LEN];
static JsonNode found[4]; /* pur, exp, message, data */
static bool is_unpaired;
static const char *asked_name; /* of the last text that pur was compared with */
static size_t asked_len;
static bool is_same_purpose;
static bool has_end;
static bool is_endless;
static bool is_given; /* the session */

ResultCode
framework_scan(const Opening *o, Slice json, JsonDoc *doc)
{
	ResultCode result;

	(void) o;
	doc->text = json.data;
	doc->len = json.len;
	doc->nodes = found;
	doc->unpaired = is_unpaired;
	return result;
}

/* Within the text; of a string there is a quote on both sides. */
const JsonNode *
json_member(const JsonDoc *doc, const JsonNode *object, const char *name, size_t len)
{
	JsonNode *node = strcmp(name, "pur") == 0   ? &found[0]
					 : strcmp(name, "exp") == 0 ? &found[1]
					 : *name == 'm'             ? &found[2]
												: &found[3];
	bool is_there;

	(void) len;
	if (node == &found[1])
		is_endless = !is_there || node->kind == JSON_KIND_NULL;
	if (object == NULL || !is_there)
		return NULL;
	ASSUME(node->start <= node->end && node->end <= doc->len);
	if (node->kind == JSON_KIND_STRING)
		ASSUME(node->start > 0 && node->end < doc->len);
	return node;
}

bool
json_text_is(const JsonDoc *doc, const JsonNode *node, const char *expected, size_t len)
{
	bool any;

	(void) doc;
	PROVE(node == &found[0] && len == 7 + asked_len, "the purpose");
	PROVE(memcmp(expected, "cookie.", 7) == 0, "of a cookie");
	for (size_t i = 0; i < asked_len; i++)
		PROVE(expected[7 + i] == asked_name[i], "of this name");
	is_same_purpose = any;
	return any;
}

Slice
json_raw(const JsonDoc *doc, const JsonNode *node)
{
	return slice_make(doc->text + node->start, node->end - node->start);
}

ResultCode
json_text(const JsonDoc *doc, const JsonNode *node, char *buf, size_t cap, Slice *out)
{
	ResultCode result;

	(void) buf;
	(void) cap;
	if (node == NULL)
		return RESULT_MALFORMED;
	*out = json_raw(doc, node);
	return result;
}

bool
iso_time_us(Slice iso, int64_t *us)
{
	bool is_time;

	(void) iso;
	(void) us;
	return is_time;
}

void
framework_note_end(FrameworkProof *proof, int64_t expires_us)
{
	(void) proof;
	(void) expires_us;
	has_end = true;
}

ResultCode
framework_decode(const Opening *o, Slice base64, bool url, Slice *bytes)
{
	ResultCode result;

	(void) o;
	(void) url;
	*bytes = base64;
	return result;
}

ResultCode
framework_read_json(const Opening *o, Slice session)
{
	ResultCode result;

	(void) o;
	PROVE(session.data >= text && session.data + session.len <= text + LEN, "a part of the text");
	is_given = true;
	return result;
}

PROOF(rails_envelope, 18,
	  "a session is read of an envelope for the cookie of this name alone, after its end was "
	  "noted, and lies in it",
	  "8 bytes of any JSON, a name of 4")
{
	FrameworkKey key;
	Opening o = { .key = &key };
	ResultCode result;
	bool any;

	key.name_len = 4;
	is_unpaired = any;
	is_same_purpose = has_end = is_given = false;
	asked_name = key.name;
	asked_len = key.name_len;
	result = read_rails_envelope(&o, slice_make(text, LEN));
	PROVE(!is_given || is_same_purpose, "for this cookie");
	PROVE(!is_given || has_end || is_endless, "its end is noted");
	PROVE(!is_given || !is_unpaired, "of UTF-8");
	PROVE(is_given || result != RESULT_OK, "a session");
}
