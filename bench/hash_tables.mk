# Builds hash_tables and runs it: make -f bench/hash_tables.mk
PG_CONFIG ?= pg_config

.PHONY: run
run:
	mkdir -p build/bench
	$(CC) -O2 -w -I$(shell $(PG_CONFIG) --includedir-server) -Isrc -o build/bench/hash_tables bench/hash_tables.c
	build/bench/hash_tables
