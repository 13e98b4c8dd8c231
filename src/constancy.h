/*
 * constancy.h
 *		What is the same for as long as a query runs.
 */
#ifndef SESSION_AUTH_CONSTANCY_H
#define SESSION_AUTH_CONSTANCY_H

#include "executor/execdesc.h"
#include "nodes/bitmapset.h"

extern Bitmapset *constant_params(const QueryDesc *query);
extern bool is_constant(Node *expression, const Bitmapset *params);

#endif /* SESSION_AUTH_CONSTANCY_H */
