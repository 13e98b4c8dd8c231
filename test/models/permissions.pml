/*
 * A backend's cache of permissions, while others change them.  docs/models.md says which step
 * is which function, what is left out, and which mutation (-D) breaks which property.
 *
 * There are two roles, of which B does not exist before the first change.  A transaction grants
 * something to A and denies it to B, or does that to B alone; what it has changed carries the
 * number of its commit, so that a set of both roles tells whether it is of one instant.
 */
#ifndef CHANGES
#define CHANGES 2 /* transactions of others */
#endif
#ifndef OWN_CHANGES
#define OWN_CHANGES 1
#endif
#ifndef STATEMENTS
#define STATEMENTS 2
#endif
#ifndef QUESTIONS
#define QUESTIONS 2 /* of a statement */
#endif
#define XIDS      3
#define OWN       9 /* the number of this backend's own change, as long as it has not committed */

/* Transactions, by number in the order in which they began. */
bit is_running[XIDS], has_committed[XIDS], has_answered[XIDS];
byte next_xid, committed, answered; /* commits: how many there are, and the last that was answered */
byte commit_of[XIDS];
bit is_of_both[XIDS];
byte both_at[XIDS + 1]; /* as of a commit: the newest that has changed both roles */
byte sent;                          /* invalidations */

/* A snapshot, as far as it matters. */
typedef Snapshot {
	byte xmax;
	byte commits;          /* what it sees: the newest commit's number */
	bit running[XIDS];
	bit own                /* this backend's change that has not committed */
};

typedef Role {
	bit is_cached;
	byte commit            /* 0: nothing, and B is not there */
};

/* The backend: what it has heard of, and its cache. */
byte heard, generation = 1, followed_changes;
bit is_followed;
Snapshot followed;
bit followed_own;
Role a, b;
bit set_is_cached, set_has_b, set_misses_b;
byte set_number;           /* counts sets that are gone */
bit own_change;            /* in this backend's open transaction */
byte own_changes, statements;

proctype writer()
{
	byte xid;

	do
	:: atomic { next_xid < CHANGES -> xid = next_xid; next_xid++; is_running[xid] = 1;
			if
			:: is_of_both[xid] = 1
			:: is_of_both[xid] = 0
			fi
		};
		if
		:: atomic { is_running[xid] = 0; has_committed[xid] = 1; committed++; commit_of[xid] = committed;
			both_at[committed] = (is_of_both[xid] -> committed : both_at[committed - 1]) };
			sent++;
			d_step { if :: answered < commit_of[xid] -> answered = commit_of[xid] :: else fi; xid = 0 }
		:: d_step { is_running[xid] = 0; xid = 0 } /* rolled back: nobody is told */
		fi
	od
}

/* AcceptInvalidationMessages(), also wherever a lock is taken */
inline accept()
{
	generation = generation + (sent - heard);
	heard = sent
}

/* drop_sets() */
inline drop_sets()
{
	set_is_cached = 0; set_has_b = 0; set_misses_b = 0;
	set_number++
}

/* end_what_was_handed_out() */
inline end_what_was_handed_out()
{
#ifndef FREE_UNTOLD
	generation++;
#endif
	drop_sets()
}

inline take_snapshot()
{
	now.xmax = next_xid;
	now.commits = committed;
	now.own = own_change;
	for (i : 0 .. XIDS - 1) {
		now.running[i] = is_running[i]
	}
	i = 0
}

/* Whether permission_changes has a row of somebody else that this reader has not followed. */
inline find_changes_of_others()
{
	for (i : 0 .. XIDS - 1) {
		if
		:: has_committed[i] && i < now.xmax && !now.running[i] &&
			(i >= followed.xmax
#ifndef FORGET_THE_RUNNING
				|| followed.running[i]
#endif
				) -> changed_b = 1; changed_a = changed_a || is_of_both[i]
		:: else -> skip
		fi
	}
	i = 0
}

/* permission_changes_since(), concern_cache(), follow_changes() */
inline follow_changes()
{
	more = 0; changed_a = 0; changed_b = 0;
	if
	:: is_followed ->
		find_changes_of_others();
		if
		:: heard_of_more && now.own -> changed_a = 1; changed_b = 1
		:: else -> skip
		fi;
#ifndef FORGET_OWN
		if
		:: heard_of_more && followed_own -> changed_a = 1; changed_b = 1
		:: else -> skip
		fi;
#endif
#ifndef FORGET_THE_MISSED
#define MISSES_B set_misses_b
#else
#define MISSES_B false
#endif
		if
#ifdef FOLLOW_NOTHING
		:: true
#else
		:: changed_a && a.is_cached || changed_b && (b.is_cached || MISSES_B) ->
			end_what_was_handed_out();
			more = 1;
			if
			:: changed_a -> a.is_cached = 0; a.commit = 0
			:: else -> skip
			fi;
			if
			:: changed_b -> b.is_cached = 0; b.commit = 0
			:: else -> skip
			fi
		:: else -> skip
#endif
		fi
	:: else -> skip
	fi
}

