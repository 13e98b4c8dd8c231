/*
 * worker_identity.h
 *		A query's parallel workers are told who the caller is.
 */
#ifndef SESSION_AUTH_WORKER_IDENTITY_H
#define SESSION_AUTH_WORKER_IDENTITY_H

extern void worker_identity_init(void);

#endif /* SESSION_AUTH_WORKER_IDENTITY_H */
