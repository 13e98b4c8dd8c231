/*
 * uuid.c
 *		A uuid as text.
 */
#include "postgres.h"

#include "base/uuid.h"
#include "pure/hex.h"

#define DIGITS (2 * UUID_LEN)
#define DASHES 4

/* What uuid_out says, which appends digit by digit to a buffer that grows: several times the work. */
char *
uuid_text(const pg_uuid_t *uuid)
{
	static const size_t groups[DASHES + 1] = { 8, 4, 4, 4, 12 };
	char digits[DIGITS];
	char *text = palloc(DIGITS + DASHES + 1);
	const char *from = digits;
	char *to = text;

	hex_encode(uuid->data, UUID_LEN, digits);
	for (size_t i = 0; i < lengthof(groups); i++)
	{
		memcpy(to, from, groups[i]);
		from += groups[i];
		to += groups[i];
		*to++ = '-';
	}
	to[-1] = '\0';
	return text;
}
