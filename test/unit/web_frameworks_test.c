/*
 * web_frameworks_test.c: cookies of web frameworks, with the real library's own verdict.
 *
 * Every vector is judged as a server would: the cookie is taken out of its header, each secret's
 * keys are tried, and what comes out is looked up in the vector's rows at its pinned clock.
 * Then each byte of each accepted cookie is changed: it must not be accepted with other content.
 * The cookies were made with the libraries that each vector names (framework, version).
 */
#include <stdio.h>
#include <string.h>

#include "pure/base64.h"
#include "pure/frameworks.h"
#include "pure/hex.h"
#include "pure/iso_time.h"
#include "pure/php_value.h"
#include "tap.h"
#include "vectors.h"

#define US                  INT64_C(1000000)
#define KEYS                32
#define DAY                 INT64_C(86400)
#define HEADER_MAX          20000
#define TEXT_MAX            2048
#define ANSWER_NAME(answer) ((answer)->accept ? "accepted" : "refused")

/* What belongs to one vector while it is judged. */
typedef struct Case
{
	const JsonNode *vector;
	const JsonNode *params;
	const char *kind; /* SQL's */
	FrameworkOptions options;
	Slice salts[2];
	Slice path[4];
	Slice name;
	int64_t now_us;
	FrameworkKey keys[KEYS];
	size_t n_keys;
} Case;

typedef struct Answer
{
	bool accept;
	ResultCode result;
	int64_t expires_us;
	char user[TEXT_MAX];
	char session[TEXT_MAX];
	Slice payload;
} Answer;

static JsonDoc doc;
static long n_mutants = 0;
static long n_same = 0;
static char arena[FRAMEWORK_ARENA];

static Slice
at(const JsonNode *object, const char *name)
{
	return text_at(&doc, object, name);
}

/* Text of a string or a number. */
static Slice
scalar_at(const JsonNode *object, const char *name)
{
	const JsonNode *node = member(&doc, object, name);
	Slice none = { NULL, 0 };

	if (node == NULL)
		return none;
	return node->kind == JSON_KIND_STRING ? text_of(&doc, node) : json_raw(&doc, node);
}

static void
copy(char *out, Slice text)
{
	snprintf(out, TEXT_MAX, "%.*s", (int) text.len, text.len > 0 ? text.data : "");
}

/* ----------------------------------------------------------------- what the vector says */

/* The kind that SQL knows a vector's framework by. */
static const char *
kind_of(const JsonNode *vector)
{
	static const char *const kinds[][3] = {
		{ "django", NULL, "django" },
		{ "flask", NULL, "flask" },
		{ "flask-login", NULL, "flask-login" },
		{ "starlette", NULL, "starlette" },
		{ "rails", "cookie_store", "rails" },
		{ "rails", "signed", "rails-signed" },
		{ "laravel", NULL, "laravel" },
		{ "phoenix", "Phoenix.Token", "phoenix-token" },
		{ "phoenix", "signed cookie", "phoenix-token" },
		{ "phoenix", NULL, "phoenix" },
		{ "express-session", NULL, "express" },
		{ "cookie-session", NULL, "cookie-session" },
		{ "koa-session", NULL, "koa" },
		{ "@fastify/session", NULL, "fastify" },
		{ "@fastify/secure-session", NULL, "fastify-secure" },
		{ "iron-session", NULL, "iron-session" },
		{ "h3 (nuxt-auth-utils)", NULL, "h3" },
		{ "@remix-run/node", NULL, "remix" },
		{ "react-router", NULL, "react-router" },
		{ "auth.js", NULL, "authjs" },
		{ "better-auth", NULL, "better-auth" },
	};
	Slice framework = at(vector, "framework");
	Slice kind = at(vector, "kind");
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_is(framework, kinds[i][0]) &&
			(kinds[i][1] == NULL || slice_is(kind, kinds[i][1])))
			return kinds[i][2];
	return NULL;
}

static bool
is_kind(const Case *c, const char *kind)
{
	return slice_is(at(c->vector, "kind"), kind);
}

