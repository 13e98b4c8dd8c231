/*
 * worker.h
 *		Records what one database denied, and purges it, for two seconds at the most.
 */
#ifndef SESSION_AUTH_WORKER_H
#define SESSION_AUTH_WORKER_H

#include "postmaster/bgworker.h"

#define LIBRARY_NAME "session_auth"

extern void worker_init(void);
extern void worker_describe(BackgroundWorker *worker, Oid database, bool purge);
extern bool worker_left_something(void);
extern int worker_pause_ms(void);

#endif /* SESSION_AUTH_WORKER_H */
