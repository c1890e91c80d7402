# dmtl: one Makefile. `make` builds both programs, `make test` sets up and passes the tests.
MODE ?= release
BUILD ?= build
PREFIX ?= /usr/local
CC ?= gcc
CXX ?= g++
TORCH_INC ?= /usr/include/torch/csrc/api/include
TORCH_LIBS ?= -ltorch -ltorch_cpu -lc10
# nothing to change below

OUT := $(BUILD)/$(MODE)
PACKAGES := sqlite3 libcjson libjpeg libpng libexif libcrypto
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) check)
PKG_LIBS := $(shell pkg-config --libs $(PACKAGES)) -lm -lpthread
WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2
CWARNINGS := $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wno-sign-conversion
OPT_release := -O2 -g
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS := $(OPT_$(MODE)) -ffp-contract=off -Iharness -I$(OUT) -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE
CFLAGS_ALL := -std=c11 $(FLAGS) $(CWARNINGS) $(PKG_CFLAGS) $(CFLAGS)
CXXFLAGS_ALL := -std=c++17 $(FLAGS) $(WARNINGS) $(addprefix -isystem ,$(TORCH_INC)) $(CXXFLAGS)

BOTH := core analysis store data nets grid
SOURCES_both := $(foreach d,$(BOTH),$(wildcard harness/$d/*.c harness/$d/*.cpp))
SOURCES_dmtl := $(wildcard harness/report/*.c harness/commands/*.c)
SOURCES_torch := $(foreach d,torch model learn worker,$(wildcard harness/$d/*.c harness/$d/*.cpp))
SOURCES_torch := $(filter-out harness/worker/main.c,$(SOURCES_torch))
SOURCES_test := $(wildcard tests/check_*.c tests/fixture_*.c)
objects = $(patsubst %,$(OUT)/%.o,$(basename $(1)))

all: $(OUT)/dmtl $(OUT)/dmtl-torch

$(OUT)/dmtl: $(call objects,harness/main.c $(SOURCES_dmtl) $(SOURCES_both))
	$(CXX) $(OPT_$(MODE)) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)
$(OUT)/dmtl-torch: $(call objects,harness/worker/main.c $(SOURCES_torch) $(SOURCES_both))
	$(CXX) $(OPT_$(MODE)) $(LDFLAGS) -o $@ $^ $(TORCH_LIBS) $(PKG_LIBS)
$(OUT)/check: $(call objects,$(SOURCES_test) $(SOURCES_torch) $(SOURCES_dmtl) $(SOURCES_both))
	$(CXX) $(OPT_$(MODE)) $(LDFLAGS) -o $@ $^ $(TORCH_LIBS) $(PKG_LIBS) $(shell pkg-config --libs check)

# Programs of tests/bench: bench-NAME from tests/bench/NAME.c, on what both programs share.
$(OUT)/bench-%: $(OUT)/tests/bench/%.o $(call objects,$(SOURCES_both))
	$(CXX) $(OPT_$(MODE)) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Texts that the programs carry: included as C string literals, #include "harness/store/schema.sql.inc".
EMBEDDED := $(wildcard harness/store/*.sql datasets/*.json plots/*.gp)
$(OUT)/%.inc: %
	@mkdir -p $(@D)
	sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $< > $@
$(call objects,$(SOURCES_both) $(SOURCES_dmtl) $(SOURCES_test)): | $(addprefix $(OUT)/,$(addsuffix .inc,$(EMBEDDED)))

$(OUT)/harness/data/resize.o: CFLAGS_ALL += -O3 # its loops are to become vectors
# Which program this is: remade on every call, touched only where it changed; version.c alone has it.
$(OUT)/commit.h: FORCE
	@mkdir -p $(@D)
	@commit=$$(git rev-parse HEAD 2>/dev/null || echo unknown); dirty=false; \
	git diff-index --quiet HEAD -- 2>/dev/null || [ $$commit = unknown ] || dirty=true; \
	printf '#define COMMIT "%s"\n#define COMMIT_DIRTY %s\n' $$commit $$dirty > $@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(call objects,harness/core/version.c): $(OUT)/commit.h
FORCE:

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@
$(OUT)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS_ALL) -MMD -MP -c $< -o $@

test: all $(OUT)/check
	$(OUT)/check
clean:
	rm -rf $(BUILD)
format:
	clang-format -i $(shell git ls-files 'harness/*.c' 'harness/*.h' 'harness/*.cpp' 'tests/*.c' 'tests/*.h')
.PHONY: all test clean format FORCE
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
