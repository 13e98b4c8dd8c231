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

/* ------------------------------------------------------------------------------ members */

#define MEMBERS  2
#define NAME_LEN 4

/* What any_read() has answered, one after the other: keys, and behind each the value it has. */
static PhpValue reads[2 * MEMBERS];
static size_t n_reads;
static bool is_refused;
static char names[2 * MEMBERS][NAME_LEN];

/* Whatever php_read() may answer, of which the proof above is: a value, and the rest behind it. */
ResultCode
any_read(Slice bytes, PhpValue *value)
{
	bool refused;
	PhpKind kind;
	size_t len;
	char name[NAME_LEN];

	PROVE(n_reads < 2 * MEMBERS && !is_refused, "no more than there is");
	PROVE(n_reads == 0 || bytes.data == reads[n_reads - 1].rest.data, "where the last one ended");
	is_refused = refused || bytes.len == 0;
	if (is_refused)
		return RESULT_MALFORMED;
	ASSUME(kind >= PHP_INTEGER && kind <= PHP_OTHER && len <= NAME_LEN);
	memcpy(names[n_reads], name, NAME_LEN);
	value->kind = kind;
	value->text = slice_make(names[n_reads] + NAME_LEN - len, len);
	value->rest = slice_make(bytes.data + 1, bytes.len - 1);
	reads[n_reads++] = *value;
	return RESULT_OK;
}

static bool
begins(Slice key, const char *prefix)
{
	return key.len >= 1 && key.data[0] == *prefix;
}

static bool
is_whole_name(Slice key, const char *name)
{
	return key.len == 1 && key.data[0] == *name;
}

/* By its name, or by that behind a class's, or *, between zero bytes. */
static bool
is_property(Slice key, const char *name)
{
	size_t at = 1;

	if (key.len == 0 || key.data[0] != '\0')
		return is_whole_name(key, name);
	while (at < key.len && key.data[at] != '\0')
		at++;
	return key.len == at + 2 && key.data[at + 1] == *name;
}

/* The one value whose key is it, of a container of one to three. */
static void
prove_member(const PhpValue *container, ResultCode result, const PhpValue *value, const char *name,
			 bool (*is_it)(Slice key, const char *name))
{
	const PhpValue *found = NULL;
	int n = 0;

	for (size_t i = 0; i + 1 < n_reads; i += 2)
		if (reads[i].kind == PHP_STRING && is_it(reads[i].text, name))
		{
			found = &reads[i + 1];
			n++;
		}
	if (n > 1 || is_refused)
		PROVE(result == RESULT_MALFORMED, "one alone");
	else
	{
		PROVE(n_reads == 2 * (size_t) container->size, "all of them were read");
		PROVE(result == (n == 1 ? RESULT_OK : RESULT_NO_SUBJECT), "it is there or not");
	}
	if (result == RESULT_OK)
		PROVE(value->rest.data == found->rest.data && value->text.data == found->text.data &&
				  value->kind == found->kind,
			  "the value of this key");
}

static PhpValue
any_container(PhpKind kind, const char *bytes)
{
	PhpValue container;

	container.kind = kind;
	container.inside = slice_make(bytes, 2 * MEMBERS);
	ASSUME(container.size <= MEMBERS);
	n_reads = 0;
	is_refused = false;
	return container;
}

INSTEAD(php_members, php_read, any_read)
PROOF(php_members, 8,
	  "of an array the value is found whose key begins so, or is this name, and no two such are",
	  "2 members, keys of up to 4 bytes")
{
	char bytes[2 * MEMBERS];
	char name;
	bool is_prefix;
	PhpValue array = any_container(PHP_ARRAY, bytes);
	PhpValue value;
	ResultCode result;

	result = is_prefix ? php_member(&array, slice_make(&name, 1), &value)
					   : php_property(&array, slice_make(&name, 1), &value);
	prove_member(&array, result, &value, &name, is_prefix ? begins : is_whole_name);
}

INSTEAD(php_properties, php_read, any_read)
PROOF(php_properties, 8,
	  "of an object the value is found whose name is this one, private or not, and no two are",
	  "2 properties, keys of up to 4 bytes")
{
	char bytes[2 * MEMBERS];
	char name;
	PhpValue object = any_container(PHP_OBJECT, bytes);
	PhpValue value;

	/* No name that is looked for has a zero byte. */
	ASSUME(name != '\0');
	prove_member(&object, php_property(&object, slice_make(&name, 1), &value), &value, &name,
				 is_property);
}

INSTEAD(php_position, php_read, any_read)
PROOF(php_position, 8, "the n-th value is the one behind the n-th key", "2 members")
{
	char bytes[2 * MEMBERS];
	uint32_t n;
	PhpKind kind;
	PhpValue container = any_container(kind, bytes);
	PhpValue value;
	ResultCode result = php_nth(&container, n, &value);

	if ((kind != PHP_ARRAY && kind != PHP_OBJECT) || n >= container.size)
		PROVE(result == RESULT_NO_SUBJECT && n_reads == 0, "there is none");
	else
		PROVE(result == (is_refused ? RESULT_MALFORMED : RESULT_OK), "it is there");
	if (result == RESULT_OK)
		PROVE(n_reads == 2 * (size_t) n + 2 && value.rest.data == reads[n_reads - 1].rest.data,
			  "behind its key");
}
