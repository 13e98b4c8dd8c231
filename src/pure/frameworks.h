/*
 * frameworks.h
 *		One table says all about the session cookies of web frameworks.
 *
 * Invariant: whatever makes one framework's cookie differ from another's stands in
 * its row.  The code below reads rows and asks nowhere which framework it serves;
 * a new framework is a row, its vectors and a line in the docs.
 *
 * A kind (SQL's name: "django") can have several rows, for cookies that one secret
 * proves in several ways: phoenix signs or encrypts, django's payload is a session
 * or is itself the user's id.  A cookie is of a kind when one of its rows opens it.
 *
 * How the server uses it:
 *
 *	1. A secret is added.  framework_next(kind, NULL) gives the kind's first row, NULL
 *	   for a name that is none; framework_next(kind, row) the one after it.
 *	   framework_applies(row, options) says whether a row serves these options:
 *	   id_path '{}' chooses the rows whose payload is itself the id.
 *	   framework_ends(row, options) says whether such a cookie ends:
 *	   FRAMEWORK_ENDS_NEVER wants without_end => true, else 22023.
 *	   framework_derive() into a FrameworkKey tells, for every row that applies, whether
 *	   secret and salts will do: RESULT_BAD_KEY (22023, *fault says of what),
 *	   RESULT_UNSUPPORTED (0A000: built without libsodium), else a fault of the machine.
 *
 *	2. Secrets are loaded.  For each secret, each row of its kind that applies, and
 *	   each name that the cookie may have (those of the secret, else the row's
 *	   cookie_names) one FrameworkKey is derived and kept: PBKDF2 costs a
 *	   millisecond here and nothing per cookie.  Where row->name_counts is false one
 *	   key serves every name.  framework_key_clear() wipes it.
 *
 *	3. token_from_cookie.  For each key's names framework_cookie_text() gives the text
 *	   that authenticate takes: the cookie's value, decoded, where that is all of it;
 *	   for rows with a companion (cookie-session, koa, better-auth) a fragment of the
 *	   Cookie header, `name=value; name.sig=value`, undecoded, the cookie itself
 *	   first.  Rows that need no more than the cookie's name (rails, laravel,
 *	   authjs, django's get_signed_cookie) get the bare value: the names that keys were
 *	   derived for are tried.
 *
 *	4. authenticate.  A token that token_form_of() calls opaque is a session's, and a JWE goes
 *	   its way; of everything else, TOKEN_FORM_UNKNOWN too, cookies come first, as
 *	   Flask's and Phoenix' look like a JWS.  For each key, newest secret first,
 *	   framework_cookie_of_text() makes a FrameworkCookie of what token_from_cookie
 *	   gave or of a bare value, and framework_open() answers:
 *		RESULT_UNKNOWN_FORM    not this row's cookie: try the next key
 *		RESULT_BAD_SIGNATURE   another key may fit: try on, and keep this answer
 *		RESULT_OK              the proof holds; see FrameworkProof
 *		anything else          the proof holds, but the cookie is no login: the
 *		                       answer (RESULT_EXPIRED, RESULT_NOT_YET_VALID,
 *		                       RESULT_NO_SUBJECT, RESULT_NO_EXPIRY, RESULT_MALFORMED,
 *		                       RESULT_TOO_LONG), or a fault of the machine
 *		                       (RESULT_CRYPTO_FAILED, RESULT_NO_MEMORY)
 *	   framework_looks_like() is open's cheap look at the form, for code that has
 *	   no key at hand.
 *
 * What salts mean: for django, flask, starlette, rails and rails-signed they stand instead of the
 * row's; phoenix has none of its own and takes its signing_salt, or that and its encryption_salt
 * where it encrypts; phoenix-token takes what Phoenix.Token.sign was given, by default the
 * cookie's name and "_cookie" as Plug's signed cookies; django with id_path '{}' takes
 * get_signed_cookie's argument, which follows the cookie's name.  Other kinds take none.
 *
 * One secret is for one kind: express, fastify, better-auth, react-router, remix and flask-login use
 * it as it is, so that what one of them signs another may take for its own.
 *
 * The memory that opening needs is the caller's: FRAMEWORK_ARENA bytes are enough for
 * every cookie of up to FRAMEWORK_COOKIE_MAX bytes.  What a FrameworkProof points to
 * lies in there, in the cookie or in the key.
 *
 * Pure: no PostgreSQL, no allocation, and the clock is an argument.
 */
