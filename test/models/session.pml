/*
 * A session's life on one server with two backends, which crashes and comes back, and on a
 * standby that replays late and may be promoted.  docs/models.md says which step is which
 * function, what is left out, and which mutation (-D) breaks which property.
 *
 * Each step is one instant: what one look-up sees with its snapshot, what is read and edited
 * under the row's lock, a commit's record in the log, from when others see it, the answer.
 * Everything else may happen between two steps.
 */
#define TOKENS    3
#define LAST_TIME 2
#define LIFETIME  2
#define GRACE     1
#define PLACES    3
#define NOWHERE   3 /* no place is remembered */
#define NOBODY    7 /* has the lock */
#define NEVER     7

#ifndef USES
#define USES 2
#endif
#ifndef ROTATIONS
#define ROTATIONS 1
#endif
#ifndef REFRESHES
#define REFRESHES 1
#endif
#ifndef ENDS
#define ENDS 1
#endif
#ifndef CRASHES
#define CRASHES 0
#endif

mtype = { OK, NO_SESSION, ENDED, STOLEN, KNOWN_AS_STOLEN, EXPIRED };

/* A version of the session's row, with its rows of rotated_tokens: they are written together. */
typedef Row {
	bit is_there;
	bit ended;
	byte token;
	byte place;
	byte expires;
	byte seen;
	byte rotated_at[TOKENS]
};

/* What a backend remembers: where it found a token last (recent_rows.c), a theft (known_thefts.c). */
typedef Memory {
	byte place;
	byte token;
	bit known;
	bit settled;
#ifdef REMEMBER_ROWS
	bit ended;
#endif
};

Row row[2];         /* of each server: the version that is visible */
bit ended_once[2];  /* … has been one that had ended: for the property alone */
Row pending;        /* what the transaction with the lock is writing */
bit is_logged;      /* … and would be there again after a crash */
byte lock_of = NOBODY;
Memory memory[3];
bit crashed[2];
byte primary;       /* the server that is written */
bit gone;           /* server 0, for good */
byte now, issued, uses, rotations, refreshes, ends, crashes;
byte cookie;        /* the last token that the honest client was answered */
byte cookie_rotated_at = NEVER;
bit opens_another = 1, serves_unsettled = 1; /* names for what must not be reached */

/* From server 0 to its standby: versions, in the order of their commits. */
chan log = [1] of { bit, bit, byte, byte, byte, byte, byte, byte, byte };

#define ME          memory[me]
#define HERE        row[n]
#define IS_WRITABLE (n == primary)
#define LIVES(r)    (r.is_there && !r.ended && r.expires > now)
#define FIELDS(r)   r.is_there, r.ended, r.token, r.place, r.expires, r.seen, r.rotated_at[0], r.rotated_at[1], r.rotated_at[2]
#define IS_IN(r, t) (r.token == t || r.rotated_at[t] != NEVER)
#define SAME(a, b)  (a.is_there == b.is_there && a.ended == b.ended && a.token == b.token && a.expires == b.expires && a.seen == b.seen)

inline copy_row(to, from)
{
	to.is_there = from.is_there; to.ended = from.ended; to.token = from.token; to.place = from.place;
	to.expires = from.expires; to.seen = from.seen;
	to.rotated_at[0] = from.rotated_at[0]; to.rotated_at[1] = from.rotated_at[1]; to.rotated_at[2] = from.rotated_at[2]
}

inline forget_row(r)
{
	r.is_there = 0; r.ended = 0; r.token = 0; r.place = 0; r.expires = 0; r.seen = 0;
	r.rotated_at[0] = 0; r.rotated_at[1] = 0; r.rotated_at[2] = 0
}

inline make_visible(server, from)
{
	copy_row(row[server], from);
	ended_once[server] = ended_once[server] || from.ended || !from.is_there
}

/* From when on the honest client's token has a successor, whether or not that has been answered. */
inline note_rotation()
{
	if
	:: cookie_rotated_at == NEVER && pending.is_there && pending.rotated_at[cookie] != NEVER -> cookie_rotated_at = now
	:: else
	fi
}

