/*
 * cursor.h
 *		Whether a cursor is open that would take more rows.
 */
#ifndef SESSION_AUTH_CURSOR_H
#define SESSION_AUTH_CURSOR_H

extern bool cursor_takes_more_rows(void);

#endif /* SESSION_AUTH_CURSOR_H */