#ifndef SESSION_AUTH_FRAMEWORKS_H
#define SESSION_AUTH_FRAMEWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pure/cookie.h"
#include "pure/crypto.h"
#include "pure/jwe.h"
#include "pure/limits.h"
#include "pure/result.h"
#include "pure/slice.h"

/* ------------------------------------------------------------ the table's pieces */

/* How the key is made of the secret; salts come from the row or from the options. */
typedef enum FrameworkDerivation
{
	DERIVE_RAW,       /* the secret itself */
	DERIVE_HASH,      /* hash(salt + "signer" + secret prefix + secret) */
	DERIVE_HMAC_SALT, /* HMAC(secret, salt) */
	DERIVE_PBKDF2,    /* PBKDF2(secret, salt), 1000 rounds */
	DERIVE_BYTES,     /* 32 bytes, written as base64:…, hex or themselves */
	DERIVE_JWE,       /* HKDF, as row->jwe has it; and the secret itself */
	DERIVE_PER_COOKIE /* the secret itself; salts lie in the cookie (iron) */
} FrameworkDerivation;

/* Which salts are tried when the options name none, and what they become. */
typedef enum FrameworkSalting
{
	SALT_NONE,       /* the row takes none */
	SALT_OPTIONAL,   /* the options' instead of the row's */
	SALT_FIRST,      /* every application has its own: one signs ... */
	SALT_LAST,       /* ... or, where there are two, the second encrypts */
	SALT_NAME,       /* the cookie's name, and the options' behind it */
	SALT_NAME_COOKIE /* the options', else the cookie's name and "_cookie" */
} FrameworkSalting;

/* What shows that the value is genuine. */
typedef enum FrameworkProofKind
{
	PROOF_MAC,       /* value, separator, MAC over the value */
	PROOF_BESIDE,    /* the MAC over name=value in a cookie beside it */
	PROOF_GCM_PARTS, /* ciphertext--iv--tag in base64 (Rails) */
	PROOF_LARAVEL,   /* JSON in base64: iv, value, mac, tag */
	PROOF_IRON,      /* Fe26.2: encrypt, then MAC */
	PROOF_XCHACHA,   /* XCP.: XChaCha20-Poly1305 (Plug) */
	PROOF_SECRETBOX, /* ciphertext;nonce: XSalsa20-Poly1305 */
	PROOF_JWE,       /* five parts */
	PROOF_CACHE,     /* better-auth's session_data, with its signed token beside it */
	PROOF_ROW        /* in the session's row (Lucia): no secret proves it */
} FrameworkProofKind;

/* How a MAC is written. */
typedef enum FrameworkMacText
{
	MAC_HEX,             /* lower case alone */
	MAC_BASE64,          /* with padding */
	MAC_BASE64_UNPADDED, /* standard alphabet, without padding */
	MAC_BASE64_FORGIVEN, /* written so, and read in whatever way JavaScript's atob() reads it */
	MAC_BASE64URL        /* without padding */
} FrameworkMacText;

/* What lies behind the proof. */
typedef enum FrameworkPayload
{
	PAYLOAD_RAW,          /* the id itself */
	PAYLOAD_JSON,         /* JSON as it stands */
	PAYLOAD_BASE64_JSON,  /* in standard base64 */
	PAYLOAD_PYTHON_JSON,  /* in base64url, zlib's behind a dot */
	PAYLOAD_RAILS,        /* _rails: {message or data, exp, pur} */
	PAYLOAD_ERLANG,       /* an external term: a map */
	PAYLOAD_ERLANG_TOKEN, /* an external term: {data, signed at, max_age} */
	PAYLOAD_NAMED_RAW,    /* Laravel: an HMAC of the cookie's name, "|", the id */
	PAYLOAD_CLAIMS,       /* registered claims of a JWT */
	PAYLOAD_CACHE         /* better_auth.h */
} FrameworkPayload;

/* How the time of issue or of the end is told. */
typedef enum FrameworkTime
{
	TIME_NONE,
	TIME_BASE62,     /* behind the value: seconds */
	TIME_BIG_ENDIAN, /* behind the value: seconds in bytes, as base64url */
	TIME_CREATED_MS, /* a member of the payload: milliseconds */
	TIME_CREATED_S,  /* a member of the payload: seconds */
	TIME_EXPIRES_MS, /* a member of the payload: milliseconds at which it ends */
	TIME_IN_PAYLOAD  /* the payload's own form has it: exp, ttl, signed at */
} FrameworkTime;

