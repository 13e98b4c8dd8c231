/*
 * signed.c
 *		Opens signed tokens by the table of frameworks; see signed.h.
 */
#include "signed.h"

#include <string.h>

#include "vectors.h"

ResultCode
signed_open(const char *kind, Slice token, Slice secret, Slice *value)
{
	char buf[FRAMEWORK_COOKIE_MAX];
	FrameworkProof proof;
	const FrameworkOptions options = { 0 };
	const Slice none = { NULL, 0 };
	FrameworkKey key;
	FrameworkCookie cookie;
	ResultCode result =
		framework_derive(&key, framework_next(kind, NULL), &options, none, secret, NULL);

	*value = none;
	if (result == RESULT_OK)
		result = framework_cookie_of_text(key.row, none, token, buf, sizeof(buf), &cookie);
	if (result == RESULT_OK)
		result = framework_open(&key, &options, &cookie, 0, NULL, 0, &proof);
	if (result == RESULT_OK)
	{
		value->data = memcpy(keep(proof.id.len), proof.id.data, proof.id.len);
		value->len = proof.id.len;
	}
	framework_key_clear(&key);
	return result;
}
