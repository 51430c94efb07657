# What the makefiles of pipelines have in common. Before they include this they set RUN, the folder
# of results, and NAMES, what a call may set.

SHELL = /bin/bash
.SHELLFLAGS = -o pipefail -euc
MAKEFLAGS += --no-builtin-rules --no-print-directory
HERE := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))/
PIPELINE := $(basename $(notdir $(firstword $(MAKEFILE_LIST))))
export PATH := $(or $(BIN),$(HERE):$(abspath $(HERE)../bin)):$(PATH)
# Reports are text or, with --json, JSON. PLAIN leaves histories and clock times out, so that runs
# can be compared byte by byte.
JSON =
PLAIN =
plain = $(if $(PLAIN),--no-history)
threads = $(THREADS:%=--threads %)

# $(call same_settings,FOLDER,SETTINGS)
same_settings = $(HERE)same-settings $(PIPELINE) $1 $(foreach v,$2,'$v = $($v)')
ifneq ($(RUN),)
$(RUN)/settings: FORCE
	@$(call same_settings,$(RUN),$(SETTINGS))
endif

help:
	@echo 'usage: $(PIPELINE) $(or $(USAGE),[-jN] [--json] [TARGET]... [SETTING=VALUE]...)'; echo
	@sed -n '1,/^$$/s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))
	@printf '\nVERSIONS=any lets another version of the programs go on with a run. Settings:\n\n'
	@printf '%s\n' $(foreach v,$(filter-out JSON,$(NAMES)),'$v = $($v)')
names:
	@echo $(NAMES) VERSIONS PLAIN BIN
.PHONY: help names FORCE
