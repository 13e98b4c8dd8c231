/*
 * arrival_view.h
 *		The view that identities are carried to, here.
 */
#ifndef SESSION_AUTH_ARRIVAL_VIEW_H
#define SESSION_AUTH_ARRIVAL_VIEW_H

typedef struct ArrivalView
{
	Oid view;
	Oid take_seal; /* the functions that an UPDATE of it calls */
	Oid asked_challenge;
} ArrivalView;

extern const ArrivalView *arrival_view(Oid relation);
extern void arrival_view_init(void);

#endif /* SESSION_AUTH_ARRIVAL_VIEW_H */
