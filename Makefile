# session_auth: build, install and test.
#
# `make`, `make install` and `make installcheck` are PGXS's and need pg_config.
# The house goals below each call one script; they include no PGXS, so that
# `make demo` and `make check` work where only make and git are installed.

HOUSE_GOALS = demo demo-web check check-web bench bench-quick fuzz lint models format check-format packages deb dist

ifneq ($(filter $(HOUSE_GOALS),$(MAKECMDGOALS)),)

.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)

$(HOUSE_GOALS):
	@scripts/$(subst packages,install-packages,$@)

# `make clean check`: what is PGXS's goes to a make of its own.
$(filter-out $(HOUSE_GOALS),$(MAKECMDGOALS)):
	@$(MAKE) --no-print-directory $@

else

EXTENSION = session_auth
# The control file is the one place that knows the version.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" session_auth.control)

MODULE_big = session_auth
# The rooms of src/ and what each may include: src/README.md.
SOURCES = $(wildcard src/*.c src/*/*.c)
OBJS = $(patsubst %.c,%.o,$(sort $(SOURCES)))
SHLIB_LINK = -lcrypto -lz $(EXTRA_LINK)

# Without libsodium the two kinds of cookies that need it are refused when their secret is added.
HAVE_LIBSODIUM ?= $(shell pkg-config --exists libsodium 2>/dev/null && echo yes)
ifeq ($(HAVE_LIBSODIUM),yes)
# It is loaded when a cookie first needs it (src/pure/crypto_sodium.c), by the name of the version that is here.
SHLIB_LINK += -ldl
SODIUM_SONAME := $(shell objdump -p "$$(pkg-config --variable=libdir libsodium)/libsodium.so" | sed -n 's/.*SONAME *//p')
endif

PG_CFLAGS = -std=gnu11 -Wall -Wextra -fvisibility=hidden
# PG_FUNCTION_ARGS and hooks hand over arguments that not every function needs.
PG_CFLAGS += -Wno-unused-parameter
ifdef WERROR
PG_CFLAGS += -Werror
endif
# Hidden but for what is marked; up to 15 PostgreSQL's own mark says nothing.
PG_CPPFLAGS = -Isrc -DPGDLLEXPORT='__attribute__((visibility("default")))'
ifeq ($(HAVE_LIBSODIUM),yes)
PG_CPPFLAGS += -DHAVE_LIBSODIUM $(if $(SODIUM_SONAME),-DSODIUM_SONAME='"$(SODIUM_SONAME)"') $(shell pkg-config --cflags libsodium)
endif

# The install script, in the order in which its parts build upon each other.
SQL_PARTS = schema sessions identity permissions keys adopt adopt_bans adopt_sessions adopt_roles adopt_leave replication policies columns guard check access \
	postgrest user_ids purge monitor nodes rights
SQL_PART_FILES = $(SQL_PARTS:%=sql/parts/%.sql)
BASE_SCRIPT = sql/session_auth--$(EXTVERSION).sql

# From each version before to this one; those to versions that are out are kept.
UPDATE_SCRIPTS = $(patsubst sql/upgrade/%,sql/session_auth--%,$(wildcard sql/upgrade/*--$(EXTVERSION).sql))

DATA_built = $(BASE_SCRIPT) $(UPDATE_SCRIPTS)
DATA = $(wildcard sql/released/session_auth--*--*.sql)

# pg_regress finds test/sql through --inputdir and expected/ by itself;
# isolation tests of 15 write below --outputdir, and look for expected/ there.
REGRESS = $(sort $(basename $(notdir $(wildcard test/sql/*.sql))))
REGRESS_OPTS = --inputdir=test
ISOLATION = $(sort $(basename $(notdir $(wildcard test/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test --outputdir=.

EXTRA_CLEAN = results regression.diffs regression.out tmp_check $(wildcard src/*.gcda src/*.gcno src/*/*.gcda src/*/*.gcno)

PG_CONFIG ?= pg_config
ifeq ($(shell command -v $(PG_CONFIG)),)
$(error pg_config not found: run `make packages` first, or set PG_CONFIG)
endif
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Headers are few and small: a change in one builds everything anew.
$(OBJS): $(wildcard src/*/*.h) session_auth.control Makefile

.PHONY: scripts
scripts: $(DATA_built)

$(BASE_SCRIPT): $(SQL_PART_FILES) session_auth.control Makefile
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION session_auth" to load this file. \quit'; \
	   cat $(SQL_PART_FILES); } > $@.tmp && mv $@.tmp $@

sql/session_auth--%--$(EXTVERSION).sql: sql/upgrade/%--$(EXTVERSION).sql $(SQL_PART_FILES) scripts/update-script
	@scripts/update-script $< $(SQL_PART_FILES) > $@.tmp && mv $@.tmp $@

endif
