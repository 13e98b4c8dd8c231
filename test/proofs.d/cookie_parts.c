/*
 * cookie_parts.c
 *		Proofs of how a cookie's value is taken apart at its separators: its parts are the value
 *		again, so no byte of it is outside of what the proof covers, and no other value has these parts.
 */
#include "proof.h"

#include "pure/framework_proof.c"

size_t
crypto_hash_len(CryptoHash hash)
{
	(void) hash;
	return 2; /* bytes: a MAC of three or four characters */
}

PROOF(last_part, 7,
	  "a text is what stands before its last separator, that, and what follows, which has none",
	  "5 bytes, a separator of 2")
{
	size_t n;
	ANY_TEXT(text, 5, n);
	const char *separator = "--";
	size_t len = 2;
	Slice before;
	Slice after;

	if (!slice_split_last(text, separator, &before, &after))
		return;
	PROVE(before.len + len + after.len == text.len, "the same length");
	PROVE(before.data == text.data && after.data == text.data + before.len + len, "in their place");
	PROVE(memcmp(text.data + before.len, separator, len) == 0, "a separator between");
	for (size_t i = 0; i < after.len; i++)
		PROVE(after.data[i] != '-' || i + 1 == after.len || after.data[i + 1] != '-',
			  "none behind");
}

PROOF(mac_parts, 14,
	  "a signed value is its prefix, content, separator and MAC, and the MAC covers all before it",
	  "10 bytes, prefix of 2")
{
	size_t n;
	ANY_TEXT(value, 10, n);
	bool counts;
	bool has_prefix;
	bool is_hex;
	const Framework row = { .prefix = has_prefix ? "s:" : NULL,
							.prefix_counts = counts,
							.separator = ".",
							.mac_text = is_hex ? MAC_HEX : MAC_BASE64URL };
	size_t prefix = has_prefix ? 2 : 0;
	Slice covered;
	Slice content;
	Slice mac;

	if (!framework_split_mac(&row, value, &covered, &content, &mac))
		return;
	PROVE(prefix + content.len + 1 + mac.len == value.len, "the same length");
	PROVE(content.data == value.data + prefix && mac.data == content.data + content.len + 1,
		  "in their place");
	PROVE(mac.len == (is_hex ? 4 : 3), "a MAC's length");
	PROVE(covered.data + covered.len == content.data + content.len, "covered to its end");
	PROVE(covered.data == (counts ? value.data : content.data), "covered from its beginning");
}
