/*
 * secret_file.c
 *		Secrets that lie in a file of the server's instead of a table's row.
 *
 * The file is read when keys are loaded, as the operating system's user that the
 * server runs as.  Its content is never shown, not even in an error.
 */
#include "postgres.h"

#include <sys/stat.h>

#include "storage/fd.h"

#include "verify/secret_file.h"

bool
secret_is_file(const char *secret)
{
	return strncmp(secret, SECRET_FILE_PREFIX, strlen(SECRET_FILE_PREFIX)) == 0;
}

static char *
read_file(const char *path)
{
	struct stat status;
	FILE *file;
	char *content;
	size_t len;
	bool failed;

	/* a FIFO would let the backend wait for ever */
	if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return NULL;
	file = AllocateFile(path, PG_BINARY_R);
	if (file == NULL)
		return NULL;
	content = palloc(SECRET_FILE_MAX + 2);
	len = fread(content, 1, SECRET_FILE_MAX + 1, file);
	failed = ferror(file) || len > SECRET_FILE_MAX;
	FreeFile(file);
	if (failed)
		return NULL;
	/* editors end a file with a line break that is no part of the secret */
	if (len > 0 && content[len - 1] == '\n')
		len--;
	if (len > 0 && content[len - 1] == '\r')
		len--;
	content[len] = '\0';
	return len == 0 || strlen(content) != len ? NULL : content;
}

/*
 * The secret itself, of what a row holds; NULL when it is a file that cannot be
 * read, is empty, longer than SECRET_FILE_MAX or holds a zero byte.
 */
char *
secret_resolve(const char *secret)
{
	if (!secret_is_file(secret))
		return pstrdup(secret);
	return read_file(secret + strlen(SECRET_FILE_PREFIX));
}
