/*
 * faults.c
 *		Lets the nth thing that can fail do so, in a build of the extension for tests.
 *
 * It is linked into a library of its own (faults.mk) with --wrap for each function
 * below, so that what the extension's code calls comes by here first: PostgreSQL's
 * functions that raise errors when memory runs out, and OpenSSL's that return
 * failures.  The SQL functions arm the nth call from now, and tell whether it came.
 *
 * A cancel does not fail the call: it is noted, as the signal's handler notes it,
 * and PostgreSQL raises it at the next place that looks.
 */
#include "postgres.h"

#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

typedef enum FaultKind
{
	FAULT_MEMORY,
	FAULT_CRYPTO,
	FAULT_CANCEL
} FaultKind;

static FaultKind kind;
static int64 countdown = 0;
static bool came = false;

/* ------------------------------------------------------------------------- from SQL */

PGDLLEXPORT Datum session_auth_fault_arm(PG_FUNCTION_ARGS);
PG_FUNCTION_INFO_V1(session_auth_fault_arm);

/* fault_arm(kind, n): the nth call from now on; 0 is none */
Datum
session_auth_fault_arm(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	kind = *name == 'm' ? FAULT_MEMORY : strcmp(name, "crypto") == 0 ? FAULT_CRYPTO : FAULT_CANCEL;
	came = false;
	countdown = PG_GETARG_INT64(1);
	PG_RETURN_VOID();
}

PGDLLEXPORT Datum session_auth_fault_came(PG_FUNCTION_ARGS);
PG_FUNCTION_INFO_V1(session_auth_fault_came);

Datum
session_auth_fault_came(PG_FUNCTION_ARGS)
{
	countdown = 0;
	PG_RETURN_BOOL(came);
}

/* ------------------------------------------------------------------------- counting */

static bool
is_due(bool crypto)
{
	if (countdown == 0 || (kind == FAULT_CRYPTO) != crypto || --countdown > 0)
		return false;
	came = true;
	if (kind != FAULT_CANCEL)
		return true;
	InterruptPending = true;
	QueryCancelPending = true;
	return false;
}

/* What raises an error, as these functions do when memory runs out. */
static void
may_raise(void)
{
	if (is_due(false))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

#define RAISES(type, name, parameters, arguments)                                                  \
	extern type __real_##name parameters;                                                          \
	extern type __wrap_##name parameters;                                                          \
	type __wrap_##name parameters                                                                  \
	{                                                                                              \
		may_raise();                                                                               \
		return __real_##name arguments;                                                            \
	}

#define FAILS(type, name, parameters, arguments, failure)                                          \
	extern type __real_##name parameters;                                                          \
	extern type __wrap_##name parameters;                                                          \
	type __wrap_##name parameters                                                                  \
	{                                                                                              \
		return is_due(true) ? (failure) : __real_##name arguments;                                 \
	}

/* ------------------------------------------------------------------- PostgreSQL's own */

RAISES(void *, palloc, (Size size), (size))
RAISES(void *, palloc0, (Size size), (size))
RAISES(char *, pstrdup, (const char *in), (in))
RAISES(char *, pnstrdup, (const char *in, Size len), (in, len))
RAISES(void *, MemoryContextAlloc, (MemoryContext context, Size size), (context, size))
RAISES(void *, MemoryContextAllocZero, (MemoryContext context, Size size), (context, size))
/* the one that may be asked not to raise */
extern void *__real_MemoryContextAllocExtended(MemoryContext context, Size size, int flags);
extern void *__wrap_MemoryContextAllocExtended(MemoryContext context, Size size, int flags);
void *
__wrap_MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	if ((flags & MCXT_ALLOC_NO_OOM) == 0)
		may_raise();
	else if (is_due(false))
		return NULL;
	return __real_MemoryContextAllocExtended(context, size, flags);
}
RAISES(char *, MemoryContextStrdup, (MemoryContext context, const char *string), (context, string))
RAISES(MemoryContext, AllocSetContextCreateInternal,
	   (MemoryContext parent, const char *name, Size min, Size init, Size max),
	   (parent, name, min, init, max))
RAISES(List *, lappend, (List * list, void *datum), (list, datum))
RAISES(char *, text_to_cstring, (const text *t), (t))
RAISES(text *, cstring_to_text, (const char *s), (s))
RAISES(struct varlena *, pg_detoast_datum_packed, (struct varlena * datum), (datum))
RAISES(ArrayType *, construct_array,
	   (Datum * elements, int n, Oid type, int len, bool byval, char align),
	   (elements, n, type, len, byval, align))
