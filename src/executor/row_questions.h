/*
 * row_questions.h
 *		The functions that policies call for each row: src/sql defines them, and filters
 *		recognize their calls by their addresses.
 */
#ifndef SESSION_AUTH_ROW_QUESTIONS_H
#define SESSION_AUTH_ROW_QUESTIONS_H

#include "fmgr.h"

extern PGDLLEXPORT Datum session_auth_has_permission(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum session_auth_current_has_permission(PG_FUNCTION_ARGS);

#endif /* SESSION_AUTH_ROW_QUESTIONS_H */
