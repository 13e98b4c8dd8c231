/*
 * constancy.h
 *		What is the same for every row of a query.
 */
#ifndef SESSION_AUTH_CONSTANCY_H
#define SESSION_AUTH_CONSTANCY_H

#include "executor/execdesc.h"
#include "nodes/bitmapset.h"
#include "nodes/primnodes.h"

extern Bitmapset *constant_params(const QueryDesc *query);
extern bool is_constant_param(const Param *param, const Bitmapset *params);
extern bool is_constant(Node *expression, const Bitmapset *params);
extern bool is_demand(const Node *node);
extern bool is_own_call(const Node *node);
extern bool has_own_call(Node *node, void *arg);

#endif /* SESSION_AUTH_CONSTANCY_H */
