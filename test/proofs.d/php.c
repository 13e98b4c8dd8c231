/*
 * php.c
 *		Proofs of PHP's serialized values: every text is read within its end or refused, and what is
 *		read is a part of it.
 */
#include "proof.h"

#include "pure/php_value.c"

static bool
is_within(Slice part, Slice whole)
{
	return part.data >= whole.data && part.len <= whole.len &&
		   (size_t) (part.data - whole.data) <= whole.len - part.len;
}

PROOF(php_head, 10,
	  "a value's head is a part of its text, and so are its bytes, without what ends them",
	  "9 bytes")
{
	char text[9];
	Slice bytes = { text, sizeof(text) };
	const Slice whole = bytes;
	PhpValue value;
	bool opens;

	if (!take_head(&bytes, &value, &opens))
		return;
	PROVE(is_within(bytes, whole) && bytes.len < whole.len, "it has a byte");
	PROVE(bytes.data + bytes.len == whole.data + whole.len, "the rest is the end");
	if (value.text.data != NULL)
		PROVE(is_within(value.text, whole) && value.text.data + value.text.len < bytes.data,
			  "its bytes are before it");
	PROVE(opens == (value.kind == PHP_ARRAY || value.kind == PHP_OBJECT), "containers open");
	if (opens)
		PROVE(value.inside.data == bytes.data && bytes.data[-1] == '{', "at their brace");
	else
		PROVE(bytes.data[-1] == ';' || bytes.data[-1] == '}', "others have an end");
}

#define LEN 36

/* Whatever take_head() may answer, of which the proof above is, but for its length: one byte. */
bool
any_head(Slice *bytes, PhpValue *value, bool *opens)
{
	bool refused;
	bool is_container;
	PhpValue any;

	*opens = false;
	if (refused || bytes->len == 0)
		return false;
	*bytes = slice_make(bytes->data + 1, bytes->len - 1);
	*value = any;
	*opens = is_container ? true : false;
	return true;
}

INSTEAD(php_value, take_head, any_head)
PROOF(php_value, 38,
	  "a value ends within its text, at the braces of all containers in it, however deep",
	  "36 bytes, heads of one")
{
	char text[LEN];
	PhpValue value;

	if (php_read(slice_make(text, LEN), &value) != RESULT_OK)
		return;
	PROVE(value.rest.len < LEN && value.rest.data + value.rest.len == text + LEN,
		  "the rest is the end");
}
