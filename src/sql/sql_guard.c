/*
 * sql_guard.c
 *		What the event triggers of sql/parts/guard.sql ask about a command.
 *
 * Invariant: a subcommand of ALTER TABLE that is not on the list of upkeep changes
 * what a table is.  The extension's own scripts may do everything.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "tcop/deparse_utility.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/settings.h"

SQL_FUNCTION(session_auth_guards);

/* guards(): whether session_auth.guard_protection is on, and no script of the extension runs */
Datum
session_auth_guards(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(
		setting_guard_protection &&
		!(creating_extension && CurrentExtensionObject == get_extension_oid("session_auth", true)));
}

/*
 * How a table is kept, and whose it is.  Triggers that are silenced check_policies() reports.
 * Not how much of a column the planner samples, nor whether a long value lies in its row: both
 * would show secrets to who reads every table.
 */
static bool
is_upkeep(AlterTableType subtype)
{
	switch (subtype)
	{
		case AT_SetOptions:
		case AT_ResetOptions:
		case AT_SetCompression:
		case AT_ChangeOwner:
		case AT_ClusterOn:
		case AT_DropCluster:
		case AT_SetTableSpace:
		case AT_SetRelOptions:
		case AT_ResetRelOptions:
		case AT_ReplaceRelOptions:
		case AT_EnableTrig:
		case AT_EnableAlwaysTrig:
		case AT_EnableReplicaTrig:
		case AT_DisableTrig:
		case AT_EnableTrigAll:
		case AT_DisableTrigAll:
		case AT_EnableTrigUser:
		case AT_DisableTrigUser:
		case AT_ReplicaIdentity:
			return true;
		default:
			return false;
	}
}

static const char *
kind_of_alter_table(const List *subcommands)
{
	const char *kind = "upkeep";
	ListCell *cell;

	foreach (cell, subcommands)
	{
		const CollectedATSubcmd *subcommand = lfirst(cell);
		AlterTableType subtype = castNode(AlterTableCmd, subcommand->parsetree)->subtype;

		if (subtype == AT_DisableRowSecurity || subtype == AT_NoForceRowSecurity)
			return "unprotects";
		if (!is_upkeep(subtype))
			kind = "change";
	}
	return kind;
}

SQL_FUNCTION(session_auth_kind_of_command);

/* kind_of_command(pg_ddl_command): upkeep, unprotects (takes row-level security off), renames or change */
Datum
session_auth_kind_of_command(PG_FUNCTION_ARGS)
{
	const CollectedCommand *command = (const CollectedCommand *) PG_GETARG_POINTER(0);
	const char *kind = "change";

	if (command->type == SCT_AlterTable)
		kind = kind_of_alter_table(command->d.alterTable.subcmds);
	else if (command->type == SCT_Simple && IsA(command->parsetree, AlterOwnerStmt))
		kind = "upkeep";
	else if (command->type == SCT_Simple && (IsA(command->parsetree, RenameStmt) ||
											 IsA(command->parsetree, AlterObjectSchemaStmt)))
		kind = "renames";
	PG_RETURN_TEXT_P(cstring_to_text(kind));
}
