# Builds session_auth.so with faults.c in it, in a copy of the checkout:
#     make -f test/faults/faults.mk
SOURCE = test/faults/faults.c
OBJECTS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)) $(SOURCE))
# Every function that faults.c wraps is one for the linker.
WRAPPED := $(shell sed -n 's/^\(RAISES\|FAILS\).[^,]*, \([A-Za-z0-9_]*\),.*/\2/p' $(SOURCE)) malloc guc_malloc MemoryContextAllocExtended

all:
	$(MAKE) OBJS='$(OBJECTS)' EXTRA_LINK='$(WRAPPED:%=-Wl,--wrap=%)' PG_CFLAGS='-std=gnu11 -fvisibility=hidden' with_llvm=no all
