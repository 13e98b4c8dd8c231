/*
 * required_identity.h
 *		Roles that may query protected tables as somebody alone.
 */
#ifndef SESSION_AUTH_REQUIRED_IDENTITY_H
#define SESSION_AUTH_REQUIRED_IDENTITY_H

extern void required_identity_init(void);

#endif /* SESSION_AUTH_REQUIRED_IDENTITY_H */
