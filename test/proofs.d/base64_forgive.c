/*
 * base64_forgive.c
 *		Proof of what is forgiven at the end of base64.
 */
#include "proof.h"

#include "pure/base64_forgive.c"

PROOF(forgiven_bits, 66,
	  "in base64 that is forgiven the unused bits of the last character become zero, and no other "
	  "does",
	  "2 or 3 bytes")
{
	char text[3];
	char out[3];
	size_t n;
	Slice seen;
	const char *last;
	const char *given;

	ASSUME(n == 2 || n == 3);
	given = memchr(alphabet, text[n - 1], sizeof(alphabet) - 1);
	seen = base64_forgive(slice_make(text, n), out);
	if (given == NULL || seen.len != n)
		return;
	last = memchr(alphabet, out[n - 1], sizeof(alphabet) - 1);
	PROVE((last - alphabet) % (n == 2 ? 16 : 4) == 0, "bits that are zero");
	PROVE((last - alphabet) / (n == 2 ? 16 : 4) == (given - alphabet) / (n == 2 ? 16 : 4),
		  "the other bits as they were");
}
