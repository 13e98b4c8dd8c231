/*
 * arguments.h
 *		What SQL functions may be given, and what they say when it is not that.
 */
#ifndef SESSION_AUTH_ARGUMENTS_H
#define SESSION_AUTH_ARGUMENTS_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/jsonb.h"

#include "pure/slice.h"

/* A token as it was given: bytes that may be missing, or too many to look at. */
typedef struct TokenArgument
{
	const char *bytes; /* NULL when there is none, or too many */
	size_t len;
} TokenArgument;

extern TokenArgument argument_token(FunctionCallInfo fcinfo, int n);
extern char *argument_text_or_null(FunctionCallInfo fcinfo, int n);
extern Slice argument_word(FunctionCallInfo fcinfo, int n);
extern char *argument_user_id(FunctionCallInfo fcinfo, int n);
extern char *argument_audience(FunctionCallInfo fcinfo, int n);
extern char *argument_tenant(FunctionCallInfo fcinfo, int n);
extern Jsonb *argument_object(FunctionCallInfo fcinfo, int n, const char *what);
extern ArrayType *argument_permissions(FunctionCallInfo fcinfo, int n);
extern ArrayType *argument_permissions_required(FunctionCallInfo fcinfo, int n);
extern void argument_lifetime(FunctionCallInfo fcinfo, int n, int fallback_seconds,
							  Interval *lifetime);

pg_noreturn extern void argument_refuse(const char *what, const char *detail);
pg_noreturn extern void argument_refuse_secret(const char *what, const char *detail);
extern void hide_own_frames(void);

#endif /* SESSION_AUTH_ARGUMENTS_H */
