/*
 * plan_nodes.h
 *		Every node of a query that has been started, once.
 */
#ifndef SESSION_AUTH_PLAN_NODES_H
#define SESSION_AUTH_PLAN_NODES_H

#include "executor/execdesc.h"
#include "nodes/execnodes.h"

typedef void (*NodeVisitor)(PlanState *node, void *arg);

extern void visit_plan_nodes(const QueryDesc *query, NodeVisitor visit, void *arg);

#endif /* SESSION_AUTH_PLAN_NODES_H */
