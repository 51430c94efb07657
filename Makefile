# winnow: small Unix filters that make computer vision cheap.
#
#   make demo      sets up what is missing, builds, runs DDS-NAS on Fashion-MNIST
#   make check     sets up what is missing, builds, runs the tests
#   make           builds bin/            make setup     installs missing packages (Debian)
#   make table     the table in README    make bench     speed against PyTorch
#   make study     how far images can be compressed before a network suffers
#   make fuzz      TIME= CPU seconds a parser, ONLY_FUZZ='png json', ENGINE=afl
#   make analyse   gcc's analyser, cppcheck, shellcheck    make threads   the thread sanitizer
#   make coverage  lines and branches that the tests reach, with a verdict
#   make install   PREFIX= DESTDIR=       make clean     removes what make built
#
# Sanitized: make BUILD=build/asan BIN=build/asan/bin SANITIZE=address,undefined check

BUILD ?= build
BIN ?= bin
PREFIX ?= /usr/local
DESTDIR ?=
SHARED ?= ../shared
WERROR ?=
SANITIZE ?=
COVERAGE ?=
CC = gcc
OPT ?= $(if $(COVERAGE),-O1,-O3) -g

# Debian packages: those of the build by the header that shows them to be there, then what the
# pipelines run, then what the tests run.
HEADERS = msgpack.h:libmsgpack-dev xxhash.h:libxxhash-dev Random123/philox.h:librandom123-dev \
	jpeglib.h:libjpeg62-turbo-dev png.h:libpng-dev x264.h:libx264-dev zlib.h:zlib1g-dev \
	protobuf-c/protobuf-c.h:libprotobuf-c-dev fftw3.h:libfftw3-dev
PACKAGES = $(foreach h,$(HEADERS),$(lastword $(subst :, ,$h))) protobuf-c-compiler libonnx-dev \
	dataset-fashion-mnist perl gnuplot-nox graphviz \
	python3-msgpack python3-numpy mandoc strace

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null | sed 's/^v//' || true)

CPPFLAGS = -D_GNU_SOURCE -Ilib -I$(BUILD)/proto -MMD -MP
CFLAGS = -std=gnu11 $(OPT) -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wno-unknown-pragmas -fno-math-errno -ffp-contract=fast -fopenmp $(if $(WERROR),-Werror) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
	$(if $(COVERAGE),--coverage -fprofile-update=atomic -DNO_SANDBOX)
# Of what is parsed each branch counts: none is folded into another.
ifneq ($(COVERAGE),)
$(foreach room,base image measure network rows stream,$(BUILD)/lib/$(room)/%.o): OPT = -O0 -g
endif
LDFLAGS = -fopenmp $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(if $(COVERAGE),--coverage) -Wl,--as-needed
LDLIBS = -lmsgpackc -lxxhash -ljpeg -lpng -lx264 -lz -lprotobuf-c -lfftw3 -lm

# libavformat and libavcodec, where their headers are; programs load them when they read a video.
# (What $(shell) is given of \# differs between versions of make.)
hash := \#
ifeq ($(shell echo '$(hash)include <libavformat/avformat.h>' | $(CC) -E -xc - >/dev/null 2>&1 && echo yes),yes)
CPPFLAGS += -DHAVE_LIBAV
LDLIBS += -ldl
endif

# Kernels are compiled once for each instruction set and chosen at run time (lib/graph/op.h).
ifeq ($(shell uname -m),x86_64)
LEVELS = baseline avx2 avx512
FLAGS_avx2 = -march=x86-64-v3
FLAGS_avx512 = -march=x86-64-v4 -mprefer-vector-width=512
else
LEVELS = baseline
endif

