/*
 * recorded_events.c
 *		Which events are recorded: the setting session_auth.record_events.
 *
 * Invariant: an event whose class is not known here is recorded, unless none is to be:
 * what a later version writes is not lost by a setting from before.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/recorded_events.h"

/* What the names of a class's events begin with. */
typedef struct EventClass
{
	const char *name;
	const char *const *prefixes;
} EventClass;

static const char *const session_events[] = { "session_", NULL };
static const char *const impersonation_events[] = { "impersonated", "access_", NULL };
static const char *const permission_events[] = { "role_", "permission_", "denial_", "user_", NULL };
static const char *const usage_events[] = { "usage_", NULL };
static const char *const key_events[] = { "key_",    "jwks_",     "token_", "authjs_",
										  "cookie_", "audience_", "node_",  NULL };
static const char *const adoption_events[] = { "sessions_adopted", "roles_adopted", "source_",
											   NULL };

static const char *const denied_events[] = { "denied", NULL };

static const EventClass classes[] = {
	{ "sessions", session_events },
	{ "impersonation", impersonation_events },
	{ "permissions", permission_events },
	{ "usages", usage_events },
	{ "keys", key_events },
	{ "adoption", adoption_events },
	{ "denials", denied_events },
};

#define ALL_CLASSES  ((1 << lengthof(classes)) - 1)
#define OTHER_EVENTS (1 << lengthof(classes))
#define ALLOWED_NAMES                                                                              \
	"all, none, sessions, impersonation, permissions, usages, keys, adoption, denials"

static char *setting_value;
static int recorded = ALL_CLASSES | OTHER_EVENTS;

static bool
begins_with(const char *event, size_t len, const char *prefix)
{
	size_t prefix_len = strlen(prefix);

	return len >= prefix_len && memcmp(event, prefix, prefix_len) == 0;
}

/* The class's bit. */
static int
class_of_event(const char *event, size_t len)
{
	for (size_t i = 0; i < lengthof(classes); i++)
		for (const char *const *prefix = classes[i].prefixes; *prefix; prefix++)
			if (begins_with(event, len, *prefix))
				return 1 << i;
	return OTHER_EVENTS;
}

bool
event_is_recorded(const char *event, size_t len)
{
	return recorded == (ALL_CLASSES | OTHER_EVENTS) || (recorded & class_of_event(event, len)) != 0;
}

/* What a name of the list says, or 0: it is no name. */
static int
bits_of_name(const char *name)
{
	if (strcmp(name, "all") == 0)
		return ALL_CLASSES | OTHER_EVENTS;
	for (size_t i = 0; i < lengthof(classes); i++)
		if (strcmp(name, classes[i].name) == 0)
			return 1 << i | OTHER_EVENTS;
	return 0;
}

static bool
bits_of_list(List *names, int *bits)
{
	ListCell *cell;

	*bits = 0;
	if (list_length(names) == 1 && strcmp(linitial(names), "none") == 0)
		return true;
	foreach (cell, names)
	{
		int more = bits_of_name(lfirst(cell));

		if (more == 0)
			return false;
		*bits |= more;
	}
	return *bits != 0;
}

static bool
check_record_events(char **newval, void **extra, GucSource source)
{
	char *copy = pstrdup(*newval);
	List *names;
	int bits;
	bool good = SplitIdentifierString(copy, ',', &names) && bits_of_list(names, &bits);

	pfree(copy);
	if (!good)
	{
		GUC_check_errdetail("It must be a list of: %s.", ALLOWED_NAMES);
		return false;
	}
	*extra = guc_malloc(LOG, sizeof(int));
	if (*extra == NULL)
		return false;
	*(int *) *extra = bits;
	return true;
}

static void
assign_record_events(const char *newval, void *extra)
{
	recorded = *(int *) extra;
}

void
recorded_events_init(void)
{
	DefineCustomStringVariable("session_auth.record_events",
							   "Which classes of events are recorded in session_events.",
							   "A list of: " ALLOWED_NAMES ".", &setting_value, "all", PGC_SUSET,
							   GUC_LIST_INPUT, check_record_events, assign_record_events, NULL);
}
