/*
 * iron.c
 *		Proofs of iron's seals: their parts are the seal again, so that each seal has its parts alone,
 *		and the MAC covers all before it.
 */
#include "proof.h"

#include "pure/framework_seals.c"

#define LEN 12

PROOF(iron_parts, 14,
	  "a seal is its eight parts with stars between and its suffix, no part has a star, and the "
	  "MAC covers all before its salt",
	  "12 bytes, prefix and suffix of one")
{
	static const Framework row = { .prefix = "F", .suffix = "~" };
	char text[LEN];
	Slice value = { text, LEN };
	Slice parts[IRON_PARTS];
	Slice covered;
	size_t at = 0;

	if (!split_iron(&row, value, parts, &covered))
		return;
	PROVE(text[0] == 'F' && text[LEN - 1] == '~', "prefix and suffix");
	for (int i = 0; i < IRON_PARTS; i++)
	{
		PROVE(parts[i].data == text + at && at + parts[i].len < LEN, "in their place");
		for (size_t j = 0; j < LEN; j++)
			PROVE(j >= parts[i].len || parts[i].data[j] != '*', "no star within");
		at += parts[i].len;
		PROVE(text[at] == (i + 1 < IRON_PARTS ? '*' : '~'), "a star between");
		at++;
		if (i == IRON_EXPIRES)
			PROVE(covered.data == text && covered.len == at - 1, "covered to its end");
	}
	PROVE(at == LEN, "the same length");
}
