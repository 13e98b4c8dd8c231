/*
 * uuid.c
 *		A uuid as text.
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"

#include "base/uuid.h"
#include "pure/hex.h"
#include "pure/uuid_text.h"

/* What uuid_out says, which appends digit by digit to a buffer that grows: several times the work. */
char *
uuid_text(const pg_uuid_t *uuid)
{
	char digits[UUID_TEXT_DIGITS];
	char *text = palloc(UUID_TEXT_LEN + 1);

	hex_encode(uuid->data, UUID_LEN, digits);
	uuid_text_write(digits, text);
	text[UUID_TEXT_LEN] = '\0';
	return text;
}

/* What uuid_in makes of its usual form; NULL for any other, so that nothing is raised. */
pg_uuid_t *
uuid_of_text(const char *text)
{
	if (!is_uuid_text(text, strlen(text)))
		return NULL;
	return DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(text)));
}
