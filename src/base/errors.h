/*
 * errors.h
 *		From result codes to the errors that SQL sees.
 */
#ifndef SESSION_AUTH_ERRORS_H
#define SESSION_AUTH_ERRORS_H

#include "base/compat.h"
#include "pure/result.h"

extern const char *result_reason(ResultCode result);
extern const char *result_name(ResultCode result);
extern void result_explain(const char *format, ...) pg_attribute_printf(1, 2);
extern void result_explain_nothing(void);
extern const char *result_explained(ResultCode result);
pg_noreturn extern void result_raise(ResultCode result);
extern void result_log(ResultCode result);

#endif /* SESSION_AUTH_ERRORS_H */
