/*
 * settings_batch.h
 *		Defining many settings at once.
 */
#ifndef SESSION_AUTH_SETTINGS_BATCH_H
#define SESSION_AUTH_SETTINGS_BATCH_H

/* Calls define, which defines settings of this extension and nothing else. */
extern void define_settings_at_once(void (*define)(void));

#endif /* SESSION_AUTH_SETTINGS_BATCH_H */