KERNELS := $(sort $(wildcard lib/graph/ops/*.c))
SOURCES := $(sort $(wildcard lib/*/*.c))
TOOLS := $(patsubst tools/%.c,%,$(sort $(wildcard tools/*.c)))
PROGRAMS := $(TOOLS:%=$(BIN)/%)
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/*.c)))
FUZZERS := $(patsubst tests/fuzz/targets/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/targets/*.c)))
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(sort $(wildcard tests/bench/*.c)))

# ONNX's messages, made from Debian's description of them.
ONNX = $(BUILD)/proto/onnx/onnx.pb-c
PROTO ?= /usr/include

LIB = $(BUILD)/libwinnow.a
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o) $(ONNX).o \
	$(foreach l,$(LEVELS),$(KERNELS:lib/graph/ops/%.c=$(BUILD)/kernels/$l/%.o))
# The engine in double, for gradient checks: its own objects in place of lib/graph and lib/network's.
LIB64 = $(BUILD)/libwinnow64.a
SOURCES64 := $(filter lib/graph/% lib/network/% lib/search/%,$(SOURCES))
OBJECTS64 = $(SOURCES64:%.c=$(BUILD)/f64/%.o) \
	$(foreach l,$(LEVELS),$(KERNELS:lib/graph/ops/%.c=$(BUILD)/f64/kernels/$l/%.o)) \
	$(patsubst %.c,$(BUILD)/%.o,$(filter-out $(SOURCES64),$(SOURCES))) $(ONNX).o

# A short line a command; V=1 shows them whole.
show = $(if $(V),,@echo '$1 $@' && )

all: $(PROGRAMS)

# ---- programs and libraries ----

$(BIN)/%: $(BUILD)/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(call show,ld)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(OBJECTS)
	$(call show,ar)rm -f $@ && $(AR) rcs $@ $^
$(LIB64): $(OBJECTS64)
	$(call show,ar)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c | $(BUILD)/headers
	@mkdir -p $(@D)
	$(call show,cc)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(BUILD)/f64/%.o: %.c | $(BUILD)/headers
	@mkdir -p $(@D)
	$(call show,cc)$(CC) -DGRAPH_F64 $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

define KERNEL_RULES
$(BUILD)/kernels/$1/%.o: lib/graph/ops/%.c | $(BUILD)/headers
	@mkdir -p $$(@D)
	$$(call show,cc)$(CC) -DGRAPH_LEVEL=$1 $$(FLAGS_$1) $$(CPPFLAGS) $$(CFLAGS) -c -o $$@ $$<
$(BUILD)/f64/kernels/$1/%.o: lib/graph/ops/%.c | $(BUILD)/headers
	@mkdir -p $$(@D)
	$$(call show,cc)$(CC) -DGRAPH_F64 -DGRAPH_LEVEL=$1 $$(FLAGS_$1) $$(CPPFLAGS) $$(CFLAGS) -c -o $$@ $$<
endef
$(foreach l,$(LEVELS),$(eval $(call KERNEL_RULES,$l)))

$(foreach f,onnx onnx_writer,$(BUILD)/lib/graph/$f.o $(BUILD)/f64/lib/graph/$f.o) $(ONNX).o: $(ONNX).c
$(ONNX).c: $(PROTO)/onnx/onnx.proto | $(BUILD)/headers
	@mkdir -p $(BUILD)/proto
	$(call show,proto)protoc-c --proto_path=$(PROTO) --c_out=$(BUILD)/proto onnx/onnx.proto
$(ONNX).o: | $(BUILD)/headers
	$(call show,cc)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $(ONNX).c
$(PROTO)/onnx/onnx.proto:
	@echo '$@ is missing: make setup, or install Debian'"'"'s libonnx-dev' >&2; exit 1

# One object knows the version, so that a commit recompiles that one alone.
$(BUILD)/lib/base/version.o: $(BUILD)/version
$(BUILD)/lib/base/version.o: CPPFLAGS += -DWINNOW_VERSION='"$(VERSION)"'
$(BUILD)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

# Says which package is missing before the compiler does.
$(BUILD)/headers:
	@mkdir -p $(@D)
	@for h in $(HEADERS); do \
		echo "#include <$${h%:*}>" | $(CC) $(CPPFLAGS) -MF /dev/null -E -xc - >/dev/null 2>&1 || { \
			echo "$${h%:*} is missing: make setup, or install Debian's $${h#*:}" >&2; no=1; }; \
	done; [ -z "$$no" ]
	@touch $@

# In CI, and for check-long, also what the analysers are and what else tests would skip for:
# python3-opencv, 680 MiB with all that it needs, is the only other runtime here that says whether
# what save onnx writes computes the same.
CHECK_PACKAGES = cppcheck shellcheck valgrind clang libomp-dev zsh python3-onnx python3-opencv \
	libavformat-dev ffmpeg netpbm python3-skimage
setup:
	@.ci/setup $(PACKAGES) $(if $(CI)$(CHECK_LONG),$(CHECK_PACKAGES))

# ---- tests: each is a program that writes TAP ----

# tests/unit/NAME.c; those called NAME_f64.c are linked with the engine in double.
$(BUILD)/unit/%_f64: tests/unit/%_f64.c $(LIB64)
	@mkdir -p $(@D)
	$(call show,cc)$(CC) -DGRAPH_F64 $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $< $(LIB64) $(LDLIBS)
$(BUILD)/unit/faults: $(BUILD)/tests/promises/fault.o
$(BUILD)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(call show,cc)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $< \
		$(filter %.o,$^) $(LIB) $(LDLIBS)
$(BUILD)/peers/%_f64: tests/peers/%.c $(LIB64)
	@mkdir -p $(@D)
	$(call show,cc)$(CC) -DGRAPH_F64 $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $< $(LIB64) $(LDLIBS)
$(BUILD)/peers/%: tests/peers/%.c $(LIB)
	@mkdir -p $(@D)
	$(call show,cc)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $< $(LIB) $(LDLIBS)
$(BUILD)/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(call show,cc)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $< $(LIB) $(LDLIBS)

units: $(UNITS) $(FUZZERS)

# tests/fuzz: an entry for each parser, with what an engine would find replayed, or with the engine.
FUZZ_ENGINE ?=
$(BUILD)/tests/fuzz/%.o: CPPFLAGS += -Itests $(if $(FUZZ_ENGINE),-DFUZZ_ENGINE)
$(BUILD)/tests/promises/%.o: CPPFLAGS += -Itests # fault.h
$(BUILD)/fuzz/%: $(addprefix $(BUILD)/tests/fuzz/,targets/%.o input.o engine.o) \
	$(if $(FUZZ_ENGINE),,$(BUILD)/tests/promises/fault.o) $(LIB)
	@mkdir -p $(@D)
	$(call show,ld)$(CC) $(LDFLAGS) $(FUZZ_ENGINE) -o $@ $^ $(LDLIBS)
$(BUILD)/fuzz/options: LDFLAGS += -Wl,--wrap=exit,--wrap=setrlimit
fuzzers: $(FUZZERS)
fuzz:
	@BUILD=$(BUILD) MAKE='$(MAKE)' tests/fuzz/fuzz $(ONLY_FUZZ)

# tests/promises: every program against failing calls, bad inputs, kills.
FAULTS = $(BUILD)/promises/fault.so $(BUILD)/promises/seal
$(BUILD)/promises/fault.so: tests/promises/fault.c tests/promises/serve.c
	@mkdir -p $(@D)
	$(call show,cc)$(CC) $(CPPFLAGS) -Itests $(filter-out -fsanitize=%,$(CFLAGS)) -fPIC -shared -o $@ \
		$(filter %.c,$^)
$(BUILD)/promises/seal: tests/promises/seal.c
	@mkdir -p $(@D)
	$(call show,cc)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -lxxhash
promises: all $(FAULTS)
	@$(TEST_ENV) CHECK_LONG=1 TSV=$(or $(TSV),$(BUILD)/promises.tsv) tests/promises/promises.t

SCRIPTS = $(sort $(wildcard tests/promises/*.t tests/tools/*.t tests/pipelines/*.t))
# It begins first, so that nothing waits for it alone.
LONGEST = tests/promises/promises.t
PROVE = prove --exec '' --timer -j$(shell nproc)
# Waiting threads sleep: tests run beside each other. What makes a pipeline is not this make's.
TEST_ENV = env -u MAKEFLAGS -u MAKELEVEL OMP_WAIT_POLICY=passive \
	BUILD=$(abspath $(BUILD)) BIN=$(abspath $(BIN)) SHARED=$(abspath $(SHARED)) \
	PROMISES_BUILD=$(abspath $(BUILD)/promises) \
	PATH=$(abspath $(BIN)):$$PATH

# The two commands of a newcomer use all cores unasked.
jobs = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
check: setup
	@$(MAKE) --no-print-directory $(jobs) run-tests
run-tests: all units $(FAULTS)
	$(TEST_ENV) $(PROVE) $(LONGEST) $(UNITS) $(FUZZERS) $(filter-out $(LONGEST),$(SCRIPTS))
check-long: export CHECK_LONG = 1
check-long: setup
	@$(MAKE) --no-print-directory $(jobs) run-tests
	@$(MAKE) --no-print-directory analyse
	@$(MAKE) --no-print-directory threads
# Every message that the tests provoke, to be read: exit status, text, how often; of those that
# differ by their numbers alone the first.
messages: all
	@rm -f $(BUILD)/messages.all
	-@$(TEST_ENV) MESSAGES=$(abspath $(BUILD))/messages.all $(PROVE) -Q $(SCRIPTS)
	@awk -F '\t' '{ key = $$0; gsub(/[0-9]+/, "0", key) } !n[key]++ { first[key] = $$0 } \
		END { for (key in n) print first[key] "\t" n[key] }' $(BUILD)/messages.all | \
		sort -t '	' -k 2,2 -k 1,1 >$(BUILD)/messages.txt
	@wc -l $(BUILD)/messages.txt
check-peers: all $(BUILD)/peers/dump $(BUILD)/peers/dump_f64
	$(TEST_ENV) BUILD=$(abspath $(BUILD)) $(PROVE) $(sort $(wildcard tests/peers/*.t))
# A part of it: make bench RUNS=1 ONLY_ROWS='super-net pass-through' TSV=FILE
BENCH = BUILD=$(abspath $(BUILD)) BIN=$(abspath $(BIN)) SHARED=$(abspath $(SHARED)) tests/bench/bench
bench: all $(BENCHES)
	@$(BENCH) compare $(or $(TSV),$(BUILD)/bench.tsv)
bench-growth: all $(BENCHES)
	@$(BENCH) growth $(or $(TSV),$(BUILD)/growth.tsv)
# The kd-forest against a scan: what is visited, and time. LATENTS= a stream of them, as well.
bench-forest: all $(BENCHES)
	@$(BENCH) forest $(or $(TSV),$(BUILD)/forest.tsv)

# Analysers over all sources; the suite's coverage, most of all of what reads untrusted bytes.
analyse: $(ONNX).c
	@BUILD=$(BUILD) tests/analyse
# Threads under clang's sanitizer, which archer tells of clang's OpenMP; of gcc's it knows nothing.
# What clang warns of beside gcc (members left to be zero, above all) is no error of these.
THREADED = $(patsubst %,$(BUILD)/unit/%,gradcheck_f32 gradcheck_kernels_f32 graph kdtree \
	mining_programs random search space tsne) $(patsubst %,tests/tools/%.t,compress embed-2d flow \
	latents mine search-step train train-encoder)
threads:
	@$(MAKE) --no-print-directory $(jobs) BUILD=$(BUILD)/threads BIN=$(BUILD)/threads/bin CC=clang \
		WERROR= SANITIZE=thread OPT='-O1 -g' run-threaded
run-threaded: all $(filter $(BUILD)/%,$(THREADED))
	OMP_NUM_THREADS=2 OMP_TOOL_LIBRARIES=$$(clang -print-resource-dir)/../../libarcher.so \
		TSAN_OPTIONS=ignore_noninstrumented_modules=1 $(TEST_ENV) prove --exec '' --timer $(THREADED)
coverage: setup
	@BUILD=$(BUILD) MAKE='$(MAKE)' tests/coverage

# ---- experiments ----

demo: setup
	@$(MAKE) --no-print-directory $(jobs) all
	+@BIN=$(abspath $(BIN)) pipelines/dds-nas --profile demo
table: PROFILE ?= small
table: all
	+@BIN=$(abspath $(BIN)) pipelines/dds-nas --profile $(PROFILE) \
		--arms "$${ARM:-dds random static}" --seeds "$${SEEDS:-1 2 3}"
	@pipelines/dds-nas-report table runs/fashion-mnist-$(PROFILE)
# Overnight on two cores; arguments go through: make study SEEDS='1 2' ARMS='inference pure'
study: all
	+@pipelines/compression-study BIN=$(abspath $(BIN))
	+@pipelines/compression-study BIN=$(abspath $(BIN)) DATA=scenes
	+@pipelines/compression-study BIN=$(abspath $(BIN)) DATA=clips
	+@if [ -d $(SHARED)/data/camvid ]; then pipelines/compression-study BIN=$(abspath $(BIN)) \
		DATA='camvid $(SHARED)/data/camvid --size 120x160'; else echo 'no CamVid in $(SHARED)' >&2; fi
# What has been shown of the claims that the theses make; claims/ID runs one by its rule, or goes on.
claims:
	@pipelines/claims
claims/P4-9: $(BUILD)/bench/furthest
claims/%: all
	+@pipelines/claims run BIN=$(abspath $(BIN)) SHARED=$(abspath $(SHARED)) \
		FURTHEST=$(abspath $(BUILD))/bench/furthest $*
	@pipelines/claims $*
full-search: all
	+@BIN=$(abspath $(BIN)) pipelines/dds-nas --profile wide --arms dds --until search

# ---- manual pages, completion, installation ----

# Programs go to libexec, as names like `load` and `train` are too common for a shared bin/;
# `winnow load` finds them there, and so does a shell with that folder on its PATH.
LIBEXEC = $(DESTDIR)$(PREFIX)/libexec/winnow
MAN = $(DESTDIR)$(PREFIX)/share/man
BASH_COMPLETIONS = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
PAGES = $(patsubst %,$(BUILD)/man/%.1,$(filter-out winnow-winnow,$(TOOLS:%=winnow-%)) winnow)
SCRIPT_PAGES = $(wildcard man/*.1)
FORMATS = $(wildcard man/*.5)
FAMILY = $(wildcard man/*.7)
PIPELINES = $(filter-out %.md,$(wildcard pipelines/*))

man: $(PAGES)
$(BUILD)/man/winnow.1: $(BIN)/winnow
	@mkdir -p $(@D)
	@$< --help=man >$@.new && mv $@.new $@
$(BUILD)/man/winnow-%.1: $(BIN)/%
	@mkdir -p $(@D)
	@$< --help=man >$@.new && mv $@.new $@
completion: $(BUILD)/completion/winnow $(BUILD)/completion/_winnow
$(BUILD)/completion/winnow: $(PROGRAMS) pipelines/complete
	@mkdir -p $(@D)
	@{ for p in $(PROGRAMS); do $$p --help=bash || exit; done; pipelines/complete bash; } >$@.new
	@mv $@.new $@
$(BUILD)/completion/_winnow: $(PROGRAMS) pipelines/complete
	@mkdir -p $(@D)
	@{ echo "#compdef $(TOOLS) $$(pipelines/complete names)"; \
		for p in $(PROGRAMS); do $$p --help=zsh || exit; done; pipelines/complete zsh; \
		echo '"_winnow_$${service//-/_}" "$$@"'; } >$@.new && mv $@.new $@

install: all man completion
	install -d $(DESTDIR)$(PREFIX)/bin $(LIBEXEC) $(MAN)/man1 $(MAN)/man5 $(MAN)/man7 \
		$(BASH_COMPLETIONS) $(ZSH_COMPLETIONS)
	install $(PROGRAMS) $(PIPELINES) $(LIBEXEC)
	ln -sf ../libexec/winnow/winnow $(DESTDIR)$(PREFIX)/bin/winnow
	install -m 644 $(PAGES) $(SCRIPT_PAGES) $(MAN)/man1
	install -m 644 $(FORMATS) $(MAN)/man5
	install -m 644 $(FAMILY) $(MAN)/man7
	install -m 644 $(BUILD)/completion/winnow $(BASH_COMPLETIONS)
	install -m 644 $(BUILD)/completion/_winnow $(ZSH_COMPLETIONS)

uninstall:
	rm -rf $(LIBEXEC)
	rm -f $(DESTDIR)$(PREFIX)/bin/winnow $(BASH_COMPLETIONS)/winnow $(ZSH_COMPLETIONS)/_winnow
	rm -f $(PAGES:$(BUILD)/man/%=$(MAN)/man1/%) $(SCRIPT_PAGES:man/%=$(MAN)/man1/%) $(FORMATS:man/%=$(MAN)/man5/%) \
		$(FAMILY:man/%=$(MAN)/man7/%)

clean:
	rm -rf build bin

.PHONY: all setup units fuzzers fuzz analyse threads run-threaded coverage messages check run-tests check-long check-peers promises bench bench-growth bench-forest demo table study claims \
	full-search man completion install uninstall clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
