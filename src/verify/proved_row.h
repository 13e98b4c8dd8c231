/*
 * proved_row.h
 *		What Django signs in the rows of its sessions.
 */
#ifndef SESSION_AUTH_PROVED_ROW_H
#define SESSION_AUTH_PROVED_ROW_H

extern char *proved_row_user(const char *session_data, const char *const *path, int path_len);

#endif /* SESSION_AUTH_PROVED_ROW_H */
