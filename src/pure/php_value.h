/*
 * php_value.h
 *		PHP's serialize(), as far as a session's user needs it.
 *
 * Invariant: a reader never reads behind its end, and nesting costs no stack.  Nothing is
 * ever made of what is read: an object is a list of names and values; references are
 * not followed, and of classes with a format of their own nothing is read.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_PHP_VALUE_H
#define SESSION_AUTH_PHP_VALUE_H

#include <stdint.h>

#include "pure/result.h"
#include "pure/slice.h"

typedef enum PhpKind
{
	PHP_INTEGER,
	PHP_STRING,
	PHP_ARRAY,
	PHP_OBJECT,
	PHP_NULL,
	PHP_TRUE,
	PHP_OTHER
} PhpKind;

typedef struct PhpValue
{
	PhpKind kind;
	Slice text;    /* PHP_INTEGER: its digits; PHP_STRING: its bytes; PHP_OBJECT: its class */
	uint32_t size; /* PHP_ARRAY, PHP_OBJECT: pairs of key and value */
	Slice inside;  /* PHP_ARRAY, PHP_OBJECT: the pairs, and whatever follows */
	Slice rest;    /* what follows the whole value */
} PhpValue;

/* The value at the front of bytes. */
extern ResultCode php_read(Slice bytes, PhpValue *value);

/*
 * The value in an array whose key begins with prefix (Laravel's login_web_ and a hash);
 * RESULT_NO_SUBJECT when there is none, RESULT_MALFORMED when there are two.
 */
extern ResultCode php_member(const PhpValue *array, Slice prefix, PhpValue *value);

/*
 * Likewise in an array or an object by its whole name; in an object, also one that is private or
 * protected.
 */
ResultCode php_property(const PhpValue *container, Slice name, PhpValue *value);

/* The n-th value of an array or an object, whatever its key; RESULT_NO_SUBJECT: it has fewer. */
ResultCode php_nth(const PhpValue *container, uint32_t n, PhpValue *value);

#endif /* SESSION_AUTH_PHP_VALUE_H */
