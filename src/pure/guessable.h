/*
 * guessable.h
 *		Whether a secret can be found by trying.
 *
 * Who has one cookie can try secrets as fast as a processor hashes, without asking anybody.
 * Most frameworks take a secret of any length, and so does add_cookie_secret; the bounds here
 * are the lowest that can be right: 16 bytes are 64 random bits as hexadecimal digits, and
 * Django wants five different characters.
 */
#ifndef SESSION_AUTH_GUESSABLE_H
#define SESSION_AUTH_GUESSABLE_H

#include "pure/slice.h"

#define SECRET_MIN            16
#define SECRET_CHARACTERS_MIN 5

static inline bool
secret_is_guessable(Slice secret)
{
	bool has[256] = { false };
	int characters = 0;

	for (size_t i = 0; i < secret.len; i++)
	{
		unsigned char c = (unsigned char) secret.data[i];

		characters += !has[c];
		has[c] = true;
	}
	return secret.len < SECRET_MIN || characters < SECRET_CHARACTERS_MIN;
}

#endif /* SESSION_AUTH_GUESSABLE_H */
