/*
 * floor.c
 *		What no implementation can beat, and the loop that calls are timed in.
 *
 * A module of the benchmark alone: bench/run builds it and loads it by its path;
 * it is never installed with the extension.  The floors do the least that the
 * extension's functions have to do: be called, read a row through an index,
 * hash a token, verify a signature with a key that is ready.
 */
#include "postgres.h"

#include <time.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

#define SHA256_LEN 32

/* Columns of session_auth.sessions, as sql/parts/schema.sql has them. */
#define ANUM_TOKEN_KEY 2
#define ANUM_USER_ID   8

#define BENCH_FUNCTION(name)                                                                       \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                      \
	PG_FUNCTION_INFO_V1(name)

/* ------------------------------------------------------------------ empty ones */

BENCH_FUNCTION(bench_yes);

/* yes(text, text, text): the least that a function of a policy can cost */
Datum
bench_yes(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

BENCH_FUNCTION(bench_nothing);

/* nothing(text): the least that a call of a token's function can cost */
Datum
bench_nothing(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

/* ------------------------------------------------------------------ index probes */

static Oid sessions = InvalidOid;
static Oid sessions_by_key = InvalidOid;

/* The row of a session is found and its user read: nothing is checked. */
static bool
probe(int64 token_key)
{
	ScanKeyData key;
	Relation table;
	SysScanDesc scan;
	HeapTuple tuple;
	bool found = false;

	if (!OidIsValid(sessions_by_key))
	{
		Oid schema = get_namespace_oid("session_auth", false);

		sessions = get_relname_relid("sessions", schema);
		sessions_by_key = get_relname_relid("sessions_token_key_key", schema);
	}
	ScanKeyInit(&key, ANUM_TOKEN_KEY, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(token_key));
	table = table_open(sessions, AccessShareLock);
	scan = systable_beginscan(table, sessions_by_key, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool isnull;

		(void) heap_getattr(tuple, ANUM_USER_ID, RelationGetDescr(table), &isnull);
		found = !isnull;
	}
	systable_endscan(scan);
	table_close(table, AccessShareLock);
	return found;
}

BENCH_FUNCTION(bench_probe);

/* probe(token_key): the bare index probe */
Datum
bench_probe(PG_FUNCTION_ARGS)
{
	if (!probe(PG_GETARG_INT64(0)))
		elog(ERROR, "no such session");
	PG_RETURN_BOOL(true);
}

/* SHA-256 at its cheapest: the algorithm is fetched once, the context kept. */
static void
sha256(const void *data, size_t len, unsigned char *hash)
{
	static EVP_MD *algorithm = NULL;
	static EVP_MD_CTX *context = NULL;

	if (algorithm == NULL)
	{
		algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
		context = EVP_MD_CTX_new();
	}
	if (algorithm == NULL || context == NULL || EVP_DigestInit_ex2(context, algorithm, NULL) != 1 ||
		EVP_DigestUpdate(context, data, len) != 1 || EVP_DigestFinal_ex(context, hash, NULL) != 1)
		elog(ERROR, "SHA-256 failed");
}

static int64
token_key(const text *token)
{
	unsigned char hash[SHA256_LEN];
	uint64 key;

	sha256(VARDATA_ANY(token), VARSIZE_ANY_EXHDR(token), hash);
	memcpy(&key, hash, sizeof(key));
	return (int64) pg_ntoh64(key);
}

BENCH_FUNCTION(bench_sha256);

/* sha256(token): hashes it and throws the hash away */
Datum
bench_sha256(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(token_key(PG_GETARG_TEXT_PP(0)) != 0);
}

BENCH_FUNCTION(bench_probe_token);

/* probe_token(token): hashed, then probed for */
Datum
bench_probe_token(PG_FUNCTION_ARGS)
{
	if (!probe(token_key(PG_GETARG_TEXT_PP(0))))
		elog(ERROR, "no such session");
	PG_RETURN_BOOL(true);
}

BENCH_FUNCTION(bench_spi);

/* spi(token): the same row through SPI, with a plan that is kept */
Datum
bench_spi(PG_FUNCTION_ARGS)
{
	static SPIPlanPtr plan = NULL;
	Oid types[] = { INT8OID };
	Datum key = Int64GetDatum(token_key(PG_GETARG_TEXT_PP(0)));

	SPI_connect();
	if (plan == NULL)
	{
		plan = SPI_prepare("SELECT user_id FROM session_auth.sessions "
						   "WHERE token_key = $1 AND expires_at > now()",
						   1, types);
		SPI_keepplan(plan);
	}
	if (SPI_execute_plan(plan, &key, NULL, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "no such session");
	SPI_finish();
	PG_RETURN_BOOL(true);
}

/* ------------------------------------------------------------------ signatures */

#define SIGNATURE_MAX 512
#define P256_LEN      32

/* What has an algorithm's key: prepared once, as parsing it would cost more than using it. */
typedef struct Signer
{
	EVP_MAC_CTX *mac;      /* HS256 */
	EVP_PKEY *key;         /* EdDSA */
	EVP_PKEY_CTX *context; /* RS256, PS256, ES256 */
} Signer;

static EVP_PKEY *
read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return key;
}

static void
prepare_signer(Signer *signer, const char *algorithm, const char *key)
{
	bool pss = strcmp(algorithm, "PS256") == 0;

	if (strcmp(algorithm, "HS256") == 0)
	{
		OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", "SHA256", 0),
								OSSL_PARAM_construct_end() };

		signer->mac = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
		if (EVP_MAC_init(signer->mac, (const unsigned char *) key, strlen(key), params) != 1)
			elog(ERROR, "no HMAC");
		return;
	}
	signer->key = read_key(key);
	if (signer->key == NULL)
		elog(ERROR, "no key of %s", algorithm);
	if (strcmp(algorithm, "EdDSA") == 0)
		return;
	signer->context = EVP_PKEY_CTX_new(signer->key, NULL);
	if (EVP_PKEY_verify_init(signer->context) != 1 ||
		(*algorithm != 'E' &&
		 EVP_PKEY_CTX_set_rsa_padding(signer->context,
									  pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1) ||
		(pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(signer->context, RSA_PSS_SALTLEN_DIGEST) != 1) ||
		EVP_PKEY_CTX_set_signature_md(signer->context, EVP_sha256()) != 1)
		elog(ERROR, "no context of %s", algorithm);
}

/* JOSE's two numbers of a P-256 signature, as OpenSSL wants them. */
static size_t
to_der(unsigned char *signature)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	int len;

	ECDSA_SIG_set0(pair, BN_bin2bn(signature, P256_LEN, NULL),
				   BN_bin2bn(signature + P256_LEN, P256_LEN, NULL));
	len = i2d_ECDSA_SIG(pair, &signature);
	ECDSA_SIG_free(pair);
	return (size_t) len;
}

static bool
is_signed(Signer *signer, const char *data, size_t len, unsigned char *signature, size_t sig_len)
{
	unsigned char hash[SHA256_LEN];
	size_t hash_len;
	bool good;

	if (signer->mac)
		return EVP_MAC_init(signer->mac, NULL, 0, NULL) == 1 &&
			   EVP_MAC_update(signer->mac, (const unsigned char *) data, len) == 1 &&
			   EVP_MAC_final(signer->mac, hash, &hash_len, sizeof(hash)) == 1 &&
			   memcmp(hash, signature, hash_len) == 0;
	if (signer->context == NULL)
	{
		static EVP_MD_CTX *context = NULL;

		if (context == NULL)
			context = EVP_MD_CTX_new();
		good =
			EVP_DigestVerifyInit(context, NULL, NULL, NULL, signer->key) == 1 &&
			EVP_DigestVerify(context, signature, sig_len, (const unsigned char *) data, len) == 1;
		EVP_MD_CTX_reset(context);
		return good;
	}
	if (EVP_PKEY_get_base_id(signer->key) == EVP_PKEY_EC)
		sig_len = to_der(signature);
	sha256(data, len, hash);
	return EVP_PKEY_verify(signer->context, signature, sig_len, hash, sizeof(hash)) == 1;
}

/* Base64url without padding, which is known to be good. */
static size_t
decode_signature(const char *text, const char *end, unsigned char *signature)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	static unsigned char values[256];
	uint32 bits = 0;
	int n = 0;
	size_t len = 0;

	if (values['B'] == 0)
		for (int i = 0; alphabet[i]; i++)
			values[(unsigned char) alphabet[i]] = (unsigned char) i;
	for (; text < end; text++)
	{
		bits = bits << 6 | values[(unsigned char) *text];
		n += 6;
		if (n >= 8)
			signature[len++] = (unsigned char) (bits >> (n -= 8));
	}
	return len;
}

