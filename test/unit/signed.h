/*
 * signed.h
 *		Opens signed tokens by the table of frameworks, as the server does.
 */
#ifndef TEST_UNIT_SIGNED_H
#define TEST_UNIT_SIGNED_H

#include "pure/frameworks.h"

/* What a kind's first row makes of a token that came bare. */
ResultCode signed_open(const char *kind, Slice token, Slice secret, Slice *value);

#endif /* TEST_UNIT_SIGNED_H */
