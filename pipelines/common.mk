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

# What of the images had been compressed before, which every table of compression says.
SOURCE_fashion-mnist = Fashion-MNIST, made of JPEG pictures of 762 x 1000, brought to 28 x 28 and not coded since
SOURCE_mnist = MNIST, scanned, brought to 28 x 28, never coded with loss
SOURCE_cifar10 = CIFAR-10, $(MADE_OF_TINY_IMAGES)
SOURCE_cifar100 = CIFAR-100, $(MADE_OF_TINY_IMAGES)
MADE_OF_TINY_IMAGES = made of pictures from the web, JPEG files for the most part, brought to 32 x 32 and, \
	if these are the files as published, not coded since
SOURCE_camvid = CamVid, frames of the compressed video of a digital camera, not coded with loss since if these are \
	as published
SOURCE_scenes = $(MADE_OF)
SOURCE_clips = $(MADE_OF)
MADE_OF = composed, never coded as a whole; of $(call source_of,$(THINGS))$(if $(GROUND),; over pictures of which nothing is known)
source_of = $(or $(SOURCE_$(word 1,$1)),not known; SOURCE=... says it)
SOURCE = $(call source_of,$(DATA))

# $(call same_settings,FOLDER,SETTINGS)
same_settings = $(HERE)same-settings $(PIPELINE) $1 $(foreach v,$2,'$v = $($v)')
$(if $(word 2,$(RUN)),$(error RUN: expected a path without blanks, found '$(RUN)'))
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
