/*
 * framework_open.c
 *		From a cookie to who it is, in order: proof, time, payload; see frameworks.h.
 *
 * Invariant: nothing of the content is read before its proof holds.
 */
#include <string.h>

#include "pure/framework_internal.h"

static bool
is_other_name(const FrameworkKey *key, const FrameworkCookie *cookie)
{
	return key->name_len > 0 && cookie->name.data != NULL &&
		   !slice_equals(cookie->name, slice_make(key->name, key->name_len));
}

static ResultCode
open_value(const Opening *o)
{
	Slice content;
	ResultCode result = framework_prove(o, &content);

	if (result == RESULT_OK)
		result = framework_take_time(o, &content);
	if (result == RESULT_OK)
		result = framework_read(o, content);
	return result;
}

ResultCode
framework_open(const FrameworkKey *key, const FrameworkOptions *options,
			   const FrameworkCookie *cookie, int64_t now_us, char *arena, size_t cap,
			   FrameworkProof *proof)
{
	Arena memory = { arena, cap, 0 };
	Opening o = { key->row, key, options, cookie, now_us, &memory, proof };
	ResultCode result;

	memset(proof, 0, offsetof(FrameworkProof, user_text));
	proof->issued_us = FRAMEWORK_NO_TIME;
	proof->expires_us = FRAMEWORK_NO_TIME;
	proof->yields = framework_yields(key->row, options);
	if (is_other_name(key, cookie))
		return RESULT_UNKNOWN_FORM;
	if (cookie->value.len > FRAMEWORK_COOKIE_MAX)
		return RESULT_TOO_LONG;
	result = key->row->proof == PROOF_CACHE ? framework_open_cache(&o) : open_value(&o);
	return result == RESULT_OK ? framework_check_time(&o) : result;
}
