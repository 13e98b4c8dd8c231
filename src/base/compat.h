/*
 * compat.h
 *		What differs between the supported versions of PostgreSQL, and only here.
 *
 * Supported: 15 to 19.
 */
#ifndef SESSION_AUTH_COMPAT_H
#define SESSION_AUTH_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

#if PG_VERSION_NUM < 150000
#error "session_auth requires PostgreSQL 15 or later"
#endif

/* Values of varying length: up to 15 in postgres.h, since 19 no longer. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
/*
 * The versions whose executor is known: with another the filters of scans are left as
 * they are.  16 is none of them, as it has never been run (docs/matrix.md).  A build can
 * narrow them, to see that everything works without.
 */
#ifndef COMPAT_FIRST_EXECUTOR
#define COMPAT_FIRST_EXECUTOR 15
#endif
#ifndef COMPAT_LAST_EXECUTOR
#define COMPAT_LAST_EXECUTOR 19
#endif
#define COMPAT_EXECUTOR_IS_TESTED                                                                  \
	(PG_VERSION_NUM / 10000 >= COMPAT_FIRST_EXECUTOR &&                                            \
	 PG_VERSION_NUM / 10000 <= COMPAT_LAST_EXECUTOR && PG_VERSION_NUM / 10000 != 16)

/* Since 16 a setting's extra data is freed with guc_free; before, with free. */
#if PG_VERSION_NUM < 160000
#define guc_malloc(elevel, size) malloc(size)
#define guc_free(pointer)        free(pointer)
#endif

/* Since 16 settings are found by their hash; before, in an array that is sorted for each new one. */
#define COMPAT_SORTS_SETTINGS (PG_VERSION_NUM < 160000)

/* 18 marks a function that does not return in front, as C11 does. */
#ifndef pg_noreturn
#define pg_noreturn _Noreturn
#endif

/* Since 18 a library can judge the tokens of OAuth logins. */
#if PG_VERSION_NUM >= 180000
#define COMPAT_HAS_OAUTH
#endif

/* Since 19 a hook after parse analysis gets what it must not change. */
#if PG_VERSION_NUM >= 190000
#define CompatJumbleState const JumbleState
#else
#define CompatJumbleState JumbleState
#endif

/* Since 16 it wants the result relations too; there are none but the caller's. */
#if PG_VERSION_NUM >= 160000
#define compat_init_recheck(epqstate, estate)                                                      \
	EvalPlanQualInit((epqstate), (estate), NULL, NIL, -1, NIL)
#else
#define compat_init_recheck(epqstate, estate) EvalPlanQualInit((epqstate), (estate), NULL, NIL, -1)
#endif

/*
 * What a plan does with tables, each with who must be allowed to: since 16 in a list of
 * its own.
 */
#if PG_VERSION_NUM >= 160000
#define compat_table_uses(plan) ((plan)->permInfos)
#define CompatTableUse          RTEPermissionInfo
#else
#define compat_table_uses(plan) ((plan)->rtable)
#define CompatTableUse          RangeTblEntry
#endif

/* A query that names no table after all. */
#if PG_VERSION_NUM >= 160000
#define compat_forget_tables(query) ((query)->rtable = NIL, (query)->rteperminfos = NIL)
#else
#define compat_forget_tables(query) ((query)->rtable = NIL)
#endif

/* Who a scan of a foreign table, or what writes to one, is for; InvalidOid: whoever runs the query. */
#if PG_VERSION_NUM >= 160000
#define compat_foreign_scan_user(scan, estate) ((scan)->checkAsUser)
#define compat_written_for(target, estate)     ExecGetResultRelCheckAsUser((target), (estate))
#else
#define compat_foreign_scan_user(scan, estate)                                                     \
	(exec_rt_fetch((scan)->scan.scanrelid > 0 ? (int) (scan)->scan.scanrelid                       \
											  : bms_next_member((scan)->fs_relids, -1),            \
				   (estate))                                                                       \
		 ->checkAsUser)
