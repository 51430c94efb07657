# What are small networks worth? Trains the cells of a search space, each alone and by several seeds,
# into one table: the truth, for whatever claims to rank architectures. Beside it stands what NASWOT
# makes of them without training (Poyser 2023, 4.5.2). Every stage is one command whose effect is one
# file that appears whole, so what was stopped goes on; -jN, -n, -k are make's.
#
#   cell-bench -j2 THREADS=1                     125 cells of 3 nodes, 60 of NAS-Bench-201: a night
#   cell-bench -j2 THREADS=1 COUNT=200           goes on with more of NAS-Bench-201
#   cell-bench SPACES=tinycell-27 EPOCHS=5 RUN=brief
#   cell-bench MINED='runs/fashion-mnist-small/seed-*/dds/search/subset.50'
#                                                scores of mined batches beside those of random ones
#                                                (table 17; BATCH='32 64 128' of larger subsets)
#   cell-bench scores PUBLISHED=accuracies.tsv COUNT=1000, then so-far with these and CHOICE=100
#                                                by what others trained; nothing is trained here
#   cell-bench so-far                            the report of what there is by now
#   cell-bench --json so-far                     its figures, as JSON
#   cell-bench --help                            this, and all settings; --version
#
# SPACES: all of tinycell-27 or tinycell-125, of which the former is a part; COUNT of nasbench201.
#
#   RUN/pool validation test      disjoint images, as many of each class, the same for all
#   RUN/SPACE/cells               texts, a line a cell
#   RUN/SPACE/random-N-B.scores   what score makes of them by a batch of N images of the pool; mined-N-B
#   RUN/SPACE/N/seed-S/net        line N, trained; training.json validation.json test.json
#   RUN/results.tsv               a line a cell and seed
#   RUN/SPACE.tsv                 a line a cell, means over the seeds: for evaluate ranks
#   RUN/SPACE-published.tsv       the same of those in PUBLISHED, by its accuracies
#   RUN/table.md                  how far seeds differ; what ranks the cells as the truth does

DATA = fashion-mnist --size 14x14
SPACES = tinycell-125 nasbench201
COUNT = 60
SEEDS = 1 2 3
RUN = runs/cells-$(word 1,$(DATA))
# Images a class.
POOL = 1000
VALIDATION = 200
TEST = 500
# Of the networks: cells in each of their stages.
CELLS = 1
CHANNELS = 8
EPOCHS = 20
TRAIN = --batch 64 --rate 0.1 --augment none
# Of scores: images of a batch, one size or several; batches of each; files of ids (subsets that mine
# left) to draw other batches from; of how many cells one is picked.
BATCH = 64
BATCHES = 50
MINED =
CHOICE = 20
# A table with columns architecture and accuracy, in %, of cells that were trained elsewhere.
PUBLISHED =
THREADS =

SETTINGS = DATA POOL VALIDATION TEST CELLS CHANNELS EPOCHS TRAIN
NAMES = $(SETTINGS) SPACES COUNT SEEDS BATCH BATCHES MINED CHOICE PUBLISHED RUN THREADS JSON

all: report
include $(dir $(lastword $(MAKEFILE_LIST)))common.mk
REPORT = $(HERE)cell-bench-report
told = $(RUN) '$(SPACES)' '$(SEEDS)' '$(samplers)' '$(BATCH)' '$(BATCHES)' '$(CHOICE)' '$(PUBLISHED)'

# A stem is SPACE/N/seed-S, or SPACE/SAMPLER-N-B.
part = $(word $1,$(subst /, ,$*))
space = $(call part,1)
last = $(lastword $(subst -, ,$*))
whole = $(patsubst tinycell-%,%,$(filter tinycell-%,$1))
count = $(or $(call whole,$1),$(COUNT))
size = --cells $$(($(CELLS) * $(if $(call whole,$(space)),2,3))) --channels $(CHANNELS)