BENCH_FUNCTION(bench_verify);

/* verify(token, algorithm, key): the signature of a JWT, and nothing else of it */
Datum
bench_verify(PG_FUNCTION_ARGS)
{
	static const char *const algorithms[] = { "HS256", "RS256", "PS256", "ES256", "EdDSA" };
	static Signer signers[lengthof(algorithms)];
	text *token = PG_GETARG_TEXT_PP(0);
	text *algorithm = PG_GETARG_TEXT_PP(1);
	const char *data = VARDATA_ANY(token);
	const char *end = data + VARSIZE_ANY_EXHDR(token);
	const char *dot = end;
	unsigned char signature[SIGNATURE_MAX];
	size_t sig_len;
	Signer *signer = signers;

	for (int i = 0; i < (int) lengthof(algorithms); i++)
		if (memcmp(VARDATA_ANY(algorithm), algorithms[i], strlen(algorithms[i])) == 0)
			signer = &signers[i];
	if (signer->mac == NULL && signer->key == NULL)
		prepare_signer(signer, text_to_cstring(algorithm), text_to_cstring(PG_GETARG_TEXT_PP(2)));
	while (*--dot != '.')
		;
	sig_len = decode_signature(dot + 1, end, signature);
	if (!is_signed(signer, data, dot - data, signature, sig_len))
		elog(ERROR, "the token is not signed");
	PG_RETURN_BOOL(true);
}

