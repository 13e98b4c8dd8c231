/*
 * signed_row.h
 *		What Django signs in the rows of its sessions.
 */
#ifndef SESSION_AUTH_SIGNED_ROW_H
#define SESSION_AUTH_SIGNED_ROW_H

extern char *signed_row_user(const char *session_data, const char *const *path, int path_len);

#endif /* SESSION_AUTH_SIGNED_ROW_H */
