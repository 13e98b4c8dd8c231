/*
 * utf8.c
 *		UTF-8; see utf8.h.
 */
#include "pure/utf8.h"

static bool
in_range(unsigned char c, unsigned char low, unsigned char high)
{
	return c >= low && c <= high;
}

size_t
utf8_len(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *) s;

	if (u[0] < 0x80)
		return 1;
	if (n < 2 || u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	if (u[0] < 0xe0)
		return in_range(u[1], 0x80, 0xbf) ? 2 : 0;
	if (!in_range(u[1],
				  u[0] == 0xe0   ? 0xa0
				  : u[0] == 0xf0 ? 0x90
								 : 0x80,
				  u[0] == 0xed   ? 0x9f
				  : u[0] == 0xf4 ? 0x8f
								 : 0xbf))
		return 0;
	if (n < 3 || !in_range(u[2], 0x80, 0xbf))
		return 0;
	if (u[0] < 0xf0)
		return 3;
	return n >= 4 && in_range(u[3], 0x80, 0xbf) ? 4 : 0;
}

bool
utf8_is_valid(const char *text, size_t len)
{
	size_t pos = 0;

	while (pos < len)
	{
		size_t n = utf8_len(text + pos, len - pos);

		if (n == 0)
			return false;
		pos += n;
	}
	return true;
}

int
utf8_decode(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *) s;

	if (len == 1)
		return u[0];
	if (len == 2)
		return (u[0] & 0x1f) << 6 | (u[1] & 0x3f);
	if (len == 3)
		return (u[0] & 0x0f) << 12 | (u[1] & 0x3f) << 6 | (u[2] & 0x3f);
	return (u[0] & 0x07) << 18 | (u[1] & 0x3f) << 12 | (u[2] & 0x3f) << 6 | (u[3] & 0x3f);
}

size_t
utf8_encode(int c, char *out)
{
	if (c < 0x80)
	{
		out[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = (char) (0xc0 | c >> 6);
		out[1] = (char) (0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = (char) (0xe0 | c >> 12);
		out[1] = (char) (0x80 | (c >> 6 & 0x3f));
		out[2] = (char) (0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char) (0xf0 | c >> 18);
	out[1] = (char) (0x80 | (c >> 12 & 0x3f));
	out[2] = (char) (0x80 | (c >> 6 & 0x3f));
	out[3] = (char) (0x80 | (c & 0x3f));
	return 4;
}
