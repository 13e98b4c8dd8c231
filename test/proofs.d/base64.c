/*
 * base64.c
 *		Proofs of base64 both ways: one sequence of bytes has one text, and no other text decodes.
 *
 * Lengths are gone through one by one, as vectors of a length that is not known cost cbmc too much.
 */
#include "proof.h"

#define BASE64_PORTABLE
#define SHIFT_RIGHT(x, n) ((x) / (UINT64_C(1) << (n)))
#include "pure/base64.c"

#define LEN_MAX   16
#define BYTES_MAX BASE64_DECODED_MAX(LEN_MAX)

/* Without padding.  Both pieces of memory end where reading and writing has to. */
static void
check_text(size_t len, size_t n_bytes, Alphabet alphabet)
{
	char text_bytes[LEN_MAX];
	char *text = text_bytes + LEN_MAX - len;
	unsigned char out_bytes[BYTES_MAX];
	unsigned char *out = out_bytes + BYTES_MAX - n_bytes;
	char again[LEN_MAX];
	size_t n;
	ResultCode result = decode(text, len, out, n_bytes, &n, alphabet);

	PROVE(result == RESULT_OK ? n == n_bytes : n == 0, "all bytes or none");
	if (result != RESULT_OK)
		return;
	PROVE(encode(out, n_bytes, again, alphabet) == len, "the same length");
	for (size_t i = 0; i < len; i++)
		PROVE(again[i] == text[i], "the same text");
}

static void
check_bytes(size_t len, Alphabet alphabet)
{
	unsigned char in[BYTES_MAX];
	unsigned char *bytes = in + BYTES_MAX - len;
	unsigned char again[BYTES_MAX];
	char text[LEN_MAX];
	size_t n = encode(bytes, len, text, alphabet);
	size_t m;

	PROVE(decode(text, n, again, len, &m, alphabet) == RESULT_OK && m == len, "taken whole");
	for (size_t i = 0; i < len; i++)
		PROVE(again[i] == bytes[i], "the same bytes");
}

PROOF(base64_text, 18, "base64 that decodes is what its bytes are encoded to",
	  "2 and 3 characters of base64url, 4 of base64")
{
	check_text(2, 1, alphabet_url);
	check_text(3, 2, alphabet_url);
	check_text(4, 3, alphabet_std);
}

PROOF(base64_vector, 18, "likewise where all characters of a vector are used", "16 characters")
{
	check_text(16, 12, alphabet_url);
}

PROOF(base64_bytes, 18, "bytes are encoded to text that decodes to them", "1, 3 and 12 bytes")
{
	check_bytes(1, alphabet_url);
	check_bytes(3, alphabet_std);
	check_bytes(12, alphabet_url);
}

/* ------------------------------------------------------------------------------ padding */

#define PADDED_MAX 12

/* Whatever decode() may answer, of which the proofs above are: it takes no padding. */
static size_t taken;

ResultCode
any_decode(const char *text, size_t len, unsigned char *out, size_t cap, size_t *out_len,
		   Alphabet alphabet)
{
	ResultCode result;

	(void) out;
	(void) cap;
	(void) out_len;
	PROVE(alphabet.c63 == '/', "the alphabet that has padding");
	for (size_t i = 0; i < PADDED_MAX; i++)
		if (i < len)
			ASSUME(result != RESULT_OK || text[i] != '=');
	ASSUME(result != RESULT_OK || len % 4 != 1);
	taken = len;
	return result;
}

/* Where bytes end is told by their padding, which base64_encode() writes up to four characters. */
INSTEAD(base64_padding, decode, any_decode)
PROOF(base64_padding, 14, "a padded text that decodes is fours of characters, filled up at its end",
	  "0 to 12 characters")
{
	size_t n;
	ANY_TEXT(text, PADDED_MAX, n);
	unsigned char out[1];
	size_t len;

	taken = 0;
	if (base64_decode(text.data, text.len, out, sizeof(out), &len) != RESULT_OK)
		return;
	PROVE(text.len % 4 == 0, "fours");
	PROVE(text.len - taken == (4 - taken % 4) % 4, "as encoded");
	for (size_t i = 0; i < PADDED_MAX; i++)
		if (i < text.len)
			PROVE((text.data[i] == '=') == (i >= taken), "at its end");
}

/* Whatever encode() may answer: the length of so many bytes. */
static size_t encoded_len;

size_t
any_encode(const unsigned char *in, size_t len, char *out, Alphabet alphabet)
{
	(void) in;
	(void) out;
	PROVE(alphabet.c63 == '/', "the alphabet that has padding");
	encoded_len = BASE64URL_LEN(len);
	return encoded_len;
}

INSTEAD(base64_filled_up, encode, any_encode)
PROOF(base64_filled_up, 5, "what is encoded is filled up to fours, and so long as BASE64_LEN says",
	  "0 to 9 bytes")
{
	unsigned char in[9];
	char out[BASE64_LEN(sizeof(in))];
	size_t len;
	size_t n;

	ASSUME(len <= sizeof(in));
	n = base64_encode(in, len, out + sizeof(out) - BASE64_LEN(len));
	PROVE(n == BASE64_LEN(len) && n % 4 == 0, "fours");
	for (size_t i = 0; i < 2; i++)
		if (encoded_len + i < n)
			PROVE(out[sizeof(out) - BASE64_LEN(len) + encoded_len + i] == '=', "filled up");
}
