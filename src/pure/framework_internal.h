/*
 * framework_internal.h
 *		What the files behind frameworks.h share; nobody else includes this.
 *
 * An Opening goes through them in order: framework_proof.c shows that the value is genuine and
 * finds the content that the proof covers, framework_time.c judges its age, framework_payload.c
 * (with framework_envelope.c and framework_erlang.c) finds who it is.
 */
#ifndef SESSION_AUTH_FRAMEWORK_INTERNAL_H
#define SESSION_AUTH_FRAMEWORK_INTERNAL_H

#include "pure/arena.h"
#include "pure/frameworks.h"
#include "pure/json.h"
#include "pure/time_units.h"

typedef struct Opening
{
	const Framework *row;
	const FrameworkKey *key;
	const FrameworkOptions *options;
	const FrameworkCookie *cookie;
	int64_t now_us;
	Arena *arena;
	FrameworkProof *proof;
} Opening;

/* --------------------------------------------------------------- frameworks.c */

/* Is an age counted from a time of issue that the cookie has? */
extern bool framework_is_aged(const Framework *row);

/* -------------------------------------------------------------- framework_key.c */

/* Is its cipher here?  Some are libsodium's. */
extern bool framework_is_supported(const Framework *row);

/* ------------------------------------------------------------ framework_proof.c */

/* As framework_open(); *content is what was proved, decoded as far as the proof's form goes. */
extern ResultCode framework_prove(const Opening *o, Slice *content);

/* Is given the MAC over parts, written as the row has it, with any of the keys? */
extern ResultCode framework_check_mac(const Opening *o, const Slice *parts, int n_parts,
									  Slice given);

/* Takes the prefix off; false when value has not the row's form of PROOF_MAC. */
extern bool framework_split_mac(const Framework *row, Slice value, Slice *covered, Slice *content,
								Slice *mac);

/* Where the content is decrypted to; NULL when there is no room. */
extern unsigned char *framework_room(const Opening *o, size_t len, Slice *content);

/* ------------------------------------------------------------ framework_seals.c */

extern ResultCode framework_prove_laravel(const Opening *o, Slice *content);
extern ResultCode framework_prove_iron(const Opening *o, Slice *content);
extern bool framework_is_iron(const Framework *row, Slice value);

/* ------------------------------------------------------------ framework_cache.c */

extern ResultCode framework_prove_jwe(const Opening *o, Slice *content);

/* better-auth's: answers for the whole cookie. */
extern ResultCode framework_open_cache(const Opening *o);

/* ------------------------------------------------------------- framework_time.c */

/* Takes the time off the content's end where the row has one there. */
extern ResultCode framework_take_time(const Opening *o, Slice *content);

/* Notes a time that the payload has as a member; doc's root. */
extern ResultCode framework_member_time(const Opening *o, const JsonDoc *doc);

/* Notes that it ends at this instant, if nothing ends it before. */
extern void framework_note_end(FrameworkProof *proof, int64_t expires_us);

/* RESULT_OK, RESULT_EXPIRED, RESULT_NOT_YET_VALID or RESULT_NO_EXPIRY. */
extern ResultCode framework_check_time(const Opening *o);

/* ---------------------------------------------------------- framework_payload.c */

extern ResultCode framework_read(const Opening *o, Slice content);

/* Scans JSON with nodes of the arena's. */
extern ResultCode framework_scan(const Opening *o, Slice text, JsonDoc *doc);

/* Decodes base64 in either alphabet into the arena. */
extern ResultCode framework_decode(const Opening *o, Slice text, bool url, Slice *bytes);

/* JSON that is read whole: its times, its claims, its id. */
extern ResultCode framework_read_json(const Opening *o, Slice text);

/* The text of an id, as a user or as a session, whichever is yielded; RESULT_NO_SUBJECT for "". */
extern ResultCode framework_yield_text(const Opening *o, Slice text);

/* Where the id lies: the options' path, or the row's. */
extern size_t framework_path_len(const Opening *o);
extern Slice framework_path_step(const Opening *o, size_t i);

/* ------------------------------------------------- framework_envelope.c, _erlang.c */

/* Notes in the key how envelopes of its name end. */
extern void framework_note_rails_end(FrameworkKey *key);

extern ResultCode framework_read_rails(const Opening *o, Slice content);
extern ResultCode framework_read_named(const Opening *o, Slice content);

/* encoded: in base64url. */
extern ResultCode framework_read_erlang(const Opening *o, Slice content, bool encoded);
extern ResultCode framework_read_erlang_token(const Opening *o, Slice content);

#endif /* SESSION_AUTH_FRAMEWORK_INTERNAL_H */
