# The pure layer without a server: unit tests, sanitizers, fuzzing.
#
#   make -f test/pure.mk unit        unit tests, plainly built
#   make -f test/pure.mk unit-asan   the same with AddressSanitizer and
#                                    UndefinedBehaviorSanitizer, and every fuzz seed
#   make -f test/pure.mk fuzz        a minute of libFuzzer for each target
#   make -f test/pure.mk fuzz-quick  three seconds for each
#   make -f test/pure.mk constant-time  builds what test/t/constant_time.t runs under valgrind
#   make -f test/pure.mk bench       microseconds of each primitive and token
#
# Runs from the top of the repository; all output is under build/.  Wants
# OpenSSL 3's headers and, for fuzzing, clang with its compiler-rt.

BUILD = build/pure

PURE = $(patsubst src/%.c,%,$(sort $(wildcard src/pure/*.c)))
SUPPORT = tap vectors verdict signed portable_base64
TESTS = $(patsubst test/unit/%.c,%,$(sort $(wildcard test/unit/*_test.c)))
FUZZERS = $(patsubst test/fuzz/%_fuzz.c,%,$(sort $(wildcard test/fuzz/*_fuzz.c)))
HEADERS = $(wildcard src/pure/*.h) $(wildcard test/unit/*.h) $(wildcard bench/*.h)

WARNINGS = -Wall -Wextra -Werror -Wmissing-prototypes -Wdeclaration-after-statement
PURE_CFLAGS = -std=gnu11 -O2 -g $(WARNINGS) -Isrc -Itest/unit \
	-DOPENSSL_NO_DEPRECATED -DOPENSSL_API_COMPAT=30000 -fvisibility=hidden
PURE_LIBS = -lcrypto -lz

# HAVE_LIBSODIUM=no builds without it; say BUILD= as well.
HAVE_LIBSODIUM ?= $(shell pkg-config --exists libsodium 2>/dev/null && echo yes)
ifeq ($(HAVE_LIBSODIUM),yes)
PURE_CFLAGS += -DHAVE_LIBSODIUM $(shell pkg-config --cflags libsodium)
PURE_LIBS += -ldl
endif
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
# Longer than session_auth.max_token_length's default, so that limits are met.
FUZZ_MAX_LEN ?= 20000

PLAIN = $(BUILD)/plain
ASAN = $(BUILD)/asan
FUZZ = $(BUILD)/fuzz
SEEDS = $(BUILD)/seeds

.PHONY: constant-time unit unit-asan fuzz fuzz-quick bench unit-build asan-build fuzz-build
.SECONDARY:

unit: unit-build
	@test/unit/run.sh $(TESTS:%=$(PLAIN)/%)

unit-asan: asan-build $(SEEDS)/.done
	@test/unit/run.sh $(TESTS:%=$(ASAN)/%)
	@for f in $(FUZZERS); do \
		$(ASAN)/seed_$$f $(SEEDS)/$$f || exit 1; done

fuzz: fuzz-build $(SEEDS)/.done
	@for f in $(FUZZERS); do \
		echo "# fuzzing $$f for $(FUZZ_SECONDS) s"; \
		mkdir -p $(FUZZ)/corpus/$$f; \
		$(FUZZ)/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -max_len=$(FUZZ_MAX_LEN) \
			-timeout=10 -rss_limit_mb=1024 -artifact_prefix=$(FUZZ)/$$f- \
			$(FUZZ)/corpus/$$f $(SEEDS)/$$f >$(FUZZ)/$$f.log 2>&1 \
			|| { tail -40 $(FUZZ)/$$f.log; exit 1; }; \
		grep -E '^(Done|#[0-9]+.*DONE)' $(FUZZ)/$$f.log; done

fuzz-quick:
	@$(MAKE) -f test/pure.mk --no-print-directory fuzz FUZZ_SECONDS=3

# What comparisons and decoders answer is public; it is marked so in the program.
constant-time: $(PLAIN)/constant_time
$(PLAIN)/constant_time: PURE_LIBS += -Wl,--wrap=crypto_equal,--wrap=base64_decode

bench: $(PLAIN)/primitives
	@$<

unit-build: $(TESTS:%=$(PLAIN)/%)
asan-build: $(TESTS:%=$(ASAN)/%) $(FUZZERS:%=$(ASAN)/seed_%)
fuzz-build: $(FUZZERS:%=$(FUZZ)/fuzz_%)

$(PLAIN)/%.o: src/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) -c $< -o $@

$(PLAIN)/%.o: test/unit/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) -c $< -o $@

$(PLAIN)/%: $(PLAIN)/%.o $(PURE:%=$(PLAIN)/%.o) $(SUPPORT:%=$(PLAIN)/%.o)
	$(CC) $(PURE_CFLAGS) $^ $(PURE_LIBS) -o $@

$(ASAN)/%.o: src/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) $(SANITIZE) -c $< -o $@

$(ASAN)/%.o: test/unit/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) $(SANITIZE) -c $< -o $@

$(ASAN)/%.o: test/fuzz/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) $(SANITIZE) -c $< -o $@

$(ASAN)/seed_%: $(ASAN)/%_fuzz.o $(ASAN)/seed_main.o $(PURE:%=$(ASAN)/%.o)
	$(CC) $(PURE_CFLAGS) $(SANITIZE) $^ $(PURE_LIBS) -o $@

$(ASAN)/%: $(ASAN)/%.o $(PURE:%=$(ASAN)/%.o) $(SUPPORT:%=$(ASAN)/%.o)
	$(CC) $(PURE_CFLAGS) $(SANITIZE) $^ $(PURE_LIBS) -o $@

$(FUZZ)/%.o: src/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(PURE_CFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link -c $< -o $@

$(FUZZ)/%.o: test/fuzz/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(PURE_CFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link -c $< -o $@

$(FUZZ)/fuzz_%: $(FUZZ)/%_fuzz.o $(PURE:%=$(FUZZ)/%.o)
	$(FUZZ_CC) $(PURE_CFLAGS) $(SANITIZE) -fsanitize=fuzzer $^ $(PURE_LIBS) -o $@

# The seeds come from the vectors, by way of the unit tests' own reader.
$(SEEDS)/.done: $(PLAIN)/seeds $(wildcard test/vectors/*.json)
	@rm -rf $(SEEDS)
	@mkdir -p $(FUZZERS:%=$(SEEDS)/%)
	@$(PLAIN)/seeds $(SEEDS)
	@touch $@

$(PLAIN)/%.o: bench/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) -c $< -o $@

$(PLAIN)/seeds.o: test/fuzz/seeds.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) -c $< -o $@
