/*
 * token_parts.c
 *		Proofs of tokens that have dots: which form they have, and that no two texts have the same
 *		parts.
 */
#include "proof.h"

#include "pure/token.c"
#include "pure/jose.c"
#include "pure/percent.c"
#include "pure/utf8.c"

#define LEN 10

static bool
is_url_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		   c == '_';
}

/* One by one; of sixteen at once token.c of these proofs shows that it is the same. */
bool
each_is_base64url(const char *s, size_t len)
{
	bool all_are = true;

	for (size_t i = 0; i < LEN; i++)
		if (i < len)
			all_are = all_are && is_url_character(s[i]);
	return all_are;
}

INSTEAD(token_compact, is_base64url, each_is_base64url)
PROOF(token_compact, 12,
	  "a JWS has three parts, a JWE five, all of base64url, none empty but a JWE's second; nothing "
	  "else is one",
	  "10 bytes")
{
	char text[LEN];
	TokenForm form;
	int dots = 0;
	bool is_compact_text = text[LEN - 1] != '.' && text[0] != '.';

	for (size_t i = 0; i < LEN; i++)
	{
		bool is_second_empty = i > 0 && text[i] == '.' && text[i - 1] == '.' && dots == 1;

		if (text[i] == '.' && i > 0 && text[i - 1] == '.')
			is_compact_text = is_compact_text && is_second_empty;
		if (text[i] == '.')
			dots++;
		else
			is_compact_text = is_compact_text && is_url_character(text[i]);
	}
	form = token_form_of(text, LEN);
	PROVE((form == TOKEN_FORM_JWE) == (is_compact_text && dots == 4), "a JWE");
	if (form == TOKEN_FORM_JWS)
		PROVE(is_compact_text && dots == 2, "a JWS");
	for (size_t i = 1; i < LEN; i++)
		is_compact_text = is_compact_text && (text[i] != '.' || text[i - 1] != '.');
	PROVE((form == TOKEN_FORM_JWS) == (is_compact_text && dots == 2), "three parts");
	PROVE(form != TOKEN_FORM_OPAQUE || dots == 0, "no dots");
}

PROOF(token_split, 12,
	  "a token is its parts with dots between, which have none, so that no other token has them",
	  "10 bytes, 3 and 5 parts")
{
	static const int counts[] = { 3, 5 };
	char text[LEN];
	Slice parts[5];

	for (size_t k = 0; k < COUNT(counts); k++)
	{
		size_t at = 0;
		size_t inner;

		if (jose_split(text, LEN, parts, counts[k]) != RESULT_OK)
			continue;
		for (int i = 0; i < counts[k]; i++)
		{
			PROVE(parts[i].data == text + at && at + parts[i].len <= LEN, "in their place");
			if (inner < parts[i].len)
				PROVE(parts[i].data[inner] != '.', "no dot within");
			at += parts[i].len;
			PROVE(i + 1 == counts[k] ? at == LEN : text[at] == '.', "a dot between");
			at++;
		}
	}
}

/* -------------------------------------------------------------------- a value and its MAC */

PROOF(token_character, 4,
	  "a character is the byte that stands there or the one its escape has, and none is half there",
	  "1 to 4 bytes")
{
	size_t n;
	ANY_TEXT(text, 4, n);
	size_t at;
	size_t i;
	int c;

	ASSUME(at < text.len);
	i = at;
	c = next_char(text.data, text.len, &i);
	if (text.data[at] != '%')
		PROVE(c == (unsigned char) text.data[at] && i == at + 1, "the byte itself");
	else if (c >= 0)
	{
		PROVE(i == at + 3 && i <= text.len, "three characters");
		PROVE(c == hex_digit(text.data[at + 1]) * 16 + hex_digit(text.data[at + 2]), "its byte");
	}
}

/* Whatever next_char() may answer, of which the proof above is. */
#define CHARACTERS_MAX 2
static int characters[CHARACTERS_MAX];
static size_t n_characters;
static size_t behind;

int
any_character(const char *s, size_t len, size_t *i)
{
	int c;
	bool is_escape;

	(void) s;
	PROVE(*i < len && n_characters < CHARACTERS_MAX, "there is one");
	ASSUME(c >= -1 && c <= 255);
	*i += is_escape ? 3 : 1;
	ASSUME(c < 0 || *i <= len);
	behind = *i;
	characters[n_characters++] = c;
	return c;
}

INSTEAD(token_prefix, next_char, any_character)
PROOF(token_prefix, 4, "express-session's prefix is there, escaped or not, or there is none",
	  "0 to 7 bytes")
{
	char text[7];
	size_t len;
	size_t skipped;

	ASSUME(len <= sizeof(text));
	n_characters = 0;
	skipped = express_prefix(text, len);
	if (skipped > 0)
		PROVE(skipped == behind && n_characters == 2 && characters[0] == 's' &&
				  characters[1] == ':',
			  "the prefix");
}

#define MAC_LEN (MAC_CHARS + 1)

PROOF(token_mac, 46, "a MAC that is not escaped is 43 characters of base64 and one that fills up",
	  "44 bytes")
{
	char text[MAC_LEN];
	size_t at;
	bool is_good;

	ASSUME(memchr(text, '%', MAC_LEN) == NULL);
	is_good = is_mac(text, MAC_LEN, 1);
	ASSUME(at < MAC_LEN);
	if (is_good)
		PROVE(at == MAC_CHARS
				  ? text[at] == '='
				  : text[at] == '+' || text[at] == '/' ||
						(is_url_character(text[at]) && text[at] != '-' && text[at] != '_'),
			  "a character of base64");
}
