/*
 * uuid_text.c
 *		A uuid in its usual form; see uuid_text.h.
 */
#include "pure/uuid_text.h"

#include <string.h>

#include "pure/hex.h"

#define GROUPS 5

static const size_t groups[GROUPS] = { 8, 4, 4, 4, 12 };

bool
is_uuid_text(const char *s, size_t len)
{
	if (len != UUID_TEXT_LEN)
		return false;
	for (size_t i = 0; i < GROUPS; i++)
	{
		for (size_t n = groups[i]; n > 0; n--)
			if (hex_digit(*s++) < 0)
				return false;
		if (i + 1 < GROUPS && *s++ != '-')
			return false;
	}
	return true;
}

int
uuid_text_version(const char *s, size_t len)
{
	int variant;

	if (!is_uuid_text(s, len))
		return -1;
	variant = hex_digit(s[19]);
	return variant >= 8 && variant <= 11 ? hex_digit(s[14]) : 0;
}

void
uuid_text_write(const char digits[UUID_TEXT_DIGITS], char text[UUID_TEXT_LEN])
{
	for (size_t i = 0; i < GROUPS; i++)
	{
		memcpy(text, digits, groups[i]);
		digits += groups[i];
		text += groups[i];
		if (i + 1 < GROUPS)
			*text++ = '-';
	}
}
