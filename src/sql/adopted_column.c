/*
 * adopted_column.c
 *		Values of the columns of an application's own table.
 *
 * Invariants: values are read with the output functions of their types and no
 * casts, as anybody who owns a type can define a cast, and this code acts with
 * the extension's rights.  No setting of the connection that writes the row
 * changes what is read: neither TimeZone nor bytea_output nor the abbreviations
 * of time zones.  Whatever a row holds, reading it raises nothing: the
 * application's own statement goes on.  Only a column that is gone is an error.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/outside_text.h"
#include "pure/json.h"
#include "pure/symfony.h"
#include "sql/adopted_column.h"
#include "verify/proved_row.h"

/* An application's "never", and "infinity", is a time that can be reckoned with. */
#define LAST_EXPIRY ((TimestampTz) (date2j(9999, 12, 31) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)

/* 1970 in PostgreSQL's time, and the last second since then that is an expiry. */
#define UNIX_EPOCH_US (-CLOCK_UNIX_SHIFT)
#define LAST_SECOND   ((LAST_EXPIRY - UNIX_EPOCH_US) / USECS_PER_SEC)

/* The columns of one source are there until somebody renames or alters them. */
void
adopted_refuse_column(const char *column, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of an adopted table %s", column, problem),
			 errhint("Repeat session_auth.adopt_sessions() or adopt_roles() with the columns "
					 "that the table has now, or session_auth.abandon() it.")));
}

/* Its number, or an error that names it. */
int
adopted_column(TupleDesc desc, const char *column)
{
	int attnum = SPI_fnumber(desc, column);

	if (attnum <= 0)
		adopted_refuse_column(column, "is missing");
	return attnum;
}

/* The value of a column, and its type. */
Datum
adopted_value(SourceRow source, const char *column, Oid *type, bool *isnull)
{
	int attnum = adopted_column(source.desc, column);

	*type = TupleDescAttr(source.desc, attnum - 1)->atttypid;
	return heap_getattr(source.tuple, attnum, source.desc, isnull);
}

char *
adopted_value_text(Datum value, Oid type)
{
	Oid output;
	bool is_varlena;
	char *text;

	getTypeOutputInfo(type, &output, &is_varlena);
	text = OidOutputFunctionCall(output, value);
	if (getBaseType(type) == BPCHAROID)
		for (size_t len = strlen(text); len > 0 && text[len - 1] == ' '; len--)
			text[len - 1] = '\0';
	return text;
}

/* NULL when it is null. */
char *
adopted_text(SourceRow source, const char *column)
{
	Oid type;
	bool isnull;
	Datum value = adopted_value(source, column, &type, &isnull);

	return isnull ? NULL : adopted_value_text(value, type);
}

/* The bytes of a bytea, or of any other type's text; data is NULL when it is null. */
Slice
adopted_bytes(SourceRow source, const char *column)
{
	Oid type;
	bool isnull;
	Datum value = adopted_value(source, column, &type, &isnull);
	bytea *bytes;
	char *text;

	if (isnull)
		return (Slice){ NULL, 0 };
	if (getBaseType(type) == BYTEAOID)
	{
		bytes = DatumGetByteaPP(value);
		return (Slice){ VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes) };
	}
	text = adopted_value_text(value, type);
	return (Slice){ text, strlen(text) };
}

/* ------------------------------------------------------------------------ times */

/* Seconds or milliseconds since 1970, in digits; a fraction of one is dropped. */
static bool
read_ticks(const char *text, int64 ticks, TimestampTz *time)
{
	const char *p = text;
	int64 n = 0;

	for (; *p >= '0' && *p <= '9'; p++)
	{
		n = n * 10 + (*p - '0');
		if (n / ticks > LAST_SECOND)
			return false;
	}
	if (p == text)
		return false;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9';)
			p++;
	*time = UNIX_EPOCH_US + n * (USECS_PER_SEC / ticks);
	return *p == '\0';
}

/*
 * What a clock on the wall of a time zone showed, as AT TIME ZONE has it.  The
 * zone is looked for by its name alone, as abbreviations are settings.
 */
static bool
at_time_zone(Timestamp local, const char *time_zone, TimestampTz *time)
{
	pg_tz *zone = pg_tzset(time_zone);
	struct pg_tm tm;
	fsec_t fsec;

	if (zone == NULL || timestamp2tm(local, NULL, &tm, &fsec, NULL, zone) != 0)
		return false;
	*time = local + DetermineTimeZoneOffset(&tm, zone) * USECS_PER_SEC;
	return true;
}

