/*
 * request.h
 *		Which of a request's cookies is its token.
 */
#ifndef SESSION_AUTH_REQUEST_H
#define SESSION_AUTH_REQUEST_H

#include "nodes/pg_list.h"

#include "pure/result.h"
#include "pure/slice.h"

typedef struct RequestCookie
{
	Slice name;
	Slice text;  /* as verify_cookie takes it */
	bool set_up; /* its kind is: what becomes of it decides */
} RequestCookie;

extern ResultCode request_cookie(Slice header, RequestCookie *cookie);
extern ResultCode request_cookie_named(Slice header, List *names, RequestCookie *cookie);
extern bool request_cookie_decides(const RequestCookie *cookie, ResultCode result);

#endif /* SESSION_AUTH_REQUEST_H */
