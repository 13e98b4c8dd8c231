/*
 * launcher.h
 *		Sees to it that every database that has the extension is purged.
 */
#ifndef SESSION_AUTH_LAUNCHER_H
#define SESSION_AUTH_LAUNCHER_H

extern void launcher_init(void);

#endif /* SESSION_AUTH_LAUNCHER_H */
