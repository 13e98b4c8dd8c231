/*
 * payload.c
 *		Proofs of who a framework's cookie says it is: the id is what stands at its place, and no time
 *		of its claims overflows.
 *
 * Its JSON is whatever a JsonDoc can be (json_structure.c).
 */
#include "proof.h"

#include "pure/framework_payload.c"
#include "pure/uuid_text.c"

/* --------------------------------------------------------------------- an array's element */

#define ELEMENTS 3

static JsonNode elements[ELEMENTS];
static size_t n_elements;

const JsonNode *
json_first(const JsonNode *array)
{
	(void) array;
	return n_elements > 0 ? &elements[0] : NULL;
}

const JsonNode *
json_next(const JsonDoc *doc, const JsonNode *array, const JsonNode *element)
{
	(void) doc;
	(void) array;
	return element + 1 < elements + n_elements ? element + 1 : NULL;
}

PROOF(payload_element, 8, "an array's element is the one of its number, and no other text is one",
	  "0 to 6 bytes, 3 elements")
{
	size_t n;
	ANY_TEXT(text, 6, n);
	size_t count;
	JsonDoc doc;
	JsonNode array;
	const JsonNode *element;
	uint32_t number = 0;
	bool is_number = text.len > 0 && text.len <= 5;

	ASSUME(count <= ELEMENTS);
	n_elements = count;
	for (size_t i = 0; i < text.len; i++)
	{
		is_number = is_number && text.data[i] >= '0' && text.data[i] <= '9';
		number = number * 10 + (unsigned char) (text.data[i] - '0');
	}
	element = json_element(&doc, &array, text);
	PROVE(element == (is_number && number < n_elements ? &elements[number] : NULL), "its number");
}

/* ------------------------------------------------------------------------------ a member */

static JsonNode member;
static bool is_asked;
static char expected_name[2 * FLASH_MAX];
static size_t expected_len;

/* Of whatever it is asked for: one character of the name, which may be any, is looked at. */
const JsonNode *
json_member(const JsonDoc *doc, const JsonNode *object, const char *name, size_t len)
{
	bool is_there;
	size_t at;

	(void) doc;
	(void) object;
	is_asked = true;
	PROVE(len == expected_len, "the name's length");
	if (at < len)
		PROVE(name[at] == expected_name[at], "the name");
	return is_there ? &member : NULL;
}

/* Three characters in front and two behind, and a byte more is asked for than there need be. */
PROOF(payload_flash, 6, "a flashed member's name is written where it has room",
	  "names of 0, 1, 250, 251 and 300 bytes")
{
	static const size_t lens[] = { 0, 1, FLASH_MAX - 6, FLASH_MAX - 5, 300 };
	static const Framework row = { .flash = "__f" };
	const Opening o = { .row = &row };
	char name[300];
	JsonDoc doc;
	JsonNode object;

	for (size_t i = 0; i < COUNT(lens); i++)
	{
		memcpy(expected_name, "__f", 3);
		memcpy(expected_name + 3, name, lens[i]);
		memcpy(expected_name + 3 + lens[i], "__", 2);
		expected_len = lens[i] + 5;
		is_asked = false;
		(void) flash_member(&o, &doc, &object, slice_make(name, lens[i]));
		PROVE(is_asked == (lens[i] + 6 <= FLASH_MAX), "where it has room");
	}
}

/* -------------------------------------------------------------------------------- a uuid */

static Slice hex;

ResultCode
json_text(const JsonDoc *doc, const JsonNode *node, char *buf, size_t cap, Slice *out)
{
	ResultCode result;

	(void) doc;
	(void) buf;
	(void) cap;
	PROVE(node == &member, "the tag's value");
	*out = hex;
	return result;
}

static bool
is_dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

PROOF(payload_uuid, 38, "a tagged uuid is its 32 digits with dashes between", "0 to 33 bytes")
{
	size_t n;
	ANY_TEXT(text, 33, n);
	FrameworkProof proof;
	const Opening o = { .proof = &proof };
	JsonDoc doc;
	JsonNode node;
	Slice id;
	size_t at = 0;

	hex = text;
	memcpy(expected_name, " u", 2);
	expected_len = 2;
	proof.user_id = proof.id = slice_make(NULL, 0);
	if (yield_uuid(&o, &doc, &node) != RESULT_OK)
		return;
	id = proof.yields == YIELDS_USER ? proof.user_id : proof.id;
	PROVE(text.len == 32 && node.size == 1, "a uuid alone");
	PROVE(id.data == proof.user_text && id.len == 36, "its text");
	for (size_t i = 0; i < 36; i++)
		if (is_dash_at(i))
			PROVE(id.data[i] == '-', "dashes between");
		else
		{
			PROVE(id.data[i] == text.data[at] && hex_digit(text.data[at]) >= 0, "its digits");
			at++;
		}
}

/* -------------------------------------------------------------------------------- claims */

static Claims taken;
static bool is_judged;