/* ------------------------------------------------------------------ the clock */

/*
 * Nanoseconds of this process's own CPU time: what is measured waits for
 * nothing, so on a quiet machine that is the time, and on a busy one what others
 * take is left out.  A parallel query works in other processes: it is the wall's
 * time while there may be one.
 */
static double
clock_ns(void)
{
	struct timespec now;

	clock_gettime(max_parallel_workers_per_gather > 0 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID,
				  &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

BENCH_FUNCTION(bench_clock);

/* clock_ns() */
Datum
bench_clock(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(clock_ns());
}

/* ------------------------------------------------------------------ the loop */

#define MAX_ARGS 8

/* One call of the loop; its memory is given back, as the executor does per row. */
static inline void
call_once(FunctionCallInfo call, Datum first, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);

	if (call)
	{
		call->args[0].value = first;
		call->isnull = false;
		(void) FunctionCallInvoke(call);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(context);
}

/* Each further argument is a text; NULL in the array is NULL in the call. */
static void
fill_arguments(FunctionCallInfo call, ArrayType *array)
{
	Datum *elements;
	bool *nulls;
	int n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	if (n + 1 != call->nargs)
		elog(ERROR, "the function takes %d arguments, not %d", call->nargs, n + 1);
	call->args[0].isnull = false;
	for (int i = 0; i < n; i++)
	{
		call->args[i + 1].value = elements[i];
		call->args[i + 1].isnull = nulls[i];
	}
}

BENCH_FUNCTION(bench_time_calls);

/*
 * time_calls(function, first_arguments, calls, others): nanoseconds per call.
 * The first argument goes round the array; function 0 times the loop alone.
 */
Datum
bench_time_calls(PG_FUNCTION_ARGS)
{
	Oid function = PG_GETARG_OID(0);
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(1);
	int64 calls = PG_GETARG_INT64(2);
	LOCAL_FCINFO(call, MAX_ARGS);
	FmgrInfo flinfo;
	MemoryContext context;
	Datum *firsts;
	int16 len;
	bool byval;
	char align;
	int nfirsts;
	double elapsed;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &len, &byval, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), len, byval, align, &firsts, NULL, &nfirsts);
	if (OidIsValid(function))
	{
		fmgr_info(function, &flinfo);
		if (flinfo.fn_nargs > MAX_ARGS)
			elog(ERROR, "too many arguments");
		InitFunctionCallInfoData(*call, &flinfo, flinfo.fn_nargs, InvalidOid, NULL, NULL);
		fill_arguments(call, PG_GETARG_ARRAYTYPE_P(3));
	}
	context = AllocSetContextCreate(CurrentMemoryContext, "bench call", ALLOCSET_DEFAULT_SIZES);
	elapsed = -clock_ns();
	for (int64 i = 0, at = 0; i < calls; i++)
	{
		call_once(OidIsValid(function) ? call : NULL, firsts[at], context);
		if (++at == nfirsts)
		{
			at = 0;
			CHECK_FOR_INTERRUPTS();
		}
	}
	elapsed += clock_ns();
	MemoryContextDelete(context);
	PG_RETURN_FLOAT8(elapsed / (double) calls);
}