#define compat_written_for(target, estate)                                                         \
	(exec_rt_fetch((target)->ri_RangeTableIndex, (estate))->checkAsUser)
#endif

/*
 * A plan of the extension's own that is checked as a table's owner, and needs no transaction that
 * may write here: what it does is done elsewhere.  Up to 15 a foreign table is for who is checked,
 * so nobody is.
 */
#if PG_VERSION_NUM >= 160000
#define compat_check_as_owner(use, owner)                                                          \
	((use)->requiredPerms = ACL_SELECT, (use)->checkAsUser = (owner))
#else
#define compat_check_as_owner(use, owner) ((void) (owner), (use)->requiredPerms = 0)
#endif

/* Runs a query to its end.  Up to 17 one says that it is run once, as a hook is told. */
#if PG_VERSION_NUM >= 180000
#define compat_run_to_end(query) ExecutorRun((query), ForwardScanDirection, 0)
#define COMPAT_ONCE
#define COMPAT_ONCE_ARGUMENT
#else
#define compat_run_to_end(query) ExecutorRun((query), ForwardScanDirection, 0, true)
#define COMPAT_ONCE              , bool once
#define COMPAT_ONCE_ARGUMENT     , once
#endif

/*
 * What is told when a standby has replayed something, for who includes the headers of
 * walsenders and condition variables.  Up to 15 there is none, nor where no standby may follow.
 */
#if PG_VERSION_NUM >= 160000
#define compat_replay_signal() (max_wal_senders > 0 ? &WalSndCtl->wal_replay_cv : NULL)
#else
#define compat_replay_signal() ((ConditionVariable *) NULL)
#endif

/* An executor state's range table, of one relation. */
#if PG_VERSION_NUM >= 180000
#define compat_init_range_table(estate, rte, permissions)                                          \
	(addRTEPermissionInfo(&(permissions), (rte)),                                                  \
	 ExecInitRangeTable((estate), list_make1(rte), (permissions), bms_make_singleton(1)))
#elif PG_VERSION_NUM >= 160000
#define compat_init_range_table(estate, rte, permissions)                                          \
	(addRTEPermissionInfo(&(permissions), (rte)),                                                  \
	 ExecInitRangeTable((estate), list_make1(rte), (permissions)))
#else
#define compat_init_range_table(estate, rte, permissions)                                          \
	((void) (permissions), ExecInitRangeTable((estate), list_make1(rte)))
#endif

/* Deletes a row that nobody else has locked: it waits for nobody.  Since 19 with options. */
#if PG_VERSION_NUM >= 190000
#define compat_tuple_delete(relation, place, cid, snapshot, failure)                               \
	table_tuple_delete((relation), (place), (cid), 0, (snapshot), InvalidSnapshot, false, (failure))
#define compat_index_fetch_begin(relation) table_index_fetch_begin((relation), 0)
#else
#define compat_tuple_delete(relation, place, cid, snapshot, failure)                               \
	table_tuple_delete((relation), (place), (cid), (snapshot), InvalidSnapshot, false, (failure),  \
					   false)
#define compat_index_fetch_begin(relation) table_index_fetch_begin(relation)
#endif

/* Whether a plan writes to the relation of this number.  Since 19 that is a set. */
#if PG_VERSION_NUM >= 190000
#define compat_is_written(plan, relation) bms_is_member((relation), (plan)->resultRelationRelids)
#else
#define compat_is_written(plan, relation) list_member_int((plan)->resultRelations, (relation))
#endif

/* From a signal handler: PostgreSQL's own, which since 19 is told by whom the signal is. */
#if PG_VERSION_NUM >= 190000
#define compat_cancel_statement() StatementCancelHandler(postgres_signal_arg, pg_siginfo)
#else
#define compat_cancel_statement() StatementCancelHandler(postgres_signal_arg)
#endif

/* Since 16 where a relation's file is has another name. */
#if PG_VERSION_NUM >= 160000
#define compat_relation_file(relation) ((relation)->rd_locator)
#else
#define compat_relation_file(relation) ((relation)->rd_node)
#endif