static void
set_options(Case *c)
{
	Slice salt = at(c->params, "salt");
	long long age = number_at(&doc, c->params, "max_age", 0);

	if (age == 0)
		age = number_at(&doc, c->params, "maxAge", 0);
	if (age == 0)
		age = number_at(&doc, c->params, "expiry", 0);
	c->options.max_age_us = age * US;
	c->options.without_end = true;
	/* authjs and get_signed_cookie take the cookie's name, and phoenix' remember_me does too. */
	if (salt.data != NULL && strcmp(c->kind, "authjs") != 0 && !is_kind(c, "get_signed_cookie") &&
		!is_kind(c, "signed cookie"))
	{
		/* The second of two encrypts. */
		if (is_kind(c, "encrypted cookie store"))
			c->salts[c->options.n_salts++] = to_slice("another");
		c->salts[c->options.n_salts++] = salt;
		c->options.salts = c->salts;
	}
	/* '{}': the payload is the id of a user. */
	if (is_kind(c, "get_signed_cookie") ||
		(strcmp(c->kind, "rails-signed") == 0 && slice_is(c->name, "uid")))
		c->options.id_path = c->path;
	/* A session_data has no age of its own: its row ends. */
	if (is_kind(c, "db"))
		c->options.max_age_us = FRAMEWORK_MAX_AGE_NONE;
}

static void
add_keys(Case *c, Slice secret)
{
	const Framework *row = NULL;

	while ((row = framework_next(c->kind, row)) != NULL && c->n_keys < KEYS)
		if (framework_applies(row, &c->options) &&
			framework_derive(&c->keys[c->n_keys], row, &c->options, c->name, secret, NULL) ==
				RESULT_OK)
			c->n_keys++;
}

/* One secret, a list of them, or an object of them by id. */
static void
add_secrets(Case *c, const JsonNode *secret)
{
	const JsonNode *m = secret + 1;
	uint32_t i;

	if (secret->kind == JSON_KIND_STRING)
		add_keys(c, text_of(&doc, secret));
	for (i = 0; secret->kind <= JSON_KIND_ARRAY && i < secret->size; i++)
	{
		if (secret->kind == JSON_KIND_OBJECT)
			m++;
		add_keys(c, text_of(&doc, m));
		m = &doc.nodes[m->next];
	}
}

static void
prepare(Case *c, const JsonNode *vector)
{
	memset(c, 0, sizeof(*c));
	c->vector = vector;
	c->params = member(&doc, vector, "params");
	c->kind = kind_of(vector);
	c->name = at(vector, "cookie_name");
	c->now_us = number_at(&doc, vector, "now", 0) * US;
	set_options(c);
	add_secrets(c, member(&doc, vector, "secret"));
}

static void
clear(Case *c)
{
	for (size_t i = 0; i < c->n_keys; i++)
		framework_key_clear(&c->keys[i]);
}

/* -------------------------------------------------------------------- looking at rows */

/* PostgreSQL's text of a time, in UTC or without a zone, as microseconds. */
static int64_t
row_time(const JsonNode *row, const char *name)
{
	Slice text = at(row, name);
	char iso[] = "0000-00-00T00:00:00.000Z";
	int64_t us = 0;

	if (text.len < 19)
		return 0;
	memcpy(iso, text.data, 19);
	iso[10] = 'T';
	return iso_time_us(to_slice(iso), &us) ? us : 0;
}

/* The row of a table whose column is this text. */
static const JsonNode *
find_row(const Case *c, const char *table, const char *column, Slice text)
{
	const JsonNode *rows = member(&doc, member(&doc, c->vector, "rows"), table);
	const JsonNode *row = rows == NULL ? NULL : json_first(rows);

	while (row != NULL && !slice_equals(at(row, column), text))
		row = json_next(&doc, rows, row);
	return row;
}

static Slice
hex_of(Slice bytes, char *out)
{
	Slice text = { out, bytes.len * 2 + 2 };

	memcpy(out, "\\x", 2);
	hex_encode((const unsigned char *) bytes.data, bytes.len, out + 2);
	return text;
}

static bool
use_user(Answer *answer, Slice user)
{
	copy(answer->user, user);
	return user.len > 0;
}

/* connect-pg-simple's layout, with the user below a path of sess. */
static bool
live_in_sess(const Case *c, Slice id, Answer *answer)
{
	const JsonNode *row = find_row(c, "session", "sid", id);
	const JsonNode *sess = row == NULL ? NULL : member(&doc, row, "sess");

	if (row == NULL || row_time(row, "expire") < c->now_us)
		return false;
	if (strcmp(c->kind, "express") == 0)
		return use_user(answer, scalar_at(member(&doc, sess, "passport"), "user"));
	return use_user(answer, scalar_at(member(&doc, sess, "user"), "id"));
}

/* Laravel's table repeats the user in what PHP has serialized. */
static bool
is_php_user(Slice payload, Slice user)
{
	size_t cap = BASE64_DECODED_MAX(payload.len);
	Slice text = { keep(cap), 0 };
	PhpValue session;
	PhpValue id;

	return base64_decode(payload.data, payload.len, (unsigned char *) text.data, cap, &text.len) ==
			   RESULT_OK &&
		   php_read(text, &session) == RESULT_OK &&
		   php_member(&session, to_slice("login_web_"), &id) == RESULT_OK &&
		   slice_equals(id.text, user);
}