/* ------------------------------------------------------------------------------ writing */

/* catalog_edit_session(): the lock, then the newest version. */
inline lock_newest()
{
	lock_of == NOBODY -> lock_of = me;
#ifdef EDIT_WHAT_WAS_FOUND
	copy_row(pending, found)
#else
	copy_row(pending, HERE)
#endif
}

inline unlock()
{
	forget_row(pending); is_logged = 0; lock_of = NOBODY
}

inline log_commit()
{
	atomic {
		if
		:: n == 0 && !gone -> log!FIELDS(pending)
		:: else
		fi;
		is_logged = 1
	}
}

inline show_commit()
{
	make_visible(n, pending);
	note_rotation();
	unlock()
}

/* Ends with the row as it was, where the caller may fail, or with what is pending. */
inline commit(may_fail)
{
	if
	:: log_commit(); d_step { show_commit() }
	:: may_fail -> d_step { unlock() }
	fi
}

/* ---------------------------------------------------------------------------- verifying */

#ifdef FORGET_THEFTS
#define IS_KNOWN false
#else
#define IS_KNOWN ME.known
#endif

/* session_check() */
inline check()
{
	if
	:: !found.is_there -> result = NO_SESSION
	:: found.is_there && found.ended -> result = ENDED
	:: found.is_there && !found.ended && IS_KNOWN -> result = KNOWN_AS_STOLEN
	:: found.is_there && !found.ended && !IS_KNOWN && found.expires <= now -> result = EXPIRED
	:: else -> result = OK
	fi
}

/*
 * catalog_find_session(): what is at the remembered place now, or else by the index.  That
 * the place failed changes nothing, so both are one instant: of the one that found it.
 */
inline find_by_token()
{
	found.is_there = 0;
	if
#ifdef REMEMBER_ROWS
	:: ME.place != NOWHERE && ME.token == t -> copy_row(found, HERE); found.is_there = 1; found.ended = ME.ended; found.expires = LIFETIME
#endif
#ifdef PLACE_IS_ENOUGH
	/* a place that the row has left is another session's by now */
	:: ME.place != NOWHERE && ME.token == t && !(HERE.is_there && HERE.token == t) -> assert(!opens_another)
#endif
	:: else ->
		if
		:: HERE.is_there && HERE.token == t ->
			copy_row(found, HERE); ME.place = HERE.place; ME.token = t;
#ifdef REMEMBER_ROWS
			ME.ended = found.ended
#endif
		:: else
		fi
	fi;
	check()
}

/* The second half of find_rotated(): the session by its id, a look-up after that of the token. */
inline find_by_id()
{
	copy_row(found, HERE);
	check();
	if
	:: result == OK && over + GRACE <= now -> result = STOLEN
	:: else
	fi
}

/* Of each answer, at the instant of the look-up that it comes from. */
inline assert_properties()
{
	/* an end is for good, on each server from when it is visible there */
	assert(!(result == OK && was_ended));
	/* what this backend knows to be stolen it refuses */
	assert(!(result == OK && was_known));
	/* the honest client's token works, within its grace too */
	assert(!(was_cookie && t == cookie && result == NO_SESSION && HERE.is_there && over == NEVER));
	assert(!(was_cookie && t == cookie && result == STOLEN && (cookie_rotated_at == NEVER || cookie_rotated_at + GRACE > now)))
}

/* session_find() */
inline verify()
{
	d_step {
		find_by_token();
		over = NEVER;
		if
		:: result != NO_SESSION -> assert_properties()
		:: else
		fi
	}
	if
	:: result == NO_SESSION ->
		d_step { over = HERE.rotated_at[t]; assert_properties() };
		if
		:: over != NEVER -> d_step { find_by_id(); assert_properties() }
		:: else
		fi
	:: else
	fi;
	if
	:: result == STOLEN -> report_theft()
	:: else
	fi
}

/* ------------------------------------------------------------------------------- changes */

