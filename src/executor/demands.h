/*
 * demands.h
 *		What a query's policies demand is asked before it starts.
 */
#ifndef SESSION_AUTH_DEMANDS_H
#define SESSION_AUTH_DEMANDS_H

extern void demands_init(void);

#endif /* SESSION_AUTH_DEMANDS_H */
