/*
 * claims.c
 *		The claims of a token that was verified; see claims.h.
 */
#include "pure/claims.h"

#include <string.h>

#define MEMBER(doc, name) json_member(doc, (doc)->nodes, name, sizeof(name) - 1)

/* Reads an optional string; *used bytes of claims->text are taken. */
static ResultCode
read_text(Claims *claims, const JsonNode *node, size_t *used, Slice *out)
{
	ResultCode result;

	out->data = NULL;
	out->len = 0;
	if (node == NULL)
		return RESULT_OK;
	result = json_text(claims->doc, node, claims->text + *used, CLAIMS_TEXT_MAX - *used, out);
	if (result == RESULT_OK && node->escaped)
		*used += out->len;
	return result;
}

static ResultCode
read_date(const JsonDoc *doc, const JsonNode *node, bool *has, int64_t *us)
{
	*has = node != NULL;
	*us = 0;
	return node == NULL ? RESULT_OK : json_date_us(doc, node, us);
}

/* A string that can be read, or an array of such. */
static ResultCode
read_audience(Claims *claims, const JsonNode *node)
{
	const JsonNode *element;

	claims->aud = node;
	if (node == NULL)
		return RESULT_OK;
	if (node->kind == JSON_KIND_STRING)
		return node->unstorable ? RESULT_MALFORMED : RESULT_OK;
	if (node->kind != JSON_KIND_ARRAY)
		return RESULT_MALFORMED;
	for (element = json_first(node); element != NULL;
		 element = json_next(claims->doc, node, element))
		if (element->kind != JSON_KIND_STRING || element->unstorable)
			return RESULT_MALFORMED;
	return RESULT_OK;
}

ResultCode
claims_read(Claims *claims, const JsonDoc *doc)
{
	size_t used = 0;
	ResultCode result;

	claims->doc = doc;
	if (doc->nodes[0].kind != JSON_KIND_OBJECT)
		return RESULT_MALFORMED;
	if ((result = read_text(claims, MEMBER(doc, "iss"), &used, &claims->iss)) != RESULT_OK ||
		(result = read_text(claims, MEMBER(doc, "sub"), &used, &claims->sub)) != RESULT_OK ||
		(result = read_text(claims, MEMBER(doc, "jti"), &used, &claims->jti)) != RESULT_OK ||
		(result = read_audience(claims, MEMBER(doc, "aud"))) != RESULT_OK)
		return result;
	if ((result = read_date(doc, MEMBER(doc, "exp"), &claims->has_exp, &claims->exp_us)) !=
			RESULT_OK ||
		(result = read_date(doc, MEMBER(doc, "nbf"), &claims->has_nbf, &claims->nbf_us)) !=
			RESULT_OK)
		return result;
	return read_date(doc, MEMBER(doc, "iat"), &claims->has_iat, &claims->iat_us);
}

static bool
is_for_us(const Claims *claims, Slice audience)
{
	const JsonNode *element;

	if (claims->aud == NULL)
		return false;
	if (json_text_is(claims->doc, claims->aud, audience.data, audience.len))
		return true;
	for (element = json_first(claims->aud); element != NULL;
		 element = json_next(claims->doc, claims->aud, element))
		if (json_text_is(claims->doc, element, audience.data, audience.len))
			return true;
	return false;
}

static bool
audience_fits(const Claims *claims, const ClaimsPolicy *policy)
{
	size_t i;

	for (i = 0; i < policy->n_audiences; i++)
		if (is_for_us(claims, policy->audiences[i]))
			return true;
	return policy->n_audiences == 0;
}

static bool
issuer_fits(const Claims *claims, Slice issuer)
{
	if (issuer.data == NULL)
		return true;
	return claims->iss.data != NULL && claims->iss.len == issuer.len &&
		   memcmp(claims->iss.data, issuer.data, issuer.len) == 0;
}

ResultCode
claims_check(const Claims *claims, const ClaimsPolicy *policy)
{
	int64_t earliest = policy->now_us - policy->skew_us;
	int64_t latest = policy->now_us + policy->skew_us;

	if (!issuer_fits(claims, policy->issuer))
		return RESULT_WRONG_ISSUER;
	if (!audience_fits(claims, policy))
		return RESULT_WRONG_AUDIENCE;
	if (!policy->subject_optional && (claims->sub.data == NULL || claims->sub.len == 0))
		return RESULT_NO_SUBJECT;
	if (!claims->has_exp)
		return RESULT_NO_EXPIRY;
	if (claims->exp_us <= earliest)
		return RESULT_EXPIRED;
	if ((claims->has_nbf && claims->nbf_us > latest) ||
		(claims->has_iat && claims->iat_us > latest))
		return RESULT_NOT_YET_VALID;
	return RESULT_OK;
}
