/*
 * kept_text.c
 *		Keeping the texts that a call site has resolved something for.
 */
#include "postgres.h"

#include "nodes/primnodes.h"
#include "utils/memutils.h"

#include "sql/kept_text.h"

/*
 * Whether an argument is written in the query itself.  A parameter will not do:
 * PL/pgSQL runs one call site with one value after another.
 */
bool
is_constant_argument(FunctionCallInfo fcinfo, int n)
{
	Node *call = fcinfo->flinfo->fn_expr;

	return call && IsA(call, FuncExpr) && n < list_length(((FuncExpr *) call)->args) &&
		   IsA(list_nth(((FuncExpr *) call)->args, n), Const);
}

void
kept_text_set(FunctionCallInfo fcinfo, KeptText *kept, int n)
{
	Slice value = text_slice(fcinfo, n);

	if (value.len + 1 > kept->size)
	{
		if (kept->bytes)
			pfree(kept->bytes);
		kept->size = 0;
		kept->bytes = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, value.len + 1);
		kept->size = value.len + 1;
	}
	memcpy(kept->bytes, value.data, value.len);
	kept->bytes[value.len] = '\0';
	kept->len = value.len;
	if (value.len <= STRING_KEY_SHORT)
	{
		kept->first = string_first(value.data, value.len);
		kept->last = string_last(value.data, value.len);
	}
}