RAISES(HeapTuple, heap_form_tuple, (TupleDesc desc, Datum *values, bool *nulls),
	   (desc, values, nulls))
RAISES(Relation, try_table_open, (Oid relation, LOCKMODE lockmode), (relation, lockmode))
RAISES(SysScanDesc, systable_beginscan,
	   (Relation table, Oid index, bool index_ok, Snapshot snapshot, int nkeys, ScanKey keys),
	   (table, index, index_ok, snapshot, nkeys, keys))
RAISES(HeapTuple, systable_getnext, (SysScanDesc scan), (scan))
RAISES(Snapshot, RegisterSnapshot, (Snapshot snapshot), (snapshot))
RAISES(EState *, CreateExecutorState, (void), ())
RAISES(void, ExecSimpleRelationInsert,
	   (ResultRelInfo * target, EState *estate, TupleTableSlot *slot), (target, estate, slot))
RAISES(void, ExecSimpleRelationUpdate,
	   (ResultRelInfo * target, EState *estate, EPQState *epqstate, TupleTableSlot *from,
		TupleTableSlot *to),
	   (target, estate, epqstate, from, to))
RAISES(void, CacheInvalidateRelcacheByRelid, (Oid relation), (relation))
#if PG_VERSION_NUM >= 190000
extern void __real_pushJsonbValue(JsonbInState *state, JsonbIteratorToken token, JsonbValue *value);
extern void __wrap_pushJsonbValue(JsonbInState *state, JsonbIteratorToken token, JsonbValue *value);
void
__wrap_pushJsonbValue(JsonbInState *state, JsonbIteratorToken token, JsonbValue *value)
{
	may_raise();
	__real_pushJsonbValue(state, token, value);
}
#else
RAISES(JsonbValue *, pushJsonbValue,
	   (JsonbParseState * *state, JsonbIteratorToken token, JsonbValue *value),
	   (state, token, value))
#endif
RAISES(Jsonb *, JsonbValueToJsonb, (JsonbValue * value), (value))
RAISES(int, set_config_option,
	   (const char *name, const char *value, GucContext context, GucSource source, GucAction action,
		bool change, int elevel, bool reload),
	   (name, value, context, source, action, change, elevel, reload))

/* Of settings: no error, but no memory. */
#if PG_VERSION_NUM >= 160000
#define SETTING_ALLOCATOR            guc_malloc
#define SETTING_ALLOCATOR_PARAMETERS (int elevel, size_t size)
#define SETTING_ALLOCATOR_ARGUMENTS  (elevel, size)
#else
#define SETTING_ALLOCATOR            malloc
#define SETTING_ALLOCATOR_PARAMETERS (size_t size)
#define SETTING_ALLOCATOR_ARGUMENTS  (size)
#endif

#define RETURNS_NULL(name, parameters, arguments)                                                  \
	extern void *__real_##name parameters;                                                         \
	extern void *__wrap_##name parameters;                                                         \
	void *__wrap_##name parameters                                                                 \
	{                                                                                              \
		return is_due(false) ? NULL : __real_##name arguments;                                     \
	}
#define EXPAND(macro, name, parameters, arguments) macro(name, parameters, arguments)
EXPAND(RETURNS_NULL, SETTING_ALLOCATOR, SETTING_ALLOCATOR_PARAMETERS, SETTING_ALLOCATOR_ARGUMENTS)

/* --------------------------------------------------------------------------- OpenSSL's */

FAILS(int, RAND_priv_bytes, (unsigned char *out, int len), (out, len), 0)
FAILS(void *, CRYPTO_zalloc, (size_t size, const char *file, int line), (size, file, line), NULL)
FAILS(void *, CRYPTO_memdup, (const void *p, size_t len, const char *file, int line),
	  (p, len, file, line), NULL)
FAILS(EVP_MD *, EVP_MD_fetch, (OSSL_LIB_CTX * lib, const char *name, const char *properties),
	  (lib, name, properties), NULL)
FAILS(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL)
FAILS(int, EVP_DigestInit_ex2, (EVP_MD_CTX * ctx, const EVP_MD *md, const OSSL_PARAM *params),
	  (ctx, md, params), 0)
FAILS(int, EVP_DigestUpdate, (EVP_MD_CTX * ctx, const void *data, size_t len), (ctx, data, len), 0)
FAILS(int, EVP_DigestFinal_ex, (EVP_MD_CTX * ctx, unsigned char *out, unsigned int *len),
	  (ctx, out, len), 0)
