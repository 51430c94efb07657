# winnow: small Unix filters that make computer vision cheap.
#   make demo    sets up what is missing, builds, runs DDS-NAS on Fashion-MNIST
#   make check   sets up what is missing, builds, runs the tests
# Sanitized builds: make BUILD=build/asan SANITIZE=address,undefined check
# `make setup` installs packages (Debian); everything else only tells what it misses.

BUILD ?= build
BIN ?= bin
PREFIX ?= /usr/local
DESTDIR ?=
WERROR ?=
SANITIZE ?=
CC = gcc
OPT ?= -O3 -g

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null | sed 's/^v//' || true)

BLAS_DIR := $(firstword $(wildcard /usr/lib/*/openblas-serial))
BLAS_INCLUDE := $(firstword $(wildcard /usr/include/*/openblas-serial))

CPPFLAGS = -D_GNU_SOURCE -DWINNOW_VERSION='"$(VERSION)"' -Ilib -I$(BLAS_INCLUDE) -MMD -MP
CFLAGS = -std=gnu11 $(OPT) -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wno-unknown-pragmas -fno-math-errno -ffp-contract=fast -fopenmp $(if $(WERROR),-Werror) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
LDFLAGS = -fopenmp $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -L$(BLAS_DIR) -Wl,-rpath,$(BLAS_DIR) \
	-Wl,--as-needed
LDLIBS = -lopenblas -lmsgpackc -lxxhash -ljpeg -lpng -lz -lm

# Kernels are compiled once for each instruction set and chosen at run time (lib/graph/op.h).
ifeq ($(shell uname -m),x86_64)
LEVELS = baseline avx2 avx512
FLAGS_avx2 = -march=x86-64-v3
FLAGS_avx512 = -march=x86-64-v4 -mprefer-vector-width=512
else
LEVELS = baseline
endif

KERNELS := $(sort $(wildcard lib/graph/ops/*.c))
ONLY ?= %
SOURCES := $(filter $(ONLY),$(sort $(wildcard lib/*/*.c)))
TOOLS := $(patsubst tools/%.c,%,$(sort $(wildcard tools/*.c)))
PROGRAMS := $(TOOLS:%=$(BIN)/%)
UNITS := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/*.c)))

LIB = $(BUILD)/libwinnow.a
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o) \
	$(foreach l,$(LEVELS),$(KERNELS:lib/graph/ops/%.c=$(BUILD)/kernels/$l/%.o))
# The engine in double, for gradient checks: its own objects in place of lib/graph and lib/network's.
LIB64 = $(BUILD)/libwinnow64.a
SOURCES64 := $(filter lib/graph/% lib/network/%,$(SOURCES))
OBJECTS64 = $(SOURCES64:%.c=$(BUILD)/f64/%.o) \
	$(foreach l,$(LEVELS),$(KERNELS:lib/graph/ops/%.c=$(BUILD)/f64/kernels/$l/%.o)) \
	$(patsubst %.c,$(BUILD)/%.o,$(filter-out $(SOURCES64),$(SOURCES)))

all: $(PROGRAMS)

$(BIN)/%: $(BUILD)/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(OBJECTS)
	rm -f $@ && $(AR) rcs $@ $^
$(LIB64): $(OBJECTS64)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(BUILD)/f64/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -DGRAPH_F64 $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

define KERNEL_RULES
$(BUILD)/kernels/$1/%.o: lib/graph/ops/%.c
	@mkdir -p $$(@D)
	$(CC) -DGRAPH_LEVEL=$1 $$(FLAGS_$1) $$(CPPFLAGS) $$(CFLAGS) -c -o $$@ $$<
$(BUILD)/f64/kernels/$1/%.o: lib/graph/ops/%.c
	@mkdir -p $$(@D)
	$(CC) -DGRAPH_F64 -DGRAPH_LEVEL=$1 $$(FLAGS_$1) $$(CPPFLAGS) $$(CFLAGS) -c -o $$@ $$<
endef
$(foreach l,$(LEVELS),$(eval $(call KERNEL_RULES,$l)))

# Unit tests: tests/unit/NAME.c, those called NAME_f64.c linked with the engine in double.
$(BUILD)/unit/%_f64: tests/unit/%_f64.c $(LIB64)
	@mkdir -p $(@D)
	$(CC) -DGRAPH_F64 $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $< $(LIB64) $(LDLIBS)
$(BUILD)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -MF $@.d -o $@ $< $(LIB) $(LDLIBS)

units: $(UNITS:%=$(BUILD)/unit/%)

clean:
	rm -rf build bin

.PHONY: all units clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
