/*
 * theft.h
 *		A rotated token that comes back after its grace window.
 */
#ifndef SESSION_AUTH_THEFT_H
#define SESSION_AUTH_THEFT_H

#include "utils/uuid.h"

extern void theft_report(const pg_uuid_t *session_id, bool about_to_raise);
extern void theft_settle(void);

#endif /* SESSION_AUTH_THEFT_H */
