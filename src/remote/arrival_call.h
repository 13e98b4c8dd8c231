/*
 * arrival_call.h
 *		What carries an identity here is a call.
 */
#ifndef SESSION_AUTH_ARRIVAL_CALL_H
#define SESSION_AUTH_ARRIVAL_CALL_H

extern void arrival_call_init(void);

#endif /* SESSION_AUTH_ARRIVAL_CALL_H */