typedef enum FrameworkYield
{
	YIELDS_USER,       /* user_id; payload where it is JSON */
	YIELDS_TOKEN,      /* id: a session's token, to be looked up */
	YIELDS_SESSION_ID, /* id: what the sessions table has as its id (rails-signed) */
	YIELDS_BYTES       /* id: the token's raw bytes, as in a bytea column (phoenix) */
} FrameworkYield;

typedef enum FrameworkEnd
{
	FRAMEWORK_ENDS_NEVER,     /* without_end has to be said */
	FRAMEWORK_ENDS_BY_ITSELF, /* where the cookie says when; framework_open() refuses others */
	FRAMEWORK_ENDS            /* by its age, or with the session that it names */
} FrameworkEnd;

#define FRAMEWORK_NAMES_MAX  4
#define FRAMEWORK_PATH_MAX   4
#define FRAMEWORK_HASHES_MAX 2

typedef struct Framework
{
	const char *kind; /* as SQL names it */

	/* the cookie */
	const char *cookie_names[FRAMEWORK_NAMES_MAX]; /* what nobody can plant comes first */
	bool name_counts;                              /* the proof covers the name */
	CookieChunks chunks;
	CookieEscapes escapes;
	const char *companion_suffix; /* the cookie beside it: name and this */
	const char *companion_from;   /* or this part of its name ... */
	const char *companion_to;     /* ... replaced by that */

	/* the key */
	FrameworkDerivation derivation;
	FrameworkSalting salting;
	const char *salt;
	const char *secret_prefix;
	size_t secret_min; /* what the framework itself refuses is shorter; 0: nothing */
	CryptoHash key_hashes[FRAMEWORK_HASHES_MAX]; /* versions differ: each is tried */
	size_t n_key_hashes;
	size_t key_len;
	JweScheme jwe;

	/* the proof */
	FrameworkProofKind proof;
	const char *prefix; /* of the value; not covered unless prefix_counts */
	bool prefix_counts;
	const char *suffix; /* behind the value, not covered */
	const char *separator;
	CryptoHash mac_hash;
	FrameworkMacText mac_text;

	/* the payload */
	FrameworkPayload payload;
	const char *id_path[FRAMEWORK_PATH_MAX];
	FrameworkYield yields;      /* where the options name no path */
	FrameworkYield yields_path; /* where they do */
	bool bare;                  /* serves id_path '{}' alone */
	const char *flash;          /* a member may also stand behind this and before "__" */
	bool tagged;                /* JSON tags uuids: {" u": "..."} (Flask) */
	const char *role_claim;     /* where its roles are, unless the secret says; or NULL */
	const char *tenant_claim;   /* likewise its tenant, in payloads that have it; or NULL */
	const char *actor_claim;    /* who acts as the user; or NULL */
	const char *hidden_claim;   /* what is a secret in it; or NULL */

	/* its end */
	FrameworkTime time;
	const char *time_member;
	const char *age_member; /* how long before that end the cookie was made */
	int64_t tick_us;        /* how long it still lives at its limit; 0: no more */
	int64_t rounds_us;      /* by how much its time may be later than it was made */
	bool refuses_future;
	int64_t skew_s;
	int64_t max_age_s; /* the framework's own; 0: it has none */
	FrameworkEnd ends; /* where no age ends it */
} Framework;

/* The rows in order. */
extern const Framework frameworks[];
extern const size_t n_frameworks;

/* The next row of a kind behind row, or its first one; kind NULL: of any kind. */
extern const Framework *framework_next(const char *kind, const Framework *row);

/* ------------------------------------------------------------------ the options */

#define FRAMEWORK_MAX_AGE_DEFAULT 0
#define FRAMEWORK_MAX_AGE_NONE    (-1)

/* Django's session_data in its tables is signed as its cookies, with this salt and no age. */
#define FRAMEWORK_DJANGO_ROW_SALT "django.contrib.sessions.SessionStore"

/* As add_cookie_secret() has them; all zero, with id_path NULL, are the defaults. */
typedef struct FrameworkOptions
{
	const Slice *salts;
	size_t n_salts;
	const Slice *id_path; /* NULL: the row's own */
	size_t n_id_path;     /* 0 with an id_path: '{}' */
	int64_t max_age_us;   /* or one of the above */
	bool without_end;
} FrameworkOptions;

/*
 * Does the row serve these options?  '{}' chooses the rows whose payload is the id, where a kind
 * has such beside others; of two salts the second says that cookies are encrypted.
 */
extern bool framework_applies(const Framework *row, const FrameworkOptions *options);
extern FrameworkYield framework_yields(const Framework *row, const FrameworkOptions *options);
extern FrameworkEnd framework_ends(const Framework *row, const FrameworkOptions *options);

