/*
 * sql_adopt_ddl.c
 *		Which commands on a table can bring rows to it, or take rows away, unseen by
 *		the triggers for rows.
 *
 * Invariant: what is not known to leave rows where they are is taken to move them,
 * so that a command of a later version is followed.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "tcop/deparse_utility.h"

#include "base/compat.h"

static bool
leaves_rows(AlterTableType type)
{
	switch (type)
	{
		case AT_AddColumn:
		case AT_ColumnDefault:
		case AT_DropNotNull:
		case AT_SetNotNull:
		case AT_SetStatistics:
		case AT_AddIndex:
		case AT_AddConstraint:
		case AT_AddIndexConstraint:
		case AT_ValidateConstraint:
		case AT_DropConstraint:
		case AT_ChangeOwner:
		case AT_ReplicaIdentity:
		case AT_EnableTrig:
		case AT_EnableAlwaysTrig:
		case AT_EnableReplicaTrig:
		case AT_EnableRowSecurity:
		case AT_DisableRowSecurity:
		case AT_ForceRowSecurity:
		case AT_NoForceRowSecurity:
			return true;
		default:
			return false;
	}
}

SQL_FUNCTION(session_auth_moves_rows);

/* moves_rows(command pg_ddl_command): an ALTER TABLE that may attach or detach rows */
Datum
session_auth_moves_rows(PG_FUNCTION_ARGS)
{
	const CollectedCommand *command = (const CollectedCommand *) PG_GETARG_POINTER(0);
	ListCell *cell;

	if (command->type != SCT_AlterTable)
		PG_RETURN_BOOL(false);
	foreach (cell, command->d.alterTable.subcmds)
	{
		const CollectedATSubcmd *sub = lfirst(cell);

		if (!IsA(sub->parsetree, AlterTableCmd) ||
			!leaves_rows(((const AlterTableCmd *) sub->parsetree)->subtype))
			PG_RETURN_BOOL(true);
	}
	PG_RETURN_BOOL(false);
}
