/*
 * token.c
 *		Proofs of tokens' forms: which characters belong to them, and what no opaque token is.
 */
#include "proof.h"

#include "pure/token.c"
#include "pure/percent.c"
#include "pure/utf8.c"
#include "pure/uuid_text.c"

PROOF(token_base64url, 18, "sixteen characters are all of base64url or not, as each of them is",
	  "all texts of 16 bytes")
{
	char text[16];
	bool all_are = true;

	for (size_t i = 0; i < sizeof(text); i++)
	{
		char c = text[i];

		all_are = all_are && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
							  (c >= '0' && c <= '9') || c == '-' || c == '_');
	}
	PROVE(are_base64url(text) == all_are, "each of them");
}

PROOF(token_opaque, 18, "with our prefix a token of the least length is none of ours nor opaque",
	  "20 bytes")
{
	char text[TOKEN_OPAQUE_MIN];

	memcpy(text, TOKEN_PREFIX, TOKEN_PREFIX_LEN);
	PROVE(!is_opaque(text, sizeof(text)), "our forms alone");
}

PROOF(token_characters, 22,
	  "an opaque token holds no control, no blank, no dot and nothing to be escaped", "20 bytes")
{
	char text[TOKEN_OPAQUE_MIN];
	size_t at;

	ASSUME(at < sizeof(text));
	if (is_opaque(text, sizeof(text)))
		PROVE(text[at] > ' ' && text[at] < 0x7f && strchr(".;\"\\%<>&'", text[at]) == NULL,
			  "a token's character");
}

PROOF(token_uuid, 38, "a uuid has 32 digits and four dashes, and its version is the digit it says",
	  "36 bytes")
{
	char text[36];
	int version = uuid_text_version(text, sizeof(text));
	size_t at;

	ASSUME(at < sizeof(text));
	if (version < 0)
		return;
	PROVE(at == 8 || at == 13 || at == 18 || at == 23 ? text[at] == '-' : hex_digit(text[at]) >= 0,
		  "digits and dashes");
	PROVE(version == 0 || version == hex_digit(text[14]), "its version");
	PROVE(version == 0 || strchr("89abAB", text[19]) != NULL, "its variant");
}
