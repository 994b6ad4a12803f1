# nano-sre. `make demo` and `make test` do everything on a bare Debian 12: packages, build, run.
#
#   make            build ./nano-sre (the packages must be there: make deps)
#   make demo       a phone shopper shops at the demo store in a real Chromium, then finds it broken; reports
#   make test       every test; prints "N passed, N failed"
#   make lint asan bench fuzz install clean

PREFIX ?= /usr/local
BUILD ?= build
BIN ?= nano-sre
CC ?= gcc
CFLAGS ?= -O2 -g
# make V=1 shows the whole command lines.
say = @$(if $(V),:,echo "  $(1)")
Q = $(if $(V),,@)

PACKAGES = gcc libc6-dev make pkg-config luajit libluajit-5.1-dev libev-dev libcurl4 libcurl4-openssl-dev \
  libwebsockets17 libwebsockets-dev libwebsockets-evlib-ev libsqlite3-dev lua-cjson-dev lua-argparse libssl-dev \
  zlib1g-dev libspng-dev libdeflate-dev chromium-headless-shell fonts-dejavu-core tzdata
TEST_PACKAGES = libcmocka-dev libxml2-utils sqlite3 openssl curl qpsmtpd libio-socket-ssl-perl prometheus chromium procps

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) $(SANITIZE) -Iengine -MMD -MP \
  $(shell pkg-config --cflags luajit 2>/dev/null) -D_GNU_SOURCE -I/usr/include/lua5.1 \
  -DNANO_VERSION='"$(VERSION)"'
VERSION := $(shell cat VERSION)
# libcurl is loaded on first use (io/curl_load.c): linking it would cost every start 3 ms.
LIBS = -lluajit-5.1 -l:liblua5.1-cjson.a -lev -lsqlite3 -lcrypto -lssl -lz -lspng -l:libdeflate.a -lpthread -lm -ldl

SOURCES := $(shell find engine -name '*.c' | sort)
LIB_SOURCES := $(filter-out engine/app/main.c,$(SOURCES))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/stdlib_files.o
STDLIB := $(shell find stdlib scripts -type f ! -name '*_test.lua' 2>/dev/null | sort)
ARGPARSE = /usr/share/lua/5.1/argparse.lua

.PHONY: all deps test-deps demo test unit lint asan fuzz fuzz-one bench install clean
all: $(BIN)

$(BIN): $(OBJECTS)
	$(call say,LINK $@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $(OBJECTS) -Wl,-Bdynamic $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/stdlib_files.o: $(BUILD)/stdlib_files.c
	$(Q)$(CC) -std=gnu11 -O0 -Iengine -c -o $@ $<

# Named as scripts and `require` know them: stdlib/run/main.lua is run/main.lua, bundled scripts keep scripts/….
$(BUILD)/stdlib_files.c: tools/embed.lua $(STDLIB) VERSION Makefile
	@mkdir -p $(@D)
	$(call say,EMBED stdlib)
	$(Q)luajit tools/embed.lua $@ argparse.lua=$(ARGPARSE) VERSION=VERSION \
	  $(foreach f,$(STDLIB),$(patsubst stdlib/%,%,$(f))=$(f))

-include $(OBJECTS:.o=.d)

deps:
	@tools/install-packages $(PACKAGES)
test-deps:
	@tools/install-packages $(PACKAGES) $(TEST_PACKAGES)

demo: deps
	@$(MAKE) --no-print-directory -j2 all
	./$(BIN) demo --tour

test: test-deps
	@$(MAKE) --no-print-directory -j2 all unit
	@tests/run

# Each tests/unit/test_*.c is one cmocka program.
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/unit/%)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/stdlib_files.o
unit: $(UNIT_BINS)
$(BUILD)/libnano.a: $(LIB_OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $(LIB_OBJECTS)
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libnano.a
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Itests/unit -o $@ $< $(BUILD)/libnano.a -lcmocka $(LIBS)

lint:
	luajit tools/lint.lua

# The whole engine and the unit tests under AddressSanitizer and UBSan, then the Lua and e2e tests with that binary.
asan: test-deps
	$(MAKE) --no-print-directory -j2 BUILD=build/asan BIN=nano-sre-asan CFLAGS="-O1 -g -fno-omit-frame-pointer" \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined" all unit
	NANO_SRE=./nano-sre-asan BUILD=build/asan tests/run

# Each tests/fuzz/fuzz_*.c for FUZZ_SECONDS, with clang's libFuzzer (packages clang, libclang-rt-14-dev).
FUZZ_SECONDS ?= 60
FUZZ_CORE = engine/base/mem.c engine/base/utf8.c engine/base/buf.c engine/base/err.c
FUZZ_cdp_split = engine/io/cdp_split.c engine/io/cdp_scan.c
FUZZ_png = engine/io/image.c engine/io/image_png.c engine/io/image_png_common.c engine/io/image_diff.c engine/io/image_boxes.c
fuzz:
	@tools/install-packages $(PACKAGES) clang libclang-rt-14-dev
	@mkdir -p build/fuzz
	@for name in cdp_split png; do \
	  $(MAKE) --no-print-directory fuzz-one NAME=$$name || exit 1; \
	done
fuzz-one:
	clang -g -O1 -std=gnu11 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iengine -o build/fuzz/$(NAME) \
	  tests/fuzz/fuzz_$(NAME).c $(FUZZ_$(NAME)) $(FUZZ_CORE) -lspng -ldeflate -lz -lm
	@mkdir -p build/fuzz/$(NAME)-corpus
	build/fuzz/$(NAME) build/fuzz/$(NAME)-corpus $(wildcard tests/fuzz/$(NAME)) -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
	  $(if $(wildcard tests/fuzz/$(NAME).dict),-dict=tests/fuzz/$(NAME).dict)

bench: test-deps
	@$(MAKE) --no-print-directory -j2 all
	@bench/run

install: all
	install -D -m755 $(BIN) $(DESTDIR)$(PREFIX)/bin/nano-sre

clean:
	rm -rf build nano-sre nano-sre-asan
