/*
 * request.h
 *		Which of a request's cookies is its token.
 */
#ifndef SESSION_AUTH_REQUEST_H
#define SESSION_AUTH_REQUEST_H

#include "nodes/pg_list.h"

#include "pure/frameworks.h"
#include "pure/result.h"
#include "pure/slice.h"

typedef struct RequestCookie
{
	Slice name;
	Slice text;
	const Framework *row; /* as which it was read */
} RequestCookie;

extern ResultCode request_find_cookie(Slice header, RequestCookie *cookie);
extern ResultCode request_find_named_cookie(Slice header, List *names, RequestCookie *cookie);

#endif /* SESSION_AUTH_REQUEST_H */