/* Where the arena lies is of no matter. */
void *
take_claims(Arena *arena, size_t len)
{
	bool has_room;

	(void) arena;
	PROVE(len == sizeof(taken), "room for claims");
	return has_room ? &taken : NULL;
}

ResultCode
any_scan(const Opening *o, Slice text, JsonDoc *doc)
{
	ResultCode result;

	(void) o;
	(void) text;
	(void) doc;
	return result;
}

ResultCode
claims_read(Claims *claims, const JsonDoc *doc)
{
	ResultCode result;
	int64_t exp_us;
	int64_t iat_us;
	bool has_iat;

	(void) doc;
	claims->exp_us = exp_us;
	claims->iat_us = iat_us;
	claims->has_iat = has_iat;
	return result;
}

ResultCode
claims_check(const Claims *claims, const ClaimsPolicy *policy)
{
	ResultCode result;

	(void) claims;
	(void) policy;
	is_judged = result == RESULT_OK;
	return result;
}

static int64_t noted_end;

void
framework_note_end(FrameworkProof *proof, int64_t expires_us)
{
	(void) proof;
	noted_end = expires_us;
}

const JsonNode *
any_at_path(const Opening *o, const JsonDoc *doc)
{
	bool is_there;

	(void) o;
	(void) doc;
	return is_there ? &member : NULL;
}

ResultCode
any_id(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	ResultCode result;

	(void) o;
	(void) doc;
	(void) node;
	PROVE(is_judged, "the claims are judged first");
	return result;
}

INSTEAD(payload_claims, arena_take, take_claims)
INSTEAD(payload_claims, framework_scan, any_scan)
INSTEAD(payload_claims, json_at_path, any_at_path)
INSTEAD(payload_claims, yield_json, any_id)
PROOF(payload_claims, 2,
	  "claims are judged before an id is read, and end with their skew, or never overflow",
	  "all times, skews of up to a minute")
{
	Framework row;
	FrameworkProof proof;
	Opening o = { .row = &row, .proof = &proof };
	char text[1];

	ASSUME(row.skew_s >= 0 && row.skew_s <= 60);
	is_judged = false;
	if (read_claims(&o, slice_make(text, 1)) != RESULT_OK)
		return;
	PROVE(noted_end == INT64_MAX || noted_end - taken.exp_us == row.skew_s * US_PER_SECOND,
		  "their end and the skew");
}

/* ---------------------------------------------------------------------------------- JSON */

static bool is_timed;

ResultCode
framework_member_time(const Opening *o, const JsonDoc *doc)
{
	ResultCode result;

	(void) o;
	(void) doc;
	is_timed = result == RESULT_OK;
	return result;
}

static bool is_unpaired;

ResultCode
any_root(const Opening *o, Slice text, JsonDoc *doc)
{
	ResultCode result;

	(void) o;
	doc->text = text.data;
	doc->len = text.len;
	doc->nodes = &member;
	doc->unpaired = is_unpaired;
	return result;
}

ResultCode
any_timed_id(const Opening *o, const JsonDoc *doc, const JsonNode *node)
{
	ResultCode result;

	(void) o;
	(void) doc;
	(void) node;
	PROVE(is_timed, "its time is noted first");
	PROVE(!is_unpaired || o->row->payload != PAYLOAD_RAILS, "Rails' is of UTF-8");
	return result;
}

INSTEAD(payload_json, framework_scan, any_root)
INSTEAD(payload_json, json_at_path, any_at_path)
INSTEAD(payload_json, yield_json, any_timed_id)
PROOF(payload_json, 2,
	  "of JSON the time is noted before an id is read, and it is kept where it is an object alone",
	  "any JSON")
{
	Framework row;
	FrameworkProof proof = { .user_id = { NULL, 0 } };
	Opening o = { .row = &row, .proof = &proof };
	char text[1];
	bool unpaired;
	uint8_t kind;

	member.kind = kind;
	is_timed = false;
	is_unpaired = unpaired;
	(void) framework_read_json(&o, slice_make(text, 1));
	PROVE((proof.payload.data == text) == (is_timed && kind == JSON_KIND_OBJECT),
		  "kept as an object alone");
}

/* ----------------------------------------------------------------------------------- ids */

PROOF(payload_id, 2, "an id is not empty, has a bound, and is a user or a session", "all lengths")
{
	FrameworkProof proof = { .user_id = { NULL, 0 } };
	const Opening o = { .proof = &proof };
	FrameworkYield yields;
	char text[USER_ID_MAX + 1];
	size_t len;
	ResultCode result;

	ASSUME(len <= sizeof(text));
	proof.yields = yields;
	result = framework_yield_text(&o, slice_make(text, len));
	PROVE((result == RESULT_OK) == (len > 0 && len <= USER_ID_MAX), "within its bound");
	PROVE((proof.user_id.data == text) == (result == RESULT_OK && yields == YIELDS_USER), "a user");
	PROVE((proof.id.data == text) == (result == RESULT_OK && yields != YIELDS_USER), "a session");
}
