/*
 * secret_in_text.h
 *		Where a secret stands in the text of a statement or of a message.
 */
#ifndef SESSION_AUTH_SECRET_IN_TEXT_H
#define SESSION_AUTH_SECRET_IN_TEXT_H

#include "pure/slice.h"

/* What stands in its place, byte for byte: whoever points into the text still points to the same. */
#define SECRET_MASK '*'

/* Shorter than any token that opens a session: such a text counts where it is a whole literal. */
#define SECRET_SHORT 20

extern bool secret_fits(Slice secret, size_t text_len);
extern bool secret_mask(char *text, size_t len, Slice secret);

#endif /* SESSION_AUTH_SECRET_IN_TEXT_H */
