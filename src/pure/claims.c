/*
 * claims.c
 *		The claims of a token that was verified; see claims.h.
 */
#include "pure/claims.h"

#include <string.h>

/* The member, or NULL; what is wrong with it, if something is, is said of this name. */
static const JsonNode *
member(Claims *claims, const char *name)
{
	claims->fault = name;
	claims->fault_node = json_member(claims->doc, claims->doc->nodes, name, strlen(name));
	return claims->fault_node;
}

/* Reads an optional string; *used bytes of claims->text are taken. */
static bool
read_text(Claims *claims, const char *name, size_t *used, Slice *out)
{
	const JsonNode *node = member(claims, name);

	out->data = NULL;
	out->len = 0;
	if (node == NULL)
		return true;
	if (json_text(claims->doc, node, claims->text + *used, CLAIMS_TEXT_MAX - *used, out) !=
		RESULT_OK)
		return false;
	if (node->escaped)
		*used += out->len;
	return true;
}

/* Libraries that take a user's id from a table leave it a number. */
static bool
read_subject(Claims *claims, size_t *used)
{
	const JsonNode *node = member(claims, "sub");

	if (node == NULL || node->kind != JSON_KIND_NUMBER)
		return read_text(claims, "sub", used, &claims->sub);
	if (!json_is_whole(claims->doc, node))
		return false;
	claims->sub = json_raw(claims->doc, node);
	return true;
}

static bool
read_date(Claims *claims, const char *name, bool *has, int64_t *us)
{
	const JsonNode *node = member(claims, name);

	*has = node != NULL;
	*us = 0;
	return node == NULL || json_date_us(claims->doc, node, us) == RESULT_OK;
}

/* A string that can be read, or an array of such. */
static bool
read_audience(Claims *claims)
{
	const JsonNode *node = member(claims, "aud");
	const JsonNode *element;

	claims->aud = node;
	if (node == NULL)
		return true;
	if (node->kind == JSON_KIND_STRING)
		return !node->unstorable;
	if (node->kind != JSON_KIND_ARRAY)
		return false;
	for (element = json_first(node); element != NULL;
		 element = json_next(claims->doc, node, element))
		if (element->kind != JSON_KIND_STRING || element->unstorable)
			return false;
	return true;
}

ResultCode
claims_read(Claims *claims, const JsonDoc *doc)
{
	size_t used = 0;

	claims->doc = doc;
	if (doc->nodes[0].kind != JSON_KIND_OBJECT)
		return RESULT_MALFORMED;
	if (read_text(claims, "iss", &used, &claims->iss) && read_subject(claims, &used) &&
		read_text(claims, "jti", &used, &claims->jti) && read_audience(claims) &&
		read_date(claims, "exp", &claims->has_exp, &claims->exp_us) &&
		read_date(claims, "nbf", &claims->has_nbf, &claims->nbf_us) &&
		read_date(claims, "iat", &claims->has_iat, &claims->iat_us))
		return RESULT_OK;
	return RESULT_CLAIM_TYPE;
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
	for (size_t i = 0; i < policy->n_audiences; i++)
		if (is_for_us(claims, policy->audiences[i]))
			return true;
	return policy->n_audiences == 0;
}

static bool
issuer_fits(const Claims *claims, Slice issuer)
{
	if (issuer.data == NULL)
		return true;
	return claims->iss.data != NULL && slice_equals(claims->iss, issuer);
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
