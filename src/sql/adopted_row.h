/*
 * adopted_row.h
 *		What a row of an application's own table says of a session.
 */
#ifndef SESSION_AUTH_ADOPTED_ROW_H
#define SESSION_AUTH_ADOPTED_ROW_H

#include "sql/adopted_column.h"

/* What becomes of a row; the reasons for leaving one out come last. */
typedef enum Fitness
{
	ROW_FITS,
	ROW_IS_ANOTHERS, /* not where_value's */
	ROW_NO_TOKEN,
	ROW_WEAK_TOKEN,
	ROW_TOKEN_LIKE_A_HASH,
	ROW_TOKEN_NO_HASH,
	ROW_NO_USER,
	ROW_UNFIT_USER,
	ROW_NO_EXPIRY,
	ROW_UNREADABLE_EXPIRY,
	ROW_UNFIT_TENANT,
	ROW_UNFIT_ACTOR
} Fitness;

typedef struct AdoptedRow
{
	Fitness fitness; /* nothing below is set unless it fits */
	unsigned char token_hash[TOKEN_HASH_LEN];
	char *user_id;
	TimestampTz expires_at;
	char *tenant; /* these as in SessionRow */
	char *actor;
	ProofRule proof;
} AdoptedRow;

extern void adopted_row_read(SourceRow source, const Adoption *adoption, AdoptedRow *row);

/* Why a row is left out, as a phrase; NULL when it is not. */
extern const char *adopted_row_reason(Fitness fitness);

#endif /* SESSION_AUTH_ADOPTED_ROW_H */