subsets := $(if $(MINED),$(or $(wildcard $(MINED)),$(error MINED: no file $(MINED))))
samplers = random $(if $(subsets),mined)
batches = $(shell seq $(BATCHES))
scores = $(foreach p,$(SPACES),$(foreach m,$(samplers),$(foreach n,$(BATCH),$(batches:%=$(RUN)/$p/$m-$n-%.scores))))
of_nets = $(foreach p,$(SPACES),$(foreach n,$(shell seq $(call count,$p)),$(SEEDS:%=$(RUN)/$p/$n/seed-%/$1)))

report: figures
	@$(REPORT) results $(told)
	@$(REPORT) table $(told) >$(RUN)/table.md.new && mv $(RUN)/table.md.new $(RUN)/table.md
	@$(if $(JSON),$(REPORT) json $(told),cat $(RUN)/table.md)
so-far:
	@$(REPORT) results $(told)
	@$(REPORT) $(if $(JSON),json,table) $(told)
scores: $(scores)
figures: $(scores) $(call of_nets,test.json) $(call of_nets,validation.json) $(call of_nets,training.json)
.PHONY: all report so-far scores figures
.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:

# ---- data ----

$(RUN)/pool: | $(RUN)/settings
	@load $(DATA) train | pick --per-class $(POOL) --seed 1 $(plain) -o $@
$(RUN)/validation: $(RUN)/pool
	@load $(DATA) train | pick --not-ids $< | pick --per-class $(VALIDATION) --seed 1 $(plain) -o $@
$(RUN)/test: | $(RUN)/settings
	@load $(DATA) test | pick --per-class $(TEST) --seed 1 $(plain) -o $@

# ---- cells, and what they score untrained ----

# Of more cells than before, the first are the same.
$(RUN)/%/cells: FORCE | $(RUN)/settings
	@mkdir -p $(@D)
	@derive --space $* $(if $(call whole,$*),--all,--random --count $(COUNT) --seed 1) --format genotype -o $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(RUN)/%/cell: | $(RUN)/$$(space)/cells
	@mkdir -p $(@D)
	@sed -n '$(call part,2)p' $(RUN)/$(space)/cells >$@.new && mv $@.new $@

# Batch B of mined images is of subset B, or begins again with the first.
subset = $(shell echo $$((($(last) - 1) % $(words $(subsets)) + 1)))
draw = pick --random $(firstword $(subst -, ,$*)) --seed $(last) $(plain) -o $@ $<
$(RUN)/subset-%: | $(RUN)/settings
	@load $(DATA) train | pick --ids $(word $*,$(subsets)) $(plain) -o $@
$(RUN)/mined-%: $(RUN)/subset-$$(subset)
	@$(draw)
$(RUN)/random-%: $(RUN)/pool
	@$(draw)
$(RUN)/%.scores: $(RUN)/$$(space)/cells $(RUN)/$$(notdir $$*)
	@score --arch $< $(size) --seed $(last) $(threads) -o $@ $(word 2,$^)

# ---- the truth ----

$(RUN)/%/net: $(RUN)/$$(space)/$$(call part,2)/cell $(RUN)/pool
	@mkdir -p $(@D)
	@train --arch $< $(size) --epochs $(EPOCHS) $(TRAIN) --seed $(last) $(threads) $(plain) \
		--checkpoint $@.part -o $@ $(word 2,$^)
	@rm -f $@.part
$(RUN)/%/training.json: $(RUN)/%/net
	@peek --json -o $@ $<
$(RUN)/%/validation.json: $(RUN)/%/net $(RUN)/validation
	@predict --weights $< $(threads) $(plain) $(word 2,$^) | evaluate --json $(threads) -o $@
$(RUN)/%/test.json: $(RUN)/%/net $(RUN)/test
	@predict --weights $< $(threads) $(plain) $(word 2,$^) | evaluate --json $(threads) -o $@
