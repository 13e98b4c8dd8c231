/*
 * spring.c
 *		Spring Session's cookie; see spring.h.
 */
#include "pure/spring.h"

#include "pure/base64.h"

bool
spring_session_id(Slice token, char id[SPRING_ID_LEN])
{
	unsigned char decoded[BASE64_DECODED_MAX(BASE64_LEN(SPRING_ID_LEN))];
	size_t len;

	if (token.len != BASE64_LEN(SPRING_ID_LEN) ||
		base64_decode(token.data, token.len, decoded, sizeof(decoded), &len) != RESULT_OK ||
		len != SPRING_ID_LEN)
		return false;
	for (size_t i = 0; i < SPRING_ID_LEN; i++)
		id[i] = (char) decoded[i];
	return is_uuid_text(id, SPRING_ID_LEN);
}
