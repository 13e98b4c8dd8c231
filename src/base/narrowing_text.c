/*
 * narrowing_text.c
 *		How what an identity is narrowed to is written; see narrowing_text.h.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/narrowing_text.h"
#include "base/text_array.h"

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
	char **elements;
	int n;

	if (permissions == NULL)
		return NULL;
	initStringInfo(&layer);
	elements = text_array_read(permissions, &n);
	for (int i = 0; i < n; i++)
		if (elements[i])
			narrowing_text_add(&layer, elements[i], strlen(elements[i]));
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
