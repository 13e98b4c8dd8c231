# Builds floor.so where it is called: make -C build/bench -f $PWD/bench/floor.mk
MODULE_big = floor
OBJS = floor.o
SHLIB_LINK = -lcrypto

PG_CFLAGS = -std=gnu11 -Wall -Wextra -Wno-unused-parameter
# Up to PostgreSQL 15 its own mark says nothing.
PG_CPPFLAGS = -DPGDLLEXPORT='__attribute__((visibility("default")))'

# Where PostgreSQL was not itself built in another directory, its makefiles look no further.
VPATH = $(dir $(firstword $(MAKEFILE_LIST)))

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
