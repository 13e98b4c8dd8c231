/*
 * framework_cookie.c
 *		Cookies as text, with the companion that some rows need; see frameworks.h.
 *
 * Invariant: a fragment begins with the cookie's name and "="; a text that begins otherwise is
 * a bare value.  So a value can bring no other cookie with it.
 */
#include <string.h>

#include "pure/frameworks.h"

bool
framework_has_companion(const Framework *row)
{
	return row->companion_suffix != NULL || row->companion_from != NULL;
}

static bool
append(char *out, size_t cap, size_t *used, const char *data, size_t len)
{
	if (len > cap - *used)
		return false;
	if (len > 0)
		memcpy(out + *used, data, len);
	*used += len;
	return true;
}

/* The companion's name: the cookie's with a suffix, or with one part replaced. */
static bool
companion_name(const Framework *row, Slice name, char *out, size_t cap, size_t *len)
{
	size_t from = row->companion_from == NULL ? 0 : strlen(row->companion_from);

	*len = 0;
	if (row->companion_suffix != NULL)
		return append(out, cap, len, name.data, name.len) &&
			   append(out, cap, len, row->companion_suffix, strlen(row->companion_suffix));
	for (size_t at = 0; at + from <= name.len; at++)
		if (memcmp(name.data + at, row->companion_from, from) == 0)
			return append(out, cap, len, name.data, at) &&
				   append(out, cap, len, row->companion_to, strlen(row->companion_to)) &&
				   append(out, cap, len, name.data + at + from, name.len - at - from);
	return false;
}

static bool
is_fragment(Slice name, Slice text)
{
	return name.len > 0 && text.len > name.len && slice_begins_with(text, name) &&
		   text.data[name.len] == '=';
}

/* The companion's value, behind the cookie's in buf. */
static ResultCode
find_companion(const Framework *row, Slice name, Slice text, char *buf, size_t cap,
			   FrameworkCookie *cookie)
{
	char beside[2 * FRAMEWORK_NAME_MAX];
	Slice beside_name = { beside, 0 };
	size_t len;
	ResultCode result;

	if (!framework_has_companion(row) ||
		!companion_name(row, name, beside, sizeof(beside), &beside_name.len))
		return RESULT_OK;
	result = cookie_value(text, beside_name, COOKIE_WHOLE, row->escapes, buf, cap, &len);
	if (result == RESULT_OK)
	{
		cookie->beside.data = buf;
		cookie->beside.len = len;
	}
	return result == RESULT_NO_TOKEN ? RESULT_OK : result;
}

ResultCode
framework_cookie_of_text(const Framework *row, Slice name, Slice text, char *buf, size_t cap,
						 FrameworkCookie *cookie)
{
	size_t len;
	ResultCode result;

	memset(cookie, 0, sizeof(*cookie));
	cookie->value.data = buf;
	if (!is_fragment(name, text))
	{
		result = cookie_unescape(text, row->escapes, buf, cap, &cookie->value.len);
		return result == RESULT_OK && cookie->value.len == 0 ? RESULT_NO_TOKEN : result;
	}
	cookie->name = name;
	result = cookie_value(text, name, row->chunks, row->escapes, buf, cap, &len);
	cookie->value.len = len;
	return result == RESULT_OK ? find_companion(row, name, text, buf + len, cap - len, cookie)
							   : result;
}

/* name=value, undecoded; RESULT_NO_TOKEN when the header does not have it. */
static ResultCode
append_pair(Slice name, CookieChunks chunks, Slice header, const char *before, char *out,
			size_t cap, size_t *used)
{
	size_t len;
	ResultCode result;

	if (!append(out, cap, used, before, strlen(before)) ||
		!append(out, cap, used, name.data, name.len) || !append(out, cap, used, "=", 1))
		return RESULT_TOO_LONG;
	result =
		cookie_value(header, name, chunks, COOKIE_ESCAPES_NONE, out + *used, cap - *used, &len);
	*used += len;
	return result;
}

ResultCode
framework_cookie_text(const Framework *row, Slice name, Slice header, char *out, size_t cap,
					  size_t *out_len)
{
	char beside[2 * FRAMEWORK_NAME_MAX];
	Slice beside_name = { beside, 0 };
	size_t used = 0;
	ResultCode result;

	if (!framework_has_companion(row))
		return cookie_value(header, name, row->chunks, row->escapes, out, cap, out_len);
	*out_len = 0;
	result = append_pair(name, row->chunks, header, "", out, cap, &used);
	if (result != RESULT_OK)
		return result;
	*out_len = used;
	if (!companion_name(row, name, beside, sizeof(beside), &beside_name.len))
		return RESULT_OK;
	result = append_pair(beside_name, COOKIE_WHOLE, header, "; ", out, cap, &used);
	if (result == RESULT_OK)
		*out_len = used;
	return result == RESULT_NO_TOKEN ? RESULT_OK : result;
}
