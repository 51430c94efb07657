# Where may compression come into a search: in front of the search, of the training and test of the
# network found, of both, of the encoder? (Poyser 2023, ch. 6.) On the rules of dds-nas.mk, whose
# settings hold here, too.
#
#   compressed-search                            Fashion-MNIST, three seeds: overnight
#   compressed-search -j2 SEEDS='1 2 3 4 5' COLUMNS='evaluation no-retraining'
#   compressed-search DATA='cifar10 FOLDER' POOL=500 PROFILE=small
#   compressed-search so-far                     the tables of what there is by now
#   compressed-search --json so-far              the same, and every figure, as JSON
#   compressed-search --help                     this, and all settings; --version
#
# COLUMNS, each at every one of LEVELS (JPEG qualities):
#   no-retraining     searched and trained on the images as they are, tested at the level
#   evaluation        searched as they are, trained and tested at the level
#   search final      searched at the level: the super-net; trained and tested at it, too
#   mixed-evaluation  searched as they are, trained on images of mixed levels, tested at the level
#   mixed-search      the same, searched on mixed levels, too
#   clean             searched at the level, trained and tested as they are
#   encoder           how far apart an encoder keeps the classes at the level, if it was trained on
#                     images as they are, or at the level

DATA = fashion-mnist
PROFILE = brief
LEVELS = 95 75 50 15 10 5
COLUMNS = no-retraining evaluation search final mixed-evaluation mixed-search clean encoder
SEEDS = 1 2 3
RUN = runs/compressed-search-$(word 1,$(DATA))

all: report
include $(dir $(lastword $(MAKEFILE_LIST)))dds-nas.mk
NAMES = $(SETTINGS) SOURCE PROFILE LEVELS COLUMNS SEEDS RUN THREADS QUIET VERBOSE JSON

none =
mixed = $(subst $(none) $(none),$(comma),$(strip $(LEVELS)))
column_no-retraining = $(LEVELS:%=dds/at-%.json)
column_evaluation = $(LEVELS:%=dds-final-%/metrics.json)
column_search = $(LEVELS:%=dds-search-%/supernet.json)
column_final = $(foreach q,$(LEVELS),dds-search-$q-final-$q/metrics.json)
column_mixed-evaluation = $(LEVELS:%=dds-final-$(mixed)/at-%.json)
column_mixed-search = $(LEVELS:%=dds-search-$(mixed)-final-$(mixed)/at-%.json)
column_clean = $(LEVELS:%=dds-search-%/metrics.json)
column_encoder = $(foreach q,$(LEVELS),trained-search-$q/space.json \
	trained-encoder-$q-search-$q/space.json)

known = $(patsubst column_%,%,$(filter column_%,$(.VARIABLES)))
$(foreach c,$(COLUMNS),$(if $(filter $(known),$c),,$(error COLUMNS: there is no $c, but $(sort $(known)))))
figures: $(foreach s,$(SEEDS),$(foreach c,$(COLUMNS),$(column_$c:%=$(RUN)/seed-$s/%)))
report: figures
	@$(REPORT) levels $(RUN) '$(SOURCE)' $(LEVELS) >$(RUN)/table.md.new && mv $(RUN)/table.md.new $(RUN)/table.md
	@$(if $(JSON),$(REPORT) levels-json $(RUN) '$(SOURCE)' $(LEVELS),cat $(RUN)/table.md)
so-far:
	@$(REPORT) $(if $(JSON),levels-json,levels) $(RUN) '$(SOURCE)' $(LEVELS)
.PHONY: all figures report so-far
