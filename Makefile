# dmtl: one Makefile. `make demo` sets up a fresh machine and runs the main job; `make test` sets up and
# passes the tests; `make` builds both programs into build/MODE/.
MODE ?= release
BUILD ?= build
PREFIX ?= /usr/local
CC := gcc
CXX := g++
DATA ?=
FUZZ_S ?= 60
# TORCH=python or LIBTORCH=DIR: another libtorch than the distribution's (setup/configure).
# nothing to change below

OUT := $(BUILD)/$(MODE)
WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 $(if $(WERROR),-Werror)
CWARNINGS := $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wno-sign-conversion
OPT_release := -O2 -g
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FLAGS := $(OPT_$(MODE)) -ffp-contract=off -Iharness -I$(OUT) -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE

BOTH := core analysis store data nets kernels grid
SOURCES_both := $(foreach d,$(BOTH),$(wildcard harness/$d/*.c harness/$d/*.cpp))
SOURCES_dmtl := $(wildcard harness/predict/*.c harness/report/*.c harness/commands/*.c)
SOURCES_torch := $(foreach d,torch model learn worker,$(wildcard harness/$d/*.c harness/$d/*.cpp))
SOURCES_torch := $(filter-out harness/worker/main.c,$(SOURCES_torch))
SOURCES_test := $(wildcard tests/check_*.c tests/fixture_*.c)
objects = $(patsubst %,$(OUT)/%.o,$(basename $(1)))
# Compiled once an instruction set and type of maps, chosen when the program runs (harness/kernels/simd.h).
SIMD_portable :=
SIMD_avx2 := -mavx2 -mfma
SIMD_avx512 := -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma
SIMD_avx512_bf16 := $(SIMD_avx512) -mavx512bf16
MAPS_.f32 :=
MAPS_.bf16 := -DMAPS_ARE_BF16
SIMD := portable.f32 portable.bf16 $(if $(filter x86_64 amd64,$(shell uname -m)),avx2.f32 avx2.bf16 avx512.f32 avx512.bf16 avx512_bf16.bf16)
OBJECTS_simd := $(foreach i,$(SIMD),$(patsubst %.c,$(OUT)/%.$i.o,$(wildcard harness/kernels/simd/*.c)))
OBJECTS_both = $(call objects,$(SOURCES_both)) $(OBJECTS_simd)

all: $(OUT)/dmtl $(OUT)/dmtl-torch

# ---- goals that may be the first command on a machine: they set it up and then call make again ----

FIRST := setup demo test weights wheel-libtorch test-wheel lint fuzz valgrind bench test-fresh test-cuda test-slurm test-html test-latex reference test-kills test-power
setup:
	@setup/packages
demo: setup
	@$(MAKE) --no-print-directory all
	@setup/demo $(OUT)/dmtl
test: setup
	@$(MAKE) --no-print-directory all $(OUT)/check
	$(if $(DATA),DMTL_DATA="$(DATA)" )$(OUT)/check
weights: # WEIGHTS=lite0 (the default) or b0
	@setup/packages weights
	@datasets/fetch-weights $(WEIGHTS)
# Both programs and the tests against the newest libtorch (setup/wheel-libtorch), into build/wheel/.
WHEEL := LIBTORCH=setup/wheel/torch TORCH= BUILD=$(BUILD)/wheel
wheel-libtorch:
	@LIBTORCH=setup/wheel/torch setup/packages wheel
	@setup/wheel-libtorch
	@$(MAKE) --no-print-directory $(WHEEL) all $(BUILD)/wheel/$(MODE)/check
test-wheel: wheel-libtorch # the suites that see libtorch
	$(if $(DATA),DMTL_DATA="$(DATA)" )$(BUILD)/wheel/$(MODE)/check $(shell sed -n 's/^TORCH_SUITE(\(.*\))/\1/p' tests/suites.inc)
lint:
	@setup/packages lint
	clang-format --dry-run -Werror $(FORMATTED)
	@$(MAKE) --no-print-directory all $(OUT)/check WERROR=1
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
		--suppress=missingInclude -Iharness -I$(OUT) $(filter %.c,$(SOURCES_both) $(SOURCES_dmtl) $(SOURCES_torch))
fuzz:
	@setup/packages fuzz
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang CXX=clang++ fuzzers
	@mkdir -p $(BUILD)/corpus/fuzz_tensor_file && cp $(TENSOR_FILES) $(BUILD)/corpus/fuzz_tensor_file
	@for f in $(FUZZERS); do echo "$$f: $(FUZZ_S) s"; mkdir -p $(BUILD)/corpus/$$f && \
		{ [ ! -d tests/fuzz/seeds/$$f ] || cp tests/fuzz/seeds/$$f/* $(BUILD)/corpus/$$f; } && \
		(cd $(BUILD)/corpus && ../fuzz/$$f -max_total_time=$(FUZZ_S) -rss_limit_mb=4096 -print_final_stats=1 $$f) || exit 1; done
valgrind: # SUITE=name: one suite, whichever; without, those of check-plain. Fused products take minutes: portable kernels
	@setup/packages valgrind
	@$(MAKE) --no-print-directory $(if $(SUITE),all $(OUT)/check,$(OUT)/check-plain)
	DMTL_SIMD=$${DMTL_SIMD:-portable} CK_FORK=no CK_EXCLUDE_TAGS=refusals valgrind -q --fair-sched=try --error-exitcode=9 --leak-check=full \
		--suppressions=tests/valgrind.supp $(OUT)/$(if $(SUITE),check $(SUITE),check-plain)
bench: # DATA=DIR: real images; the peers are Pillow and PyTorch of $(PYTHON)
	@$(MAKE) --no-print-directory all $(OUT)/bench-decode
	$(OUT)/dmtl bench --race --end-to-end --python $(PYTHON)
	$(if $(DATA),$(PYTHON) tests/bench/decode.py $(OUT)/bench-decode $(DATA)/utkface 1000)
test-fresh:
	tests/fresh
test-cuda: # DEVICE=cuda:1: another; says that it was skipped where there is no GPU
	@$(MAKE) --no-print-directory all $(OUT)/check
	DMTL_DEVICE=$(or $(DEVICE),cuda) $(OUT)/check sets device
test-slurm: setup # says that it was skipped where there is no root, or no packages of Slurm
	@$(MAKE) --no-print-directory all
	tests/slurm $(OUT)/dmtl
test-html: setup # the HTML report in headless Chromium; says that it was skipped where that cannot be installed
	@$(MAKE) --no-print-directory all
	tests/html $(OUT)/dmtl
test-latex: setup # the tables of `dmtl report --format tex`; says that it was skipped where TeX cannot be installed
	@$(MAKE) --no-print-directory all
	tests/latex $(OUT)/dmtl
reference: setup # DATA=DIR: results/reference/ anew, from DIR/utkface; GRIDS=utkface-quick: of that grid alone
	@$(MAKE) --no-print-directory all
	setup/reference $(OUT)/dmtl $(or $(DATA),$(error reference: say where utkface is: DATA=DIR))/utkface $(GRIDS)
test-kills: setup # the campaigns of `make test` at full length: 400 kills, a thousand cells under eight workers
	@$(MAKE) --no-print-directory all $(OUT)/check
	DMTL_FULL=1 $(OUT)/check kills many_workers
test-power: setup # power cuts at every point of recorded runs, ten states each; `make test` tries a sample
	@$(MAKE) --no-print-directory all $(OUT)/check
	DMTL_FULL=1 $(OUT)/check power
PYTHON ?= /usr/bin/python3

# ---- what the machine has ----

CONFIG := $(BUILD)/config.mk
ifneq ($(if $(MAKECMDGOALS),$(filter-out $(FIRST) clean format,$(MAKECMDGOALS)),all),)
include $(CONFIG)
ifneq ($(TORCH)$(LIBTORCH),)
ifneq ($(TORCH)$(LIBTORCH),$(TORCH_CHOICE))
$(CONFIG): FORCE
endif
endif
endif
$(CONFIG): setup/configure $(wildcard $(LIBTORCH:=/../complete)) # setup/wheel-libtorch writes that one
	@mkdir -p $(@D)
	@TORCH=$(TORCH) LIBTORCH=$(LIBTORCH) setup/configure > $@.new && mv $@.new $@

CFLAGS_ALL = -std=c11 $(FLAGS) $(CWARNINGS) $(PKG_CFLAGS) $(CFLAGS)
CXXFLAGS_ALL = -std=$(CXX_STANDARD) $(FLAGS) $(WARNINGS) $(TORCH_CPPFLAGS) $(CXXFLAGS)

# ---- programs ----

$(OUT)/dmtl: $(call objects,harness/main.c $(SOURCES_dmtl)) $(OBJECTS_both)
	$(CXX) $(OPT_$(MODE)) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)
# All symbols are bound at its start, so that another libtorch ends it there and not in the middle of a cell.
$(OUT)/dmtl-torch: $(call objects,harness/worker/main.c $(SOURCES_torch)) $(OBJECTS_both)
	$(CXX) $(OPT_$(MODE)) -Wl,-z,now $(LDFLAGS) $(TORCH_LDFLAGS) -o $@ $^ $(TORCH_LIBS) $(PKG_LIBS)
$(OUT)/check: $(call objects,$(SOURCES_test) $(SOURCES_torch) $(SOURCES_dmtl)) $(OBJECTS_both)
	$(CXX) $(OPT_$(MODE)) $(LDFLAGS) $(TORCH_LDFLAGS) -o $@ $^ $(TORCH_LIBS) $(PKG_LIBS) $(CHECK_LIBS)
# Without libtorch it starts at once under valgrind: the first suites of tests/suites.inc.
SUITES_plain := $(shell sed -n '/^\#ifndef/q; s/^SUITE(\(.*\))/\1/p' tests/suites.inc)
SOURCES_plain := $(patsubst %,tests/check_%.c,$(SUITES_plain) folder) $(patsubst %,tests/fixture_%.c,bed hash store image predictions kernels)
$(OUT)/check-plain: $(OUT)/tests/plain_main.o $(call objects,$(SOURCES_plain) $(SOURCES_dmtl) harness/learn/schedule.c) $(OBJECTS_both)
	$(CXX) $(OPT_$(MODE)) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(CHECK_LIBS)
$(OUT)/tests/plain_main.o: tests/check_main.c $(CONFIG)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -DCHECK_PLAIN -MMD -MP -c $< -o $@
$(OUT)/bench-%: $(OUT)/tests/bench/%.o $(OBJECTS_both) # tests/bench/NAME.c
	$(CXX) $(OPT_$(MODE)) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)
TENSOR_FILES := $(wildcard tests/fixtures/tensors.safetensors tests/fixtures/*.pth) # one of each format at least
FUZZERS := $(notdir $(basename $(wildcard tests/fuzz/fuzz_*.c)))
fuzzers: $(addprefix $(OUT)/,$(FUZZERS))
$(OUT)/fuzz_%: $(OUT)/tests/fuzz/fuzz_%.o $(OBJECTS_both)
	$(CXX) $(OPT_$(MODE)) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Texts that the programs carry: included as C string literals, #include "harness/store/schema.sql.inc".
EMBEDDED := $(wildcard harness/store/*.sql harness/commands/*.py harness/commands/*.sh harness/commands/*.txt \
	harness/commands/completion.bash harness/commands/completion.zsh datasets/*.json experiments/paper/claims.json \
	plots/*.gp harness/report/*.css harness/report/*.js)
$(OUT)/%.inc: %
	@mkdir -p $(@D)
	@sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $< > $@
$(call objects,$(SOURCES_both) $(SOURCES_dmtl) $(SOURCES_test)): | $(addprefix $(OUT)/,$(addsuffix .inc,$(EMBEDDED)))

# Which program this is: looked at on every call, touched only where it changed; version.c alone has it.
$(OUT)/commit.h: FORCE
	@mkdir -p $(@D)
	@commit=$$(git rev-parse HEAD 2>/dev/null || echo unknown); dirty=false; \
	git diff-index --quiet HEAD -- 2>/dev/null || [ $$commit = unknown ] || dirty=true; \
	printf '#define COMMIT "%s"\n#define COMMIT_DIRTY %s\n' $$commit $$dirty > $@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(call objects,harness/core/version.c): $(OUT)/commit.h
FORCE:

$(addprefix $(OUT)/harness/,core/rng.o data/resize.o analysis/resample.o analysis/resample_whole.o): CFLAGS_ALL += -O3 # their loops are to become vectors
$(OUT)/harness/torch/th_step.o: CXXFLAGS_ALL += -O3 -ffp-contract=off # rounds where PyTorch does
$(OUT)/harness/analysis/resample_whole.o: CFLAGS_ALL += -ffp-contract=fast # of whole numbers it is exact
# Products and sums of vectors become one operation where there is one; the same on every call all the same.
define simd_rule
$(OUT)/harness/kernels/simd/%.$1.o: harness/kernels/simd/%.c $(CONFIG)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $(if $(filter release,$(MODE)),-O3) $(SIMD_$(basename $1)) $(MAPS_$(suffix $1)) -ffp-contract=fast -MMD -MP -c $$< -o $$@
endef
$(foreach i,$(SIMD),$(eval $(call simd_rule,$i)))
$(OUT)/%.o: %.c $(CONFIG)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@
$(OUT)/%.o: %.cpp $(CONFIG)
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS_ALL) -MMD -MP -c $< -o $@

# ---- the rest ----

install: all
	install -D $(OUT)/dmtl $(DESTDIR)$(PREFIX)/bin/dmtl
	install -D $(OUT)/dmtl-torch $(DESTDIR)$(PREFIX)/libexec/dmtl/dmtl-torch
	umask 022; $(OUT)/dmtl manual --quiet $(DESTDIR)$(PREFIX)/share/man
	umask 022; cd $(DESTDIR)$(PREFIX)/share && mkdir -p bash-completion/completions zsh/site-functions && \
		$(abspath $(OUT))/dmtl completion bash >bash-completion/completions/dmtl && \
		$(abspath $(OUT))/dmtl completion zsh >zsh/site-functions/_dmtl
clean:
	rm -rf $(BUILD)
FORMATTED = $(shell git ls-files 'harness/*.[ch]' 'harness/*.cpp' 'harness/*.hpp' 'tests/*.[ch]')
format:
	clang-format -i $(FORMATTED)
.PHONY: all $(FIRST) fuzzers install clean format FORCE
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