/* --------------------------------------------------------------------- the keys */

#define FRAMEWORK_KEYS_MAX 8
#define FRAMEWORK_KEY_LEN  128 /* the longest block of a hash */
#define FRAMEWORK_NAME_MAX 256
#define FRAMEWORK_SALT_MAX 512
#define FRAMEWORK_MARK_LEN 41
#define FRAMEWORK_END_MAX  320

typedef struct FrameworkKey
{
	const Framework *row;
	size_t name_len; /* 0: it serves every name */
	char name[FRAMEWORK_NAME_MAX];
	size_t n_keys;
	struct
	{
		size_t len;
		unsigned char bytes[FRAMEWORK_KEY_LEN];
		CryptoMac *mac;       /* with these bytes, where such a MAC proves the cookie */
		CryptoCipher *cipher; /* with these bytes, where they decrypt each cookie */
	} keys[FRAMEWORK_KEYS_MAX];
	char name_mark[FRAMEWORK_MARK_LEN]; /* PAYLOAD_NAMED_RAW begins with it */
	char rails_end[FRAMEWORK_END_MAX];  /* PAYLOAD_RAILS, where it does not end, ends with it */
	size_t rails_end_len;               /* 0: not known */
	JweKey jwe;
} FrameworkKey;

/* Which argument of add_cookie_secret will not do, and why: constant texts. */
typedef struct FrameworkFault
{
	const char *argument;
	const char *reason;
	size_t secret_min; /* of the row, where that is why */
} FrameworkFault;

/*
 * The key is for framework_key_clear() to wipe, whatever came out.
 *
 * name is the cookie's; it may be empty where row->name_counts is false.
 * RESULT_BAD_KEY with *fault (unless NULL), RESULT_UNSUPPORTED
 * where the build lacks the cipher, RESULT_CRYPTO_FAILED.  Only after RESULT_OK there is
 * anything in the key.
 */
extern ResultCode framework_derive(FrameworkKey *key, const Framework *row,
								   const FrameworkOptions *options, Slice name, Slice secret,
								   FrameworkFault *fault);
extern void framework_key_clear(FrameworkKey *key);

/* ------------------------------------------------------------------ the cookies */

#define FRAMEWORK_COOKIE_MAX TOKEN_MAX
#define FRAMEWORK_ARENA      (4 * 1024 * 1024)

typedef struct FrameworkCookie
{
	Slice name;   /* data NULL: the value came bare */
	Slice value;  /* decoded */
	Slice beside; /* the companion's value, decoded; data NULL: none came */
} FrameworkCookie;

/* Does a cookie of this row count only with another one beside it? */
extern bool framework_has_companion(const Framework *row);

/*
 * The cookie of a text that framework_cookie_text() gave: one that begins with this name and
 * "="; any other text is a bare value.  buf holds cap bytes for what has to be decoded, as many
 * as the text has.  RESULT_NO_TOKEN when it is empty, RESULT_TOO_LONG.
 */
extern ResultCode framework_cookie_of_text(const Framework *row, Slice name, Slice text, char *buf,
										   size_t cap, FrameworkCookie *cookie);

/*
 * What token_from_cookie gives for this cookie of a Cookie header: see above.
 * RESULT_NO_TOKEN when the header does not have it.
 */
extern ResultCode framework_cookie_text(const Framework *row, Slice name, Slice header, char *out,
										size_t cap, size_t *out_len);

/* Could this (decoded) value be of this row?  By its form alone. */
extern bool framework_looks_like(const Framework *row, Slice value);

/* ------------------------------------------------------------------- the opening */

#define FRAMEWORK_NO_TIME INT64_MIN

typedef struct FrameworkProof
{
	FrameworkYield yields;
	Slice id;      /* of a session; also beside a user where the cookie names both (better-auth) */
	Slice user_id; /* YIELDS_USER */
	Slice payload; /* the session as JSON, for claims; data NULL where it is none */
	int64_t issued_us;           /* or FRAMEWORK_NO_TIME */
	int64_t expires_us;          /* or FRAMEWORK_NO_TIME */
	char user_text[USER_ID_MAX]; /* behind user_id where it was escaped: never copy */
} FrameworkProof;

/* See above for the answers.  arena holds cap bytes, FRAMEWORK_ARENA at best. */
extern ResultCode framework_open(const FrameworkKey *key, const FrameworkOptions *options,
								 const FrameworkCookie *cookie, int64_t now_us, char *arena,
								 size_t cap, FrameworkProof *proof);

#endif /* SESSION_AUTH_FRAMEWORKS_H */
