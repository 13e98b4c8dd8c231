/*
 * touched.h
 *		Before a query reaches another server, the identity is there.
 */
#ifndef SESSION_AUTH_TOUCHED_H
#define SESSION_AUTH_TOUCHED_H

extern void touched_init(void);

#endif /* SESSION_AUTH_TOUCHED_H */
