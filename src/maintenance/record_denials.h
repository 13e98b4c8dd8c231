/*
 * record_denials.h
 *		Writes the denials that were noted of a database into session_events.
 */
#ifndef SESSION_AUTH_RECORD_DENIALS_H
#define SESSION_AUTH_RECORD_DENIALS_H

#include "nodes/pg_list.h"

extern void record_denials(const List *denials);

#endif /* SESSION_AUTH_RECORD_DENIALS_H */
