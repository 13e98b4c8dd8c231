/*
 * libpq.c
 *		One round trip with libpq.  PostgreSQL 14 and newer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

/* shown */
/* The accounts as the token's user may see them, or NULL; sqlstate tells why. */
static PGresult *
accounts_of(PGconn *connection, const char *token, char sqlstate[6])
{
	PGresult *accounts = NULL;
	PGresult *result;

	sqlstate[0] = '\0';
	PQenterPipelineMode(connection);
	PQsendQueryParams(connection, "BEGIN", 0, NULL, NULL, NULL, NULL, 0);
	PQsendQueryParams(connection, "SELECT (session_auth.authenticate($1)).user_id", 1, NULL, &token,
					  NULL, NULL, 0);
	PQsendQueryParams(connection, "SELECT id FROM accounts ORDER BY id", 0, NULL, NULL, NULL, NULL, 0);
	PQsendQueryParams(connection, "COMMIT", 0, NULL, NULL, NULL, NULL, 0);
	PQpipelineSync(connection);

	for (int statement = 0; statement < 4; statement++)
	{
		result = PQgetResult(connection);
		if (PQresultStatus(result) == PGRES_FATAL_ERROR)
			snprintf(sqlstate, 6, "%s", PQresultErrorField(result, PG_DIAG_SQLSTATE));
		if (statement == 2 && PQresultStatus(result) == PGRES_TUPLES_OK)
			accounts = result;
		else
			PQclear(result);
		while ((result = PQgetResult(connection)) != NULL)
			PQclear(result);
	}
	PQclear(PQgetResult(connection)); /* of the sync */
	PQexitPipelineMode(connection);
	if (PQtransactionStatus(connection) == PQTRANS_INERROR)
		PQclear(PQexec(connection, "ROLLBACK"));
	return accounts;
}
/* end */

static void
show(PGconn *connection, const char *token)
{
	char sqlstate[6];
	PGresult *accounts = accounts_of(connection, token, sqlstate);

	if (accounts == NULL)
		printf("%s", sqlstate);
	for (int i = 0; i < PQntuples(accounts); i++)
		printf("%s ", PQgetvalue(accounts, i, 0));
	printf("\n");
	PQclear(accounts);
}

int
main(void)
{
	PGconn *connection = PQconnectdb(getenv("DATABASE_URL"));

	if (PQstatus(connection) != CONNECTION_OK)
	{
		fprintf(stderr, "%s", PQerrorMessage(connection));
		return 1;
	}
	show(connection, getenv("TOKEN"));
	PQclear(PQexec(connection, "SELECT 'measured from here'"));
	show(connection, getenv("TOKEN"));
	PQclear(PQexec(connection, "SELECT 'measured to here'"));
	show(connection, "made-up");
	show(connection, getenv("TOKEN"));
	PQfinish(connection);
	return 0;
}