static bool
live_in_laravel(const Case *c, Slice id, Answer *answer)
{
	const JsonNode *row = find_row(c, "sessions", "id", id);
	long long minutes = number_at(&doc, c->params, "lifetime_minutes", 0);

	return row != NULL &&
		   number_at(&doc, row, "last_activity", 0) + minutes * 60 >= c->now_us / US &&
		   is_php_user(at(row, "payload"), scalar_at(row, "user_id")) &&
		   use_user(answer, scalar_at(row, "user_id"));
}

static bool
live_in_better_auth(const Case *c, Slice id, Answer *answer)
{
	const JsonNode *row = find_row(c, "session", "token", id);

	return row != NULL && row_time(row, "expiresAt") > c->now_us &&
		   use_user(answer, scalar_at(row, "userId"));
}

/* phx.gen.auth: 60 days. */
static bool
live_in_phoenix(const Case *c, Slice id, Answer *answer)
{
	char hex[2 * TEXT_MAX];
	const JsonNode *row = find_row(c, "users_tokens", "token", hex_of(id, hex));

	return row != NULL && row_time(row, "inserted_at") + 60 * DAY * US > c->now_us &&
		   use_user(answer, scalar_at(row, "user_id"));
}

static bool
is_live(const Case *c, const FrameworkProof *proof, Answer *answer)
{
	char hex[2 * TEXT_MAX];

	if (proof->yields == YIELDS_BYTES)
	{
		Slice text = hex_of(proof->id, hex);

		text.data += 2;
		text.len -= 2;
		copy(answer->session, text);
		return live_in_phoenix(c, proof->id, answer);
	}
	copy(answer->session, proof->id);
	if (proof->yields == YIELDS_SESSION_ID)
		return proof->id.len > 0;
	if (strcmp(c->kind, "laravel") == 0)
		return live_in_laravel(c, proof->id, answer);
	if (strcmp(c->kind, "better-auth") == 0)
		return live_in_better_auth(c, proof->id, answer);
	return live_in_sess(c, proof->id, answer);
}

/* ----------------------------------------------------------------------------- judging */

static void
use_proof(const Case *c, const FrameworkProof *proof, Answer *answer)
{
	answer->expires_us = proof->expires_us;
	answer->payload = proof->payload;
	if (proof->yields != YIELDS_USER)
		answer->accept = is_live(c, proof, answer);
	else
	{
		copy(answer->session, proof->id);
		answer->accept = use_user(answer, proof->user_id);
	}
}

/* Tries the keys as a server does. */
static void
judge_text(const Case *c, Slice text, Answer *answer)
{
	static FrameworkProof proof;
	static char buf[HEADER_MAX];
	size_t i;

	memset(answer, 0, sizeof(*answer));
	answer->result = RESULT_UNKNOWN_FORM;
	for (i = 0; i < c->n_keys; i++)
	{
		FrameworkCookie cookie;
		ResultCode result =
			framework_cookie_of_text(c->keys[i].row, c->name, text, buf, sizeof(buf), &cookie);

		if (result == RESULT_OK)
			result = framework_open(&c->keys[i], &c->options, &cookie, c->now_us, arena,
									sizeof(arena), &proof);
		if (result != RESULT_UNKNOWN_FORM)
			answer->result = result;
		if (result == RESULT_UNKNOWN_FORM || result == RESULT_BAD_SIGNATURE)
			continue;
		if (result == RESULT_OK)
			use_proof(c, &proof, answer);
		return;
	}
}

/* Django's other backends: the cookie is the row's key, and the row has what is signed. */
static void
judge_django_row(const Case *c, Slice key, Answer *answer)
{
	const JsonNode *row = find_row(c, "django_session", "session_key", key);

	memset(answer, 0, sizeof(*answer));
	answer->result = RESULT_NO_SESSION;
	if (row != NULL && row_time(row, "expire_date") > c->now_us)
		judge_text(c, at(row, "session_data"), answer);
}

/* From the Cookie header: the text that token_from_cookie gives, of the first row that has one. */
static void
judge_header(const Case *c, Slice header, Answer *answer)
{
	static char out[HEADER_MAX];
	Slice text = { out, 0 };
	size_t i;

	memset(answer, 0, sizeof(*answer));
	answer->result = RESULT_NO_TOKEN;
	for (i = 0; i < c->n_keys; i++)
	{
		const Framework *row = c->keys[i].row;

		if (i > 0 && row == c->keys[i - 1].row)
			continue;
		if (framework_cookie_text(row, c->name, header, out, sizeof(out), &text.len) != RESULT_OK)
			continue;
		if (is_kind(c, "db"))
			judge_django_row(c, text, answer);
		else
			judge_text(c, text, answer);
		if (answer->accept)
			return;
	}
}