FAILS(EVP_MAC *, EVP_MAC_fetch, (OSSL_LIB_CTX * lib, const char *name, const char *properties),
	  (lib, name, properties), NULL)
FAILS(EVP_MAC_CTX *, EVP_MAC_CTX_new, (EVP_MAC * mac), (mac), NULL)
FAILS(EVP_MAC_CTX *, EVP_MAC_CTX_dup, (const EVP_MAC_CTX *ctx), (ctx), NULL)
FAILS(int, EVP_MAC_init,
	  (EVP_MAC_CTX * ctx, const unsigned char *key, size_t len, const OSSL_PARAM *params),
	  (ctx, key, len, params), 0)
FAILS(int, EVP_MAC_update, (EVP_MAC_CTX * ctx, const unsigned char *data, size_t len),
	  (ctx, data, len), 0)
FAILS(int, EVP_MAC_final, (EVP_MAC_CTX * ctx, unsigned char *out, size_t *len, size_t size),
	  (ctx, out, len, size), 0)
FAILS(EVP_CIPHER *, EVP_CIPHER_fetch,
	  (OSSL_LIB_CTX * lib, const char *name, const char *properties), (lib, name, properties), NULL)
FAILS(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), (), NULL)
FAILS(int, EVP_DecryptInit_ex2,
	  (EVP_CIPHER_CTX * ctx, const EVP_CIPHER *cipher, const unsigned char *key,
	   const unsigned char *iv, const OSSL_PARAM *params),
	  (ctx, cipher, key, iv, params), 0)
FAILS(int, EVP_DecryptUpdate,
	  (EVP_CIPHER_CTX * ctx, unsigned char *out, int *out_len, const unsigned char *in, int len),
	  (ctx, out, out_len, in, len), 0)
FAILS(int, EVP_DecryptFinal_ex, (EVP_CIPHER_CTX * ctx, unsigned char *out, int *len),
	  (ctx, out, len), 0)
FAILS(EVP_KDF *, EVP_KDF_fetch, (OSSL_LIB_CTX * lib, const char *name, const char *properties),
	  (lib, name, properties), NULL)
FAILS(EVP_KDF_CTX *, EVP_KDF_CTX_new, (EVP_KDF * kdf), (kdf), NULL)
FAILS(int, EVP_KDF_derive,
	  (EVP_KDF_CTX * ctx, unsigned char *key, size_t len, const OSSL_PARAM *params),
	  (ctx, key, len, params), 0)
FAILS(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey,
	  (OSSL_LIB_CTX * lib, EVP_PKEY *key, const char *properties), (lib, key, properties), NULL)
FAILS(int, EVP_PKEY_verify_init, (EVP_PKEY_CTX * ctx), (ctx), -1)
FAILS(int, EVP_PKEY_verify,
	  (EVP_PKEY_CTX * ctx, const unsigned char *sig, size_t sig_len, const unsigned char *hash,
	   size_t len),
	  (ctx, sig, sig_len, hash, len), -1)
FAILS(int, EVP_PKEY_sign,
	  (EVP_PKEY_CTX * ctx, unsigned char *sig, size_t *sig_len, const unsigned char *hash,
	   size_t len),
	  (ctx, sig, sig_len, hash, len), -1)
FAILS(int, EVP_DigestVerify,
	  (EVP_MD_CTX * ctx, const unsigned char *sig, size_t sig_len, const unsigned char *data,
	   size_t len),
	  (ctx, sig, sig_len, data, len), -1)
FAILS(int, EVP_DigestSign,
	  (EVP_MD_CTX * ctx, unsigned char *sig, size_t *sig_len, const unsigned char *data,
	   size_t len),
	  (ctx, sig, sig_len, data, len), -1)
FAILS(ECDSA_SIG *, ECDSA_SIG_new, (void), (), NULL)
FAILS(BIGNUM *, BN_bin2bn, (const unsigned char *in, int len, BIGNUM *out), (in, len, out), NULL)
FAILS(int, i2d_ECDSA_SIG, (const ECDSA_SIG *sig, unsigned char **out), (sig, out), -1)
FAILS(BIO *, BIO_new_mem_buf, (const void *buf, int len), (buf, len), NULL)
FAILS(BIO *, BIO_new, (const BIO_METHOD *method), (method), NULL)
FAILS(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_new, (void), (), NULL)
FAILS(int, EVP_PKEY_fromdata,
	  (EVP_PKEY_CTX * ctx, EVP_PKEY **key, int selection, OSSL_PARAM *params),
	  (ctx, key, selection, params), -1)
