/*
 * secret_file.h
 *		Secrets that lie in a file of the server's instead of a table's row.
 */
#ifndef SESSION_AUTH_SECRET_FILE_H
#define SESSION_AUTH_SECRET_FILE_H

#define SECRET_FILE_PREFIX "file:"
#define SECRET_FILE_MAX    32768

extern bool secret_is_file(const char *secret);
extern char *secret_resolve(const char *secret);

#endif /* SESSION_AUTH_SECRET_FILE_H */