/* False where it is out of range. */
bool
adopted_timestamp(Datum value, Oid type, const char *column, const char *time_zone,
				  TimestampTz *time)
{
	if (type != TIMESTAMPTZOID && type != TIMESTAMPOID)
		adopted_refuse_column(column, "is no timestamp");
	*time = Min(DatumGetTimestampTz(value), LAST_EXPIRY);
	if (type == TIMESTAMPOID && time_zone && *time > UNIX_EPOCH_US && *time < LAST_EXPIRY)
		return at_time_zone(*time, time_zone, time);
	return true;
}

/* A timestamp without time zone is one in UTC, or in the zone that was named. */
Expiry
adopted_expiry(SourceRow source, const Adoption *adoption, TimestampTz *expires_at)
{
	const char *column = adoption->expires_column;
	Oid type;
	bool isnull;
	Datum value = adopted_value(source, column, &type, &isnull);
	bool read;

	if (adoption->ticks > 0)
		read = !isnull && read_ticks(adopted_value_text(value, type), adoption->ticks, expires_at);
	else
		read = adopted_timestamp(value, getBaseType(type), column, adoption->time_zone, expires_at);
	if (isnull)
		return EXPIRY_NULL;
	if (!read)
		return EXPIRY_UNREADABLE;
	if (*expires_at > UNIX_EPOCH_US)
		*expires_at = *expires_at > LAST_EXPIRY - adoption->lifetime
						  ? LAST_EXPIRY
						  : *expires_at + adoption->lifetime;
	return EXPIRY_READ;
}

/* ---------------------------------------------------------------- users in JSON */

/*
 * JSON is UTF-8.  Where the database has another encoding, what is not ASCII becomes
 * DEL, which no user_id holds: converting it could fail, or run a conversion of the
 * owner's.
 */
static char *
as_json(char *text)
{
	if (GetDatabaseEncoding() != PG_UTF8)
		for (char *p = text; *p; p++)
			if (IS_HIGHBIT_SET(*p))
				*p = 0x7f;
	return text;
}

static char *
text_of_node(const JsonDoc *doc, const JsonNode *node)
{
	char *buffer;
	Slice text;

	if (node == NULL)
		return NULL;
	if (json_is_whole(doc, node))
		text = json_raw(doc, node);
	else
	{
		buffer = palloc(node->end - node->start + 1);
		if (node->kind != JSON_KIND_STRING ||
			json_text(doc, node, buffer, node->end - node->start + 1, &text) != RESULT_OK)
			return NULL;
	}
	return is_storable_here(text) ? pnstrdup(text.data, text.len) : NULL;
}

/* A text or a whole number at the path; NULL when there is anything else, or nothing. */
static char *
user_in_json(const char *text, const Adoption *adoption)
{
	size_t len = strlen(text);
	JsonDoc doc;
	JsonNode *nodes;
	const JsonNode *node = NULL;
	char *user = NULL;

	if (len > JSON_LEN_MAX)
		return NULL;
	nodes = palloc(JSON_NODES_FOR(len) * sizeof(JsonNode));
	if (json_scan(&doc, text, len, nodes, JSON_NODES_FOR(len)) == RESULT_OK)
	{
		node = &doc.nodes[0];
		for (int i = 0; node && i < adoption->user_path_len; i++)
			node = json_member(&doc, node, adoption->user_path[i], strlen(adoption->user_path[i]));
		user = text_of_node(&doc, node);
	}
	pfree(nodes);
	return user;
}

/* ---------------------------------------------------------- users in PHP's format */

/* What cannot be stored is no user; "" is no user_id, and so keeps the row out. */
static char *
text_of_php(Slice text, char *otherwise)
{
	return is_storable_here(text) ? pnstrdup(text.data, text.len) : otherwise;
}

static AdoptedUser
user_in_symfony(Slice data, const Adoption *adoption)
{
	Slice *path = palloc((adoption->user_path_len + 1) * sizeof(Slice));
	AdoptedUser user = { NULL, NULL };
	SymfonySession session;

	for (int i = 0; i < adoption->user_path_len; i++)
		path[i] = (Slice){ adoption->user_path[i], strlen(adoption->user_path[i]) };
	if (data.data &&
		symfony_session_read(data, path, adoption->user_path_len, &session) == RESULT_OK)
	{
		user.name = text_of_php(session.user, NULL);
		if (session.actor.data)
			user.actor = text_of_php(session.actor, "");
	}
	pfree(path);
	return user;
}

AdoptedUser
adopted_user(SourceRow source, const Adoption *adoption)
{
	AdoptedUser user = { NULL, NULL };

	if (adoption->user_form == USER_SYMFONY)
		return user_in_symfony(adopted_bytes(source, adoption->user_column), adoption);
	user.name = adopted_text(source, adoption->user_column);
	if (user.name == NULL)
		return user;
	if (adoption->user_form == USER_PROVED)
		user.name = proved_row_user(user.name, adoption->user_path, adoption->user_path_len);
	else if (adoption->user_path_len > 0)
		user.name = user_in_json(as_json(user.name), adoption);
	return user;
}
