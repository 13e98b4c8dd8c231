/*
 * narrowing_text.c
 *		How what an identity is narrowed to is written; see narrowing_text.h.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/narrowing_text.h"

void
narrowing_text_add(StringInfo text, const char *permission, size_t len)
{
	appendBinaryStringInfo(text, permission, (int) len);
	appendStringInfoChar(text, NARROWING_END);
}

void
narrowing_text_end_layer(StringInfo text)
{
	appendStringInfoChar(text, NARROWING_END);
}

/* One layer: what a text[] holds, where a NULL stands for nothing; NULL for NULL. */
char *
narrowing_text_of_array(ArrayType *permissions)
{
	StringInfoData layer;
	Datum *elements;
	bool *nulls;
	int n;

	if (permissions == NULL)
		return NULL;
	initStringInfo(&layer);
	deconstruct_array(permissions, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i])
		{
			char *permission = TextDatumGetCString(elements[i]);

			narrowing_text_add(&layer, permission, strlen(permission));
		}
	narrowing_text_end_layer(&layer);
	return layer.data;
}

/* The layers of both, either of which may be NULL. */
const char *
narrowing_text_join(const char *first, const char *second)
{
	if (first == NULL || second == NULL)
		return first ? first : second;
	return psprintf("%s%s", first, second);
}