/* Since 18 a scan can count for EXPLAIN, since 19 it takes options. */
#if PG_VERSION_NUM >= 190000
#define compat_index_beginscan(table, index, snapshot, nkeys)                                      \
	index_beginscan((table), (index), (snapshot), NULL, (nkeys), 0, 0)
#elif PG_VERSION_NUM >= 180000
#define compat_index_beginscan(table, index, snapshot, nkeys)                                      \
	index_beginscan((table), (index), (snapshot), NULL, (nkeys), 0)
#else
#define compat_index_beginscan(table, index, snapshot, nkeys)                                      \
	index_beginscan((table), (index), (snapshot), (nkeys), 0)
#endif

/* What pg_stat_activity shows of the statement.  Since 18 it takes the plan's id with it. */
#if PG_VERSION_NUM >= 180000
#define compat_report_activity(text)                                                               \
	do                                                                                             \
	{                                                                                              \
		int64 plan_id = pgstat_get_my_plan_id();                                                   \
                                                                                                   \
		pgstat_report_activity(STATE_RUNNING, (text));                                             \
		pgstat_report_plan_id(plan_id, true);                                                      \
	} while (0)
#else
#define compat_report_activity(text) pgstat_report_activity(STATE_RUNNING, (text))
#endif

/*
 * An update of a row that does not wait for who has it locked, and the entries that its
 * indexes need then.
 */
#if PG_VERSION_NUM >= 160000
#define CompatUpdateIndexes TU_UpdateIndexes
#else
#define CompatUpdateIndexes bool
#endif
#if PG_VERSION_NUM >= 190000
#define compat_update_now(table, place, slot, failure, lock_mode, indexes)                         \
	table_tuple_update((table), (place), (slot), GetCurrentCommandId(true), 0, InvalidSnapshot,    \
					   InvalidSnapshot, false, (failure), (lock_mode), (indexes))
#define compat_insert_index_entries(target, estate, slot, indexes)                                 \
	ExecInsertIndexTuples((target), (estate),                                                      \
						  EIIT_IS_UPDATE |                                                         \
							  ((indexes) == TU_Summarizing ? EIIT_ONLY_SUMMARIZING : 0),           \
						  (slot), NIL, NULL)
#else
#define compat_update_now(table, place, slot, failure, lock_mode, indexes)                         \
	table_tuple_update((table), (place), (slot), GetCurrentCommandId(true), InvalidSnapshot,       \
					   InvalidSnapshot, false, (failure), (lock_mode), (indexes))
#if PG_VERSION_NUM >= 160000
#define compat_insert_index_entries(target, estate, slot, indexes)                                 \
	ExecInsertIndexTuples((target), (slot), (estate), true, false, NULL, NIL,                      \
						  (indexes) == TU_Summarizing)
#else
#define compat_insert_index_entries(target, estate, slot, indexes)                                 \
	ExecInsertIndexTuples((target), (slot), (estate), true, false, NULL, NIL)
#endif
#endif

/* Since 19 a jsonb that is being made holds its result; before, each step returned it. */
#if PG_VERSION_NUM >= 190000
typedef JsonbInState CompatJsonbState;
#define compat_push_jsonb(state, token, value) pushJsonbValue((state), (token), (value))
#else
typedef struct CompatJsonbState
{
	JsonbParseState *parse;
	JsonbValue *result;
} CompatJsonbState;
#define compat_push_jsonb(state, token, value)                                                     \
	((state)->result = pushJsonbValue(&(state)->parse, (token), (value)))
#endif

/*
 * An entry point for SQL.  Everything else is hidden; up to 15 PostgreSQL's
 * macro exports the function's record but not the function.
 */
#define SQL_FUNCTION(name)                                                                         \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                      \
	PG_FUNCTION_INFO_V1(name)

#endif /* SESSION_AUTH_COMPAT_H */
