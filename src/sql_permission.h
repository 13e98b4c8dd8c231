/*
 * sql_permission.h
 *		The functions that SQL calls for each row, for who recognizes their calls.
 */
#ifndef SESSION_AUTH_SQL_PERMISSION_H
#define SESSION_AUTH_SQL_PERMISSION_H

#include "fmgr.h"

extern PGDLLEXPORT Datum session_auth_has_permission(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum session_auth_current_has_permission(PG_FUNCTION_ARGS);

#endif /* SESSION_AUTH_SQL_PERMISSION_H */
