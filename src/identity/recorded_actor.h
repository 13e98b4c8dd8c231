/*
 * recorded_actor.h
 *		Who is recorded as having done something.
 */
#ifndef SESSION_AUTH_RECORDED_ACTOR_H
#define SESSION_AUTH_RECORDED_ACTOR_H

extern const char *recorded_actor(void);

#endif /* SESSION_AUTH_RECORDED_ACTOR_H */
