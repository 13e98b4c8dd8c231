/*
 * json_tokens.c
 *		Proofs of the JSON scanner's tokens: strings, numbers and words are taken as RFC 8259 has them,
 *		to their end and no further.
 */
#include "proof.h"

#include "pure/json_internal.h"

/* Fewer digits, and smaller exponents, than in json.h, so that short texts meet the bound. */
#undef JSON_NUMBER_MAX
#define JSON_NUMBER_MAX 3

#include "pure/json_scan.c"
#include "pure/json_string.c"
#include "pure/utf8.c"

#define LEN 9

/* At any place of a text; the node is the only one. */
static void
begin(Scanner *s, JsonDoc *doc, const char *text, JsonNode *node)
{
	s->doc = doc;
	s->cap = 1;
	doc->text = text;
	doc->len = LEN;
	doc->nodes = node;
	doc->n_nodes = 0;
	doc->unstorable = doc->unpaired = false;
	ASSUME(s->pos < LEN);
}

/* How many characters there are of a kind from each place on: this costs cbmc less than to count. */
static size_t run[LEN + 1];

static void
count_runs(const char *text, bool (*is_of_kind)(unsigned char c))
{
	run[LEN] = 0;
	for (size_t i = LEN; i-- > 0;)
		run[i] = is_of_kind((unsigned char) text[i]) ? run[i + 1] + 1 : 0;
}

/* ------------------------------------------------------------------------------ strings */

PROOF(json_plain_run, 10, "plain characters are passed over, by eight and by one, and no other",
	  "17 bytes")
{
	char text[17];
	Scanner s;
	JsonDoc doc = { .text = text, .len = sizeof(text) };
	size_t at;

	s.doc = &doc;
	s.pos = 0;
	skip_plain(&s);
	PROVE(s.pos <= sizeof(text), "within the text");
	PROVE(s.pos == sizeof(text) || !is_plain((unsigned char) text[s.pos]), "no less");
	ASSUME(at < s.pos);
	PROVE(is_plain((unsigned char) text[at]), "no more");
}

void
pass_run(Scanner *s)
{
	if (s->pos < LEN)
		s->pos += run[s->pos];
}

/* How long the character of a string is that begins here; 0 if none does. */
static size_t
character(const char *at, size_t n)
{
	if (*at == '\\')
	{
		if (n >= 6 && at[1] == 'u' && json_hex4(at + 2) >= 0)
			return 6;
		return n >= 2 && at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL ? 2 : 0;
	}
	return (unsigned char) *at < ' ' || *at == '"' ? 0 : utf8_len(at, n);
}

/* The place of the quote that ends it, or the text's length. */
static size_t
string_end(const char *text)
{
	size_t end[LEN + 1];

	end[LEN] = LEN;
	for (size_t i = LEN; i-- > 1;)
	{
		size_t n = character(text + i, LEN - i);

		end[i] = text[i] == '"' ? i : n == 0 ? LEN : end[i + n];
	}
	return end[1];
}

/* It goes through the string anew, and is proved apart. */
bool
any_storable(JsonDoc *doc, const JsonNode *node)
{
	bool is_unstorable;

	(void) doc;
	(void) node;
	return is_unstorable;
}

INSTEAD(json_string, is_unstorable, any_storable)
INSTEAD(json_string, skip_plain, pass_run)
PROOF(json_string, 10, "a string ends at its quote, and its characters and escapes are JSON's",
	  "9 bytes")
{
	char text[LEN];
	Scanner s;
	JsonDoc doc;
	JsonNode node;
	JsonNode *result;
	size_t end;
	bool is_ok;

	begin(&s, &doc, text, &node);
	s.pos = 0;
	text[0] = '"';
	count_runs(text, is_plain);
	end = string_end(text);
	is_ok = scan_string(&s, JSON_KIND_STRING, &result) == RESULT_OK;
	PROVE(is_ok ? end < LEN : end == LEN, "a string");
	if (!is_ok)
		return;
	PROVE(s.pos == end + 1 && doc.n_nodes == 1 && result == &node, "behind its quote");
	PROVE(node.start == 1 && node.end == end, "without its quotes");
	for (size_t i = 1; i < LEN; i++)
		PROVE(node.escaped || i >= end || text[i] != '\\', "escapes are noted");
}

