/*
 * A session that two servers write and replicate to each other logically: ends merge, and
 * both come to the same row, whichever arrives first.  docs/models.md says which step is
 * which function, what is left out, and which mutation (-D) breaks which property.
 *
 * A transaction is one step, and so is applying one that has arrived; each server's arrive
 * in order, as late as they like.  The two clocks need not agree.
 */
#ifndef TOKENS
#define TOKENS 4
#endif
#ifndef ENDS
#define ENDS 2
#endif
#ifndef TOUCHES
#define TOUCHES 2
#endif
#define NONE  7 /* of the tokens has been rotated away by this transaction */
#define NEVER 0

typedef Session {
	bit is_there;
	byte token;
	byte token_at;   /* when it was given out */
	byte seen;
	byte ended;      /* when; NEVER */
	bit rotated[TOKENS]
};

Session server[2];
byte time[2];
bit has_ended[2];    /* for the property: the end has been visible here */
bit is_known_ended;  /* … and somebody was answered */
byte issued, touches, ends;
bit lives_again = 1; /* a name for what must not be reached */

/* What a transaction says: a token that has a successor now, the row as it left it, or that it went. */
chan sent[2] = [8] of { byte, bit, byte, byte, byte, byte };

#define HERE       server[me]
#define THERE      (1 - me)
#define LATER(a, b) (a > b -> a : b)
#define IS_LIVE(s) (s.is_there && s.ended == NEVER)

inline tick()
{
	time[me]++
}

inline send(rotated_token)
{
	sent[me]!rotated_token, HERE.is_there, HERE.token, HERE.token_at, HERE.seen, HERE.ended;
	has_ended[me] = has_ended[me] || !IS_LIVE(HERE)
}

/* ------------------------------------------------------------------- what a server does */

/* edit_rotate(): later than the token before it, whatever the clock says */
inline rotate()
{
	tick();
	HERE.rotated[HERE.token] = 1;
	t = HERE.token;
	issued++;
	HERE.token = issued;
	HERE.token_at = LATER(time[me], HERE.token_at + 1);
	HERE.seen = LATER(HERE.seen, time[me]);
	send(t);
	t = 0
}

/* edit_last_seen(), and edit_refresh() */
inline touch()
{
	tick();
	if
	:: HERE.seen < time[me] -> HERE.seen = time[me]; send(NONE)
	:: else
	fi
}

/* edit_end(), by an administrator, a sign-out, or a rotated token after its grace */
inline end()
{
	tick();
	HERE.ended = time[me];
	send(NONE);
	is_known_ended = 1
}

/* delete_ended() with the session's rotated tokens */
inline purge()
{
	HERE.is_there = 0;
	forget();
	send(NONE)
}

inline forget()
{
	HERE.token = 0; HERE.token_at = 0; HERE.seen = 0; HERE.ended = 0;
	for (t : 0 .. TOKENS - 1) {
		HERE.rotated[t] = 0
	}
	t = 0
}

/* ------------------------------------------------------------------- what arrives there */

/* Of two tokens the one that does not stay is rotated away, as of now. */
inline note_lost(lost)
{
#ifndef FORGET_THE_LOST
	HERE.rotated[lost] = 1
#else
	skip
#endif
}

/* merge_tokens() */
inline merge_tokens()
{
	if
	:: HERE.token == token || HERE.rotated[token]
	:: else ->
		if
#ifdef MERGE_BY_USE
		/* of two without a successor, the one that was used later */
		:: !HERE.rotated[HERE.token] && (seen < HERE.seen || (seen == HERE.seen && token < HERE.token)) -> HERE.rotated[token] = 1
#else
		:: !HERE.rotated[HERE.token] && (token_at < HERE.token_at || (token_at == HERE.token_at && token < HERE.token)) -> note_lost(token)
#endif
		:: else -> note_lost(HERE.token); HERE.token = token; HERE.token_at = token_at
		fi
	fi
}

/* merged_session() */
inline merge()
{
#ifdef ROWS_REPLACE
	HERE.token = token; HERE.token_at = token_at; HERE.seen = seen; HERE.ended = ended;
#else
	merge_tokens();
	HERE.seen = LATER(seen, HERE.seen);
#ifdef LATER_END
	HERE.ended = ended;
#else
	HERE.ended = (HERE.ended == NEVER || (ended != NEVER && ended < HERE.ended) -> ended : HERE.ended);
#endif
#endif
	has_ended[me] = has_ended[me] || !IS_LIVE(HERE)
}

/*
 * merge_rotated_token(), merge_session(), in the order in which the transaction has written;
 * SUCCESSOR_FIRST: in the other one.  A row that has been deleted here is passed over.
 */
inline apply()
{
	sent[THERE]?rotated_token, is_there, token, token_at, seen, ended;
#ifndef SUCCESSOR_FIRST
	if
	:: rotated_token != NONE && HERE.is_there -> HERE.rotated[rotated_token] = 1
	:: else
	fi;
#endif
	if
	:: !HERE.is_there
	:: HERE.is_there && !is_there -> HERE.is_there = 0; forget(); has_ended[me] = 1
	:: HERE.is_there && is_there -> merge()
	fi;
#ifdef SUCCESSOR_FIRST
	if
	:: rotated_token != NONE && HERE.is_there -> HERE.rotated[rotated_token] = 1
	:: else
	fi;
#endif
	rotated_token = 0; is_there = 0; token = 0; token_at = 0; seen = 0; ended = 0
}

/* What is so whenever nothing is on its way. */
inline assert_merged()
{
	if
	:: len(sent[0]) + len(sent[1]) == 0 ->
		/* property: both have the same row */
		assert(server[0].is_there == server[1].is_there && server[0].token == server[1].token && server[0].seen == server[1].seen &&
			server[0].ended == server[1].ended);
		for (t : 0 .. TOKENS - 1) {
			assert(server[0].rotated[t] == server[1].rotated[t])
		}
		t = 0;
		/* property: an end that was answered is everywhere, and the token in force has no successor */
		assert(!(is_known_ended && (IS_LIVE(server[0]) || IS_LIVE(server[1]))));
		assert(!server[0].is_there || !server[0].rotated[server[0].token]);
		/* property: whatever token was given out, it is in force or known to be rotated away, and has its grace */
		for (t : 0 .. issued) {
			assert(!server[0].is_there || server[0].token == t || server[0].rotated[t])
		}
		t = 0
	:: else
	fi
}

proctype one(byte me)
{
	bit is_there;
	byte t, rotated_token, token, token_at, seen, ended;

	do
	:: d_step { IS_LIVE(HERE) && issued + 1 < TOKENS && nfull(sent[me]) -> rotate() }
	:: d_step { IS_LIVE(HERE) && touches < TOUCHES && nfull(sent[me]) -> touches++; touch() }
	:: d_step { IS_LIVE(HERE) && ends < ENDS && nfull(sent[me]) -> ends++; end() }
	:: d_step { HERE.is_there && HERE.ended != NEVER && nfull(sent[me]) -> purge() }
	:: d_step { nempty(sent[THERE]) -> apply(); assert_merged() }
	/* property: what has ended here never lives here again */
	:: has_ended[me] && IS_LIVE(HERE) -> assert(!lives_again)
	od
}

init
{
	atomic {
		server[0].is_there = 1; server[1].is_there = 1;
		if
		:: time[1] = 0
		:: time[1] = 1
		:: time[1] = 2
		fi;
		run one(0); run one(1)
	}
}
