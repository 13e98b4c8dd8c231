# Builds other.so where it is called: make -C DIR -f $PWD/test/other/other.mk
MODULE_big = other
OBJS = other.o
PG_CFLAGS = -std=gnu11 -Wall -Wextra -Wno-unused-parameter
# Up to PostgreSQL 15 its own mark says nothing.
PG_CPPFLAGS = -DPGDLLEXPORT='__attribute__((visibility("default")))'
VPATH = $(dir $(firstword $(MAKEFILE_LIST)))

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
