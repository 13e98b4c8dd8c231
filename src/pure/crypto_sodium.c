/*
 * crypto_sodium.c
 *		The only door to libsodium; see crypto_sodium.h.
 *
 * It is loaded when a cookie first needs it: few databases have such cookies, and every
 * new connection would spend a quarter of a millisecond on a library that it never calls.
 */
#include "pure/crypto_sodium.h"

#ifdef HAVE_LIBSODIUM

#include <dlfcn.h>

#include <sodium.h>

/* The version that this was built with, as the build found it. */
#ifndef SODIUM_SONAME
#define SODIUM_SONAME "libsodium.so"
#endif

/* These lengths are libsodium's. */
_Static_assert(SODIUM_IV_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SODIUM_IV_LEN == crypto_secretbox_NONCEBYTES, "nonce");
_Static_assert(SODIUM_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(SODIUM_TAG_LEN == crypto_secretbox_MACBYTES, "tag");
_Static_assert(SODIUM_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(SODIUM_KEY_LEN == crypto_secretbox_KEYBYTES, "key");

static __typeof__(sodium_init) *init;
static __typeof__(crypto_aead_xchacha20poly1305_ietf_decrypt_detached) *xchacha_open;
static __typeof__(crypto_secretbox_open_easy) *secretbox_open;
static __typeof__(sodium_memzero) *memzero;

static bool
find_functions(void)
{
	void *library = dlopen(SODIUM_SONAME, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return false;
	*(void **) &init = dlsym(library, "sodium_init");
	*(void **) &xchacha_open =
		dlsym(library, "crypto_aead_xchacha20poly1305_ietf_decrypt_detached");
	*(void **) &secretbox_open = dlsym(library, "crypto_secretbox_open_easy");
	*(void **) &memzero = dlsym(library, "sodium_memzero");
	return init && memzero && xchacha_open && secretbox_open;
}

bool
sodium_is_here(void)
{
	static bool found = false;

	if (!found)
		found = find_functions() && init() >= 0;
	return found;
}

static ResultCode
opened(int status, size_t len, unsigned char *out, size_t *out_len)
{
	if (status == 0)
	{
		*out_len = len;
		return RESULT_OK;
	}
	memzero(out, len);
	return RESULT_BAD_SIGNATURE;
}

ResultCode
sodium_xchacha_open(const unsigned char *key, const unsigned char *iv, Slice aad, Slice in,
					const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	*out_len = 0;
	if (!sodium_is_here())
		return RESULT_CRYPTO_FAILED;
	return opened(xchacha_open(out, NULL, (const unsigned char *) in.data, in.len, tag,
							   (const unsigned char *) aad.data, aad.len, iv, key),
				  in.len, out, out_len);
}

ResultCode
sodium_xsalsa_open(const unsigned char *key, const unsigned char *iv, Slice in, unsigned char *out,
				   size_t *out_len)
{
	*out_len = 0;
	if (in.len < SODIUM_TAG_LEN)
		return RESULT_BAD_SIGNATURE;
	if (!sodium_is_here())
		return RESULT_CRYPTO_FAILED;
	return opened(secretbox_open(out, (const unsigned char *) in.data, in.len, iv, key),
				  in.len - SODIUM_TAG_LEN, out, out_len);
}

#else

bool
sodium_is_here(void)
{
	return false;
}

ResultCode
sodium_xchacha_open(const unsigned char *key, const unsigned char *iv, Slice aad, Slice in,
					const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	(void) key;
	(void) iv;
	(void) aad;
	(void) in;
	(void) tag;
	(void) out;
	*out_len = 0;
	return RESULT_UNSUPPORTED;
}

ResultCode
sodium_xsalsa_open(const unsigned char *key, const unsigned char *iv, Slice in, unsigned char *out,
				   size_t *out_len)
{
	(void) key;
	(void) iv;
	(void) in;
	(void) out;
	*out_len = 0;
	return RESULT_UNSUPPORTED;
}

#endif