/* follow_permission_changes() */
inline note_followed()
{
	if
	:: is_followed && !heard_of_more -> skip
	:: else -> followed_own = now.own
	fi;
	is_followed = 1;
	followed.xmax = now.xmax;
	followed.commits = 0;
	for (i : 0 .. XIDS - 1) {
		followed.running[i] = now.running[i]
	}
	i = 0
}

/* begin_following(): the count first, then the snapshot, then what has changed until then. */
inline begin_following()
{
	accept_somewhere();
#ifndef COUNT_LATER
	count = generation;
#endif
	d_step { take_snapshot() };
#ifdef COUNT_LATER
	accept_somewhere();
	count = generation;
#endif
	d_step {
		heard_of_more = (count != followed_changes);
		followed_changes = 0;
		follow_changes();
		if
#ifndef FREE_UNTOLD
		:: more -> count++
#endif
		:: else -> skip
		fi;
		note_followed()
	};
	followed_changes = count
}

/* role_set_read(); with locks on the way, so that more may be heard of */
inline read_a()
{
	if
	:: !a.is_cached ->
		accept_somewhere();
		atomic {
#ifdef A_SNAPSHOT_FOR_EACH
			take_snapshot();
#endif
			a.is_cached = 1;
			a.commit = (now.own -> OWN : both_at[now.commits])
		}
	:: else -> skip
	fi
}

inline read_b()
{
	if
	:: !b.is_cached ->
		accept_somewhere();
		atomic {
#ifdef A_SNAPSHOT_FOR_EACH
			take_snapshot();
#endif
			b.commit = (now.own -> OWN : now.commits);
			b.is_cached = (b.commit != 0) /* made-up names must not fill the cache */
		}
	:: else -> skip
	fi
}

inline accept_somewhere()
{
	if
	:: d_step { accept() }
	:: skip
	fi
}

/* end_following() */
inline end_following()
{
	atomic {
		now.xmax = 0; now.commits = 0; now.own = 0;
		for (i : 0 .. XIDS - 1) {
			now.running[i] = 0
		}
		i = 0; count = 0; heard_of_more = 0; changed_a = 0; changed_b = 0; more = 0
	}
}

/* read_set() */
inline read_set()
{
	begin_following();
	if
	:: set_is_cached -> skip
	:: else -> skip;
		read_a();
		read_b();
		atomic {
			set_has_b = b.is_cached;
			set_misses_b = !b.is_cached;
			set_is_cached = 1
		}
	fi;
	end_following()
}

/* A statement asks, and what was handed out to it for one row answers the next, while it is good. */
inline ask()
{
	if
	:: has_handed_out && valid_for == generation ->
		/* property: what was handed out is there as long as it is good */
		assert(handed_out == set_number)
	:: else -> skip;
		if
		:: followed_changes == generation && set_is_cached -> skip
		:: else -> read_set()
		fi;
		atomic { has_handed_out = 1; handed_out = set_number; valid_for = followed_changes }
	fi;
	atomic {
		seen_b = (set_has_b -> b.commit : 0);
		/* property: a grant and a denial of one transaction are never seen apart */
		assert(a.commit == (seen_b == OWN -> OWN : both_at[seen_b]));
		/* property: a statement answers by what was answered before it, and by its own changes */
		assert(seen_b == OWN || seen_b >= least);
		assert((a.commit == OWN) == own_change);
		seen_b = 0
	}
}

/* A role alone is cached too, as something else has asked for it. */
inline ask_a()
{
	if
	:: followed_changes == generation && a.is_cached -> skip
	:: else -> begin_following(); read_a(); end_following()
	fi
}

inline ask_b()
{
	if
	:: followed_changes == generation && b.is_cached -> skip
	:: else -> begin_following(); read_b(); end_following()
	fi
}

proctype reader()
{
	Snapshot now;
	byte count, least, handed_out, valid_for, i, seen_b, questions;
	bit heard_of_more, changed_a, changed_b, more, has_handed_out;

	do
	:: statements < STATEMENTS ->
		/* permission_accept_changes(), before a statement first trusts an answer */
		d_step {
			statements++;
			least = answered;
#ifndef HEAR_NOTHING
			accept();
#endif
			has_handed_out = 0; handed_out = 0; valid_for = 0; questions = 0
		};
		do
		:: questions < QUESTIONS -> questions++; ask()
		:: questions < QUESTIONS -> questions++; ask_a()
		:: questions < QUESTIONS -> questions++; ask_b()
		:: accept_somewhere(); break
		od;
		atomic { has_handed_out = 0; handed_out = 0; valid_for = 0; questions = 0; least = 0 }
	/* its own transaction: each command, and a savepoint that is rolled back, tells itself */
	:: d_step { !own_change && own_changes < OWN_CHANGES -> own_changes++; own_change = 1; generation++ }
	:: d_step { own_change -> own_change = 0; generation++ }
	od
}

init
{
	atomic { run writer(); run writer(); run reader() }
}
