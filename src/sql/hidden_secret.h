/*
 * hidden_secret.h
 *		Keeps a secret that SQL was given out of what others see of the statement.
 */
#ifndef SESSION_AUTH_HIDDEN_SECRET_H
#define SESSION_AUTH_HIDDEN_SECRET_H

#include "pure/slice.h"

extern void hidden_secret_init(void);
extern bool hide_secret(Slice secret);

#endif /* SESSION_AUTH_HIDDEN_SECRET_H */
