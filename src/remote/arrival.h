/*
 * arrival.h
 *		An identity is carried here in a READ ONLY transaction too, and to a hot standby.
 */
#ifndef SESSION_AUTH_ARRIVAL_H
#define SESSION_AUTH_ARRIVAL_H

extern void arrival_init(void);

#endif /* SESSION_AUTH_ARRIVAL_H */