/* ------------------------------------------------------------------------------ numbers */

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static size_t
count_digits(size_t pos)
{
	return pos < LEN ? run[pos] : 0;
}

size_t
pass_digits(Scanner *s)
{
	size_t n = count_digits(s->pos);

	s->pos += n;
	return n;
}

PROOF(json_digits, 10, "digits are passed over, all of them and no other", "6 bytes")
{
	char text[LEN];
	Scanner s;
	JsonDoc doc;
	JsonNode node;

	begin(&s, &doc, text, &node);
	doc.len = 6;
	s.pos = 0;
	text[6] = '\0';
	count_runs(text, is_digit);
	PROVE(skip_digits(&s) == run[0] && s.pos == run[0], "as many as there are");
}

static bool
is_at(const char *text, size_t pos, const char *any_of)
{
	return pos < LEN && text[pos] != '\0' && strchr(any_of, text[pos]) != NULL;
}

/* Where it ends, or 0: [-] (0 | 1-9 digits) [. digits] [eE [+-] digits] */
static size_t
number_end(const char *text, size_t pos)
{
	size_t whole;
	size_t fraction = 0;
	size_t exponent;

	if (is_at(text, pos, "-"))
		pos++;
	whole = is_at(text, pos, "0") ? 1 : count_digits(pos);
	pos += whole;
	if (is_at(text, pos, "."))
	{
		fraction = count_digits(pos + 1);
		pos += fraction + 1;
		if (fraction == 0)
			return 0;
	}
	if (whole == 0 || whole + fraction > JSON_NUMBER_MAX)
		return 0;
	if (!is_at(text, pos, "eE"))
		return pos;
	pos += is_at(text, pos + 1, "+-") ? 2 : 1;
	exponent = count_digits(pos);
	for (size_t i = 1; i < exponent; i++)
		if (text[pos + i - 1] != '0')
			return 0;
	return exponent > 0 && text[pos + exponent - 1] <= '0' + JSON_NUMBER_MAX ? pos + exponent : 0;
}

INSTEAD(json_number, skip_digits, pass_digits)
PROOF(json_number, 10, "a number is as RFC 8259 has it, and its digits and exponent have a bound",
	  "9 bytes, a bound of 3")
{
	char text[LEN];
	Scanner s;
	JsonDoc doc;
	JsonNode node;
	size_t pos;
	size_t end;
	bool is_ok;

	begin(&s, &doc, text, &node);
	pos = s.pos;
	count_runs(text, is_digit);
	end = number_end(text, pos);
	is_ok = scan_number(&s) == RESULT_OK;
	PROVE(is_ok ? end > 0 : end == 0, "a number");
	if (is_ok)
		PROVE(s.pos == end && node.start == pos && node.end == end && doc.n_nodes == 1, "its end");
}

PROOF(json_word, 10, "true, false and null are these bytes", "9 bytes")
{
	static const char *const words[] = { "true", "false", "null" };
	char text[LEN];
	Scanner s;
	JsonDoc doc;
	JsonNode node;
	size_t pos;
	bool is_ok;

	for (size_t i = 0; i < COUNT(words); i++)
	{
		size_t len = strlen(words[i]);

		begin(&s, &doc, text, &node);
		pos = s.pos;
		is_ok = scan_word(&s, words[i], JSON_KIND_TRUE) == RESULT_OK;
		PROVE(!is_ok || (s.pos == pos + len && s.pos <= LEN), "its length");
		for (size_t at = 0; is_ok && at < len; at++)
			PROVE(text[pos + at] == words[i][at], "its letters");
	}
}