/*
 * Where versions of one kind differ, both get the stricter answer, as a cookie does not say by which
 * it was made: iron-session 9 passes over what stands behind the seal, 8 reads a session in it only
 * with ~2 there.  Both write that.
 */
static bool
is_stricter(const Case *c)
{
	return begins_with(at(c->vector, "version"), "9.") && strcmp(c->kind, "iron-session") == 0 &&
		   !ends_with(at(c->vector, "cookie_value"), "~2");
}

static bool
has_expected(const Case *c, const Answer *answer)
{
	const JsonNode *expect = member(&doc, c->vector, "expect");
	Slice user = scalar_at(expect, "user_id");
	Slice session = scalar_at(expect, "session_id");
	Slice token = scalar_at(expect, "session_token");
	bool accept = member(&doc, expect, "accept")->kind == JSON_KIND_TRUE && !is_stricter(c);

	if (answer->accept != accept)
		return false;
	return !accept || ((user.data == NULL || slice_is(user, answer->user)) &&
					   (session.data == NULL || slice_is(session, answer->session)) &&
					   (token.data == NULL || slice_is(token, answer->session)));
}

/* A role that the claims have to have. */
static bool
has_claims(const Case *c, const Answer *answer)
{
	const JsonNode *expect = member(&doc, c->vector, "expect");
	Slice role = at(member(&doc, expect, "claims"), "role");
	JsonNode nodes[256];
	JsonDoc payload;

	if (role.data == NULL)
		return true;
	return json_scan(&payload, answer->payload.data, answer->payload.len, nodes, 256) ==
			   RESULT_OK &&
		   slice_equals(text_at(&payload, payload.nodes, "role"), role);
}

/* -------------------------------------------------------------------------- mutations */

/* better-auth's session may be read from its row where its cache is spoilt: it ends otherwise. */
static bool
same_content(const Case *c, const Answer *a, const Answer *b)
{
	return strcmp(a->user, b->user) == 0 && strcmp(a->session, b->session) == 0 &&
		   (a->expires_us == b->expires_us || strcmp(c->kind, "better-auth") == 0);
}

/* Every byte of the header replaced; the cookie's name, too. */
static int
mutate(const Case *c, Slice header, const Answer *original)
{
	static const char others[] = { '\1', 'A', '.', '%', '*', '=', '\x80' };
	static char text[HEADER_MAX];
	Slice mutant = { text, header.len };
	int wrong = 0;
	size_t i;
	size_t j;

	for (i = 0; i < header.len; i++)
		for (j = 0; j < sizeof(others); j++)
		{
			Answer answer;

			memcpy(text, header.data, header.len);
			text[i] = j == 0 ? (char) (text[i] ^ others[j]) : others[j];
			judge_header(c, mutant, &answer);
			n_mutants++;
			if (answer.accept)
				n_same++;
			if (answer.accept && !same_content(c, &answer, original))
				wrong++;
		}
	return wrong;
}

static void
judge(const JsonNode *vector)
{
	static Case c;
	Slice id = at(vector, "id");
	Slice header = at(vector, "cookie_header");
	Answer answer;

	prepare(&c, vector);
	if (c.n_keys == 0)
	{
		skip("%.*s: no key for it in this build", (int) id.len, id.data);
		return;
	}
	judge_header(&c, header, &answer);
	ok(has_expected(&c, &answer) && (!answer.accept || has_claims(&c, &answer)),
	   "%.*s %.*s (%.*s): %s, %d, user %s", (int) id.len, id.data, (int) at(vector, "version").len,
	   at(vector, "version").data, (int) at(vector, "note").len, at(vector, "note").data,
	   ANSWER_NAME(&answer), answer.result, answer.user);
	if (answer.accept)
		is_int(mutate(&c, header, &answer), 0, "%.*s: no byte of it can be changed", (int) id.len,
			   id.data);
	clear(&c);
}

/* Judges a file's vectors; vectors that were not there are no failure. */
static void
judge_file(const char *name)
{
	const JsonNode *v;

	if (!vectors_open(name, &doc))
	{
		skip("%s is not here", name);
		return;
	}
	for (v = json_first(doc.nodes); v != NULL; v = json_next(&doc, doc.nodes, v))
		judge(v);
}

int
main(void)
{
	judge_file("web_frameworks.json");
	judge_file("web_frameworks_more.json");
	diag("%ld cookies with a byte changed, %ld of them still of the same content", n_mutants,
		 n_same);
	return tap_done();
}