/* edit_end() */
inline end_session(may_fail)
{
	atomic {
		lock_newest();
		if
		:: LIVES(pending) -> pending.ended = 1; pending.expires = now
		:: else -> unlock()
		fi
	}
	if
	:: lock_of == me -> commit(may_fail)
	:: else
	fi
}

/* theft_report(): a worker ends the session, where one can be had; this transaction raises. */
inline report_theft()
{
	if
#ifdef THEFT_ENDS_IN_ITS_TRANSACTION
	:: true /* which is rolled back */
#else
	:: IS_WRITABLE -> atomic { ME.known = 1; ME.settled = 0 }; end_session(0)
	:: atomic { ME.known = 1; ME.settled = 0 } /* no worker, or the row was locked for too long */
#endif
	fi;
	d_step {
		ME.settled = ME.known && (HERE.ended || !HERE.is_there);
		/* property: used after its grace it ends the session, or this backend will */
		assert(!LIVES(HERE) || (ME.known && !ME.settled))
	}
}

/* theft_settle(), which each request begins with */
inline settle_thefts()
{
	end_session(1);
	d_step { ME.settled = HERE.ended || !HERE.is_there || HERE.expires <= now }
}

/* write_touches(): waits for nobody, and writes upon the version that it has looked at or not at all. */
inline touch()
{
#ifndef TOUCH_WHAT_WAS_FOUND
	d_step { copy_row(found, HERE) };
#endif
	atomic {
		if
#ifdef TOUCH_WHAT_WAS_FOUND
		:: lock_of == NOBODY ->
#else
		:: lock_of == NOBODY && SAME(found, HERE) && found.is_there && !found.ended && found.seen < now ->
#endif
			lock_of = me; copy_row(pending, found); pending.seen = now
		:: else
		fi
	}
	if
	:: lock_of == me -> commit(0)
	:: else
	fi
}

/* edit_rotate(); who is second keeps its cookie (lost_the_race()). */
inline rotate()
{
	atomic {
		lock_newest();
		if
#ifdef ROTATE_ANY
		:: LIVES(pending) && issued + 1 < TOKENS ->
#else
		:: LIVES(pending) && pending.token == t && issued + 1 < TOKENS ->
#endif
#ifndef ROTATE_WITHOUT_TRACE
			pending.rotated_at[t] = now;
#endif
			issued++;
			pending.token = issued;
			pending.place = (pending.place + 1) % PLACES; /* token_key is indexed: no HOT update */
			pending.seen = now;
			t = issued
		:: else -> unlock()
		fi
	}
	if
	:: lock_of == me ->
		commit(1);
		/* the browser keeps what it was answered last; what was rolled back, nobody was */
		d_step {
			if
			:: HERE.token == t || HERE.rotated_at[t] != NEVER -> cookie = t; cookie_rotated_at = HERE.rotated_at[t]
			:: else
			fi
		}
	:: else
	fi
}

/* edit_refresh() */
inline refresh()
{
	atomic {
		lock_newest();
		if
#ifdef EDIT_WHAT_WAS_FOUND
		:: true ->
#else
		:: LIVES(pending) ->
#endif
			if
			:: pending.expires < now + LIFETIME -> pending.expires = now + LIFETIME
			:: else
			fi;
			pending.seen = now
		:: else -> unlock()
		fi
	}
	if
	:: lock_of == me -> commit(0)
	:: else
	fi
}

/* delete_ended() passes over what is locked. */
inline purge()
{
	lock_of = me;
	copy_row(pending, HERE);
	pending.is_there = 0;
	pending.rotated_at[0] = NEVER; pending.rotated_at[1] = NEVER; pending.rotated_at[2] = NEVER
}

/* -------------------------------------------------------------------------------- actors */

/* Any token that there is, whoever has it. */
inline begin()
{
	do
	:: t < issued -> t++
	:: break
	od;
	was_ended = ended_once[n];
	was_known = ME.known;
	was_cookie = (t == cookie && IS_WRITABLE && (!gone || IS_IN(row[1], cookie)))
}

/* A request leaves nothing behind but what its backend remembers. */
inline done()
{
	t = 0; over = 0; result = 0; was_ended = 0; was_cookie = 0; was_known = 0;
	forget_row(found)
}

