/* claims_test.c: types, clocks, issuers and audiences. */
#include <string.h>

#include "pure/claims.h"
#include "tap.h"

#define NOW  INT64_C(1767225600)
#define US   INT64_C(1000000)
#define SKEW 15

static JsonNode nodes[256];
static JsonDoc doc;
static Claims claims;

static Slice
slice(const char *text)
{
	Slice s;

	s.data = text;
	s.len = text == NULL ? 0 : strlen(text);
	return s;
}

static ResultCode
judge(const char *json, const char *issuer, const char *audience)
{
	ClaimsPolicy policy;
	Slice audiences[2];
	ResultCode result = json_scan(&doc, json, strlen(json), nodes, 256);

	if (result == RESULT_OK)
		result = claims_read(&claims, &doc);
	if (result != RESULT_OK)
		return result;
	audiences[0] = slice("another");
	audiences[1] = slice(audience);
	policy.now_us = NOW * US;
	policy.skew_us = SKEW * US;
	policy.issuer = slice(issuer);
	policy.audiences = audiences;
	policy.n_audiences = audience == NULL ? 0 : 2;
	policy.subject_optional = false;
	return claims_check(&claims, &policy);
}

static void
expect(const char *json, ResultCode expected, const char *what)
{
	is_int(judge(json, NULL, NULL), expected, "%s", what);
}

#define SUB "{\"sub\":\"u\","

int
main(void)
{
	ClaimsPolicy policy = { NOW * US, 0, { NULL, 0 }, NULL, 0, true };

	expect(SUB "\"exp\":1767225601}", RESULT_OK, "in force");
	expect(SUB "\"exp\":1767225585}", RESULT_EXPIRED, "expired by the whole skew");
	expect(SUB "\"exp\":1767225585.000001}", RESULT_OK, "a microsecond less");
	expect(SUB "\"exp\":1e300}", RESULT_OK, "far future");
	expect(SUB "\"exp\":-1}", RESULT_EXPIRED, "before 1970");
	expect("{\"sub\":\"u\"}", RESULT_NO_EXPIRY, "exp missing");
	expect(SUB "\"exp\":\"4102444800\"}", RESULT_CLAIM_TYPE, "exp as a string");
	expect(SUB "\"exp\":null}", RESULT_CLAIM_TYPE, "exp as null");
	expect(SUB "\"exp\":NaN}", RESULT_MALFORMED, "exp as NaN");
	expect(SUB "\"exp\":1e400}", RESULT_CLAIM_TYPE, "exp as 1e400");
	expect(SUB "\"exp\":[4102444800]}", RESULT_CLAIM_TYPE, "exp as an array");
	expect(SUB "\"exp\":true}", RESULT_CLAIM_TYPE, "exp as true");
	expect(SUB "\"exp\":4102444800,\"exp\":4102444800}", RESULT_MALFORMED, "exp twice");
	expect(SUB "\"exp\":4102444800,\"\\u0065xp\":1}", RESULT_MALFORMED, "exp twice, escaped");
	expect(SUB "\"exp\":4102444800,\"nbf\":1767225615}", RESULT_OK, "nbf within the skew");
	expect(SUB "\"exp\":4102444800,\"nbf\":1767225616}", RESULT_NOT_YET_VALID, "nbf ahead");
	expect(SUB "\"exp\":4102444800,\"nbf\":\"1\"}", RESULT_CLAIM_TYPE, "nbf as a string");
	expect(SUB "\"exp\":4102444800,\"iat\":1767225615}", RESULT_OK, "iat within the skew");
	expect(SUB "\"exp\":4102444800,\"iat\":1767225616}", RESULT_NOT_YET_VALID, "iat ahead");
	expect(SUB "\"exp\":4102444800,\"iat\":\"1\"}", RESULT_CLAIM_TYPE, "iat as a string");
	expect("{\"exp\":4102444800}", RESULT_NO_SUBJECT, "sub missing");
	expect("{\"exp\":4102444800,\"sub\":\"\"}", RESULT_NO_SUBJECT, "sub empty");
	expect("{\"exp\":4102444800,\"sub\":5}", RESULT_OK, "sub as a number");
	is_bytes(claims.sub.data, claims.sub.len, "5", 1, "counts as its text");
	expect("{\"exp\":4102444800,\"sub\":[5]}", RESULT_CLAIM_TYPE, "sub as an array");
	expect("{\"exp\":4102444800,\"sub\":\"a\\u0000b\"}", RESULT_CLAIM_TYPE, "a NUL in sub");
	expect("{\"exp\":4102444800,\"sub\":\"\\ud83d\"}", RESULT_CLAIM_TYPE, "a surrogate in sub");
	expect(SUB "\"exp\":4102444800,\"name\":\"a\\u0000b\"}", RESULT_OK, "a NUL elsewhere");
	expect(SUB "\"exp\":4102444800,\"jti\":5}", RESULT_CLAIM_TYPE, "jti as a number");
	expect(SUB "\"exp\":4102444800,\"iss\":5}", RESULT_CLAIM_TYPE, "iss as a number");
	expect(SUB "\"exp\":4102444800,\"aud\":5}", RESULT_CLAIM_TYPE, "aud as a number");
	expect(SUB "\"exp\":4102444800,\"aud\":[\"a\",5]}", RESULT_CLAIM_TYPE, "a number in aud");
	expect("[1]", RESULT_MALFORMED, "an array");
	expect("\"x\"", RESULT_MALFORMED, "a string");
	is_int(judge("{\"sub\":\"\\u0075\\u0031\",\"exp\":4102444800,\"jti\":\"\\u006a\"}", NULL, NULL),
		   RESULT_OK, "escaped claims");
	is_bytes(claims.sub.data, claims.sub.len, "u1", 2, "are unescaped");
	is_bytes(claims.jti.data, claims.jti.len, "j", 1, "each in its own place");
	is_int(judge(SUB "\"exp\":4102444800}", "https://i", NULL), RESULT_WRONG_ISSUER, "iss missing");
	is_int(judge(SUB "\"exp\":4102444800,\"iss\":\"https://i/\"}", "https://i", NULL),
		   RESULT_WRONG_ISSUER, "iss wrong");
	is_int(judge(SUB "\"exp\":4102444800,\"iss\":\"https:\\/\\/i\"}", "https://i", NULL), RESULT_OK,
		   "iss right, escaped");
	is_int(judge(SUB "\"exp\":4102444800}", NULL, "api"), RESULT_WRONG_AUDIENCE, "aud missing");
	is_int(judge(SUB "\"exp\":4102444800,\"aud\":\"API\"}", NULL, "api"), RESULT_WRONG_AUDIENCE,
		   "aud wrong");
	is_int(judge(SUB "\"exp\":4102444800,\"aud\":[]}", NULL, "api"), RESULT_WRONG_AUDIENCE,
		   "aud empty");
	is_int(judge(SUB "\"exp\":4102444800,\"aud\":\"api\"}", NULL, "api"), RESULT_OK, "aud right");
	is_int(judge(SUB "\"exp\":4102444800,\"aud\":[\"x\",\"api\"]}", NULL, "api"), RESULT_OK,
		   "aud in an array");
	is_int(judge(SUB "\"exp\":4102444800,\"aud\":\"x\"}", NULL, NULL), RESULT_OK,
		   "aud where none is bound");
	judge("{\"exp\":1767225601}", NULL, NULL);
	is_int(claims_check(&claims, &policy), RESULT_OK, "without a subject where that is allowed");
	return tap_done();
}
