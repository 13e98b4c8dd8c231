/*
 * jws.c
 *		Signed tokens; see jws.h.
 */
#include "pure/jws.h"

#include <string.h>

#include "pure/base64.h"

#define N_PARTS         3
#define SIGN_HEADER_MAX (160 + 6 * KID_MAX)
#define HEADER_KEPT_MAX 512

static ResultCode
read_header(JwsHeader *header, Slice part)
{
	JoseHeader read;
	ResultCode result = jose_read_header_or_seal(&read, part);

	if (result != RESULT_OK)
		return result;
	if (!crypto_alg_by_name(read.alg, read.alg_len, &header->alg))
		return RESULT_UNSUPPORTED;
	header->is_seal = read.is_seal;
	header->has_kid = read.has_kid;
	header->kid_len = read.kid_len;
	memcpy(header->kid, read.kid, read.kid_len);
	return RESULT_OK;
}

static ResultCode
recall_header(JwsHeader *header, Slice part)
{
	static char text[HEADER_KEPT_MAX];
	static size_t text_len = 0;
	static JwsHeader said;
	ResultCode result;

	if (text_len > 0 && part.len == text_len && memcmp(part.data, text, text_len) == 0)
	{
		*header = said;
		return RESULT_OK;
	}
	result = read_header(header, part);
	if (result != RESULT_OK || part.len > sizeof(text))
		return result;
	said = *header;
	memcpy(text, part.data, part.len);
	text_len = part.len;
	return RESULT_OK;
}

ResultCode
jws_parse(Jws *jws, const char *token, size_t len)
{
	Slice parts[N_PARTS];
	ResultCode result = jose_split(token, len, parts, N_PARTS);

	if (result != RESULT_OK)
		return result;
	jws->signed_part.data = token;
	jws->signed_part.len = parts[0].len + 1 + parts[1].len;
	jws->payload = parts[1];
	jws->signature = parts[2];
	return recall_header(&jws->header, parts[0]);
}

ResultCode
jws_verify(const Jws *jws, CryptoKey *key)
{
	unsigned char signature[CRYPTO_SIGNATURE_MAX];
	size_t len;

	if (crypto_key_alg(key) != jws->header.alg)
		return RESULT_UNKNOWN_KEY;
	if (base64url_decode(jws->signature.data, jws->signature.len, signature, sizeof(signature),
						 &len) != RESULT_OK)
		return RESULT_BAD_SIGNATURE;
	return crypto_verify(key, jws->signed_part.data, jws->signed_part.len, signature, len);
}

ResultCode
jws_payload(const Jws *jws, char *out, size_t cap, size_t *out_len)
{
	return base64url_decode(jws->payload.data, jws->payload.len, (unsigned char *) out, cap,
							out_len);
}

#define TYP_TOKEN "\",\"typ\":\"JWT\""
#define TYP_SEAL  "\",\"typ\":\"seal+jwt\",\"crit\":[\"" JOSE_SEAL "\"],\"" JOSE_SEAL "\":true"

static size_t
append(char *out, size_t n, const char *text)
{
	size_t len = strlen(text);

	memcpy(out + n, text, len);
	return n + len;
}

/* {"alg":"…","typ":"JWT","kid":"…"}; 0 when kid is too long. */
static size_t
write_header(CryptoAlg alg, const char *typ, const char *kid, size_t kid_len, char *out)
{
	size_t n = append(out, 0, "{\"alg\":\"");

	n = append(out, n, crypto_alg_name(alg));
	n = append(out, n, typ);
	if (kid != NULL)
	{
		if (kid_len > KID_MAX)
			return 0;
		n = append(out, n, ",\"kid\":");
		n += json_quote(kid, kid_len, out + n, SIGN_HEADER_MAX - n);
	}
	out[n++] = '}';
	return n;
}

/* The compact form, under a header whose typ says what it is. */
static ResultCode
sign(CryptoKey *key, const char *typ, const char *kid, size_t kid_len, const char *payload,
	 size_t len, char *out, size_t cap, size_t *out_len)
{
	char header[SIGN_HEADER_MAX];
	size_t header_len = write_header(crypto_key_alg(key), typ, kid, kid_len, header);
	unsigned char signature[CRYPTO_SIGNATURE_MAX];
	size_t sig_len = crypto_signature_len(key);
	size_t n;
	ResultCode result;

	*out_len = 0;
	if (header_len == 0 || len > JSON_LEN_MAX ||
		BASE64URL_LEN(header_len) + BASE64URL_LEN(len) + BASE64URL_LEN(sig_len) + 2 > cap)
		return RESULT_TOO_LONG;
	n = base64url_encode((const unsigned char *) header, header_len, out);
	out[n++] = '.';
	n += base64url_encode((const unsigned char *) payload, len, out + n);
	result = crypto_sign(key, out, n, signature);
	if (result != RESULT_OK)
		return result;
	out[n++] = '.';
	n += base64url_encode(signature, sig_len, out + n);
	*out_len = n;
	return RESULT_OK;
}

ResultCode
jws_sign(CryptoKey *key, const char *kid, size_t kid_len, const char *payload, size_t len,
		 char *out, size_t cap, size_t *out_len)
{
	return sign(key, TYP_TOKEN, kid, kid_len, payload, len, out, cap, out_len);
}

ResultCode
jws_seal(CryptoKey *key, const char *kid, size_t kid_len, const char *payload, size_t len,
		 char *out, size_t cap, size_t *out_len)
{
	return sign(key, TYP_SEAL, kid, kid_len, payload, len, out, cap, out_len);
}