#ifdef NEVER_SETTLE
#define MUST_SETTLE false
#else
#define MUST_SETTLE (ME.known && !ME.settled && IS_WRITABLE)
#endif

proctype backend(byte me; byte n)
{
	Row found;
	mtype result;
	bit was_ended, was_cookie, was_known;
	byte t, over;

again:
	{
		do
		:: MUST_SETTLE -> settle_thefts()
		:: atomic { !MUST_SETTLE && uses < USES -> uses++; begin() };
			verify();
			if
			:: result == OK && IS_WRITABLE && found.seen < now -> touch()
			:: else
			fi;
			d_step { done() }
		:: atomic { !MUST_SETTLE && IS_WRITABLE && rotations < ROTATIONS -> rotations++; begin() };
			verify();
			if
			:: result == OK && over == NEVER && IS_WRITABLE -> rotate()
			:: else
			fi;
			d_step { done() }
		:: atomic { !MUST_SETTLE && IS_WRITABLE && refreshes < REFRESHES -> refreshes++; begin() };
			verify();
			if
			:: result == OK && IS_WRITABLE -> refresh()
			:: else
			fi;
			d_step { done() }
		:: atomic { IS_WRITABLE && ends < ENDS -> ends++ }; end_session(1)
		:: d_step { IS_WRITABLE && lock_of == NOBODY && HERE.is_there && HERE.expires <= now -> purge() };
			commit(0)
		/* property: a theft that this backend knows of has ended the session before it serves anybody */
		:: !MUST_SETTLE && IS_WRITABLE && ME.known && !ME.settled && LIVES(HERE) -> assert(!serves_unsettled)
		od
	}
#if CRASHES
	unless { n == 0 && crashed[me] };
	d_step { done(); crashed[me] = 0 };
	if
	:: !gone -> goto again
	:: else
	fi
#endif
}

/* Replay, whenever it likes; what has not arrived when it is promoted never does. */
active proctype standby()
{
	Row arrived;

	do
	:: atomic { log?FIELDS(arrived) ->
		if
		:: primary == 0 -> make_visible(1, arrived)
		:: else
		fi;
		forget_row(arrived) }
	od
}

/* The grace counts from the call of rotate_session(): its commit does not take that long. */
#ifdef SLOW_COMMITS
#define IS_ROTATING false
#else
#define IS_ROTATING (lock_of != NOBODY && pending.is_there && pending.token != row[primary].token)
#endif

active proctype clock()
{
	do
	:: d_step { now < LAST_TIME && !IS_ROTATING -> now++ }
	od
}

#if CRASHES
inline lose_memory(b)
{
	crashed[b] = 1; memory[b].place = NOWHERE; memory[b].token = 0; memory[b].known = 0; memory[b].settled = 0
}

/* Server 0 recovers what is in its log, or is replaced by its standby with what that has. */
active proctype crash()
{
	do
	:: atomic { !gone && crashes < CRASHES ->
		crashes++;
		lose_memory(0); lose_memory(1);
		if
		:: if
			:: is_logged -> make_visible(0, pending); note_rotation()
			:: else
			fi
		:: gone = 1; primary = 1;
			/* what had not arrived there never was */
			if
			:: row[1].rotated_at[cookie] == NEVER -> cookie_rotated_at = NEVER
			:: else -> cookie_rotated_at = (cookie_rotated_at == NEVER -> now : cookie_rotated_at)
			fi
		fi;
		unlock() }
	od
}
#endif

init
{
	atomic {
		row[0].is_there = 1;
		row[0].expires = LIFETIME;
		row[0].rotated_at[0] = NEVER; row[0].rotated_at[1] = NEVER; row[0].rotated_at[2] = NEVER;
		copy_row(row[1], row[0]);
		memory[0].place = NOWHERE; memory[1].place = NOWHERE; memory[2].place = NOWHERE;
		run backend(0, 0); run backend(1, 0);
#ifndef ALONE
		run backend(2, 1)
#endif
	}
}
