/*
 * recorded_events.h
 *		Which events are recorded: the setting session_auth.record_events.
 */
#ifndef SESSION_AUTH_RECORDED_EVENTS_H
#define SESSION_AUTH_RECORDED_EVENTS_H

extern void recorded_events_init(void);
extern bool event_is_recorded(const char *event, size_t len);

#endif /* SESSION_AUTH_RECORDED_EVENTS_H */
