# Does mining serve any search? Searches by several frameworks on subsets that change in several ways,
# on one that does not, on all images, and architectures that nothing searched (Poyser 2023, 4.4,
# tables 13 to 16). On the rules of dds-nas.mk, whose settings hold here, too.
#
#   ablation -j2                                 Fashion-MNIST, three seeds: days, most of them `full`
#   ablation ARMS='dds random static drawn'      hours; what is there already is not made again
#   ablation DATA='cifar10 FOLDER'               joins the tables
#   ablation FRAMEWORKS='darts darts+second p-darts gdas darts+nasbench201 tas+resnet-14'
#   ablation RUNS=runs/equal BUDGET='--most-seconds 120' SEARCH_EPOCHS=100000 TOTAL_EPOCHS=50
#                                                at equal seconds of search, without the encoder's;
#                                                --most-images N: at as many images trained on (those
#                                                that strategies judge by are told, not counted)
#   ablation DATA='cifar100 FOLDER' FROM=cifar10   what was found there, trained here (table 14)
#   ablation so-far                              the tables of what there is by now
#   ablation --json so-far                       their figures, as JSON
#   ablation --help                              this, and all settings; --version
#
# FRAMEWORKS: each a strategy of search-step, a space of its, `first` or `second` for darts' order, or
# some of these joined by +. p-darts takes three stages of 25 epochs, of 3, 5 and 7 cells (in the profiles
# wide and full: of 5, 11 and 17), whatever SEARCH and SEARCH_EPOCHS say. tas, which draws widths anew for
# each step, hardly masters a subset (accuracies there of .25 to .43 after 50 epochs, by three seeds):
# with the usual MASTERY of .5 its arms may never mine; summaries tell. ARMS are those of dds-nas;
# `drawn`, the baseline of all tables, and `largest` are the same for all frameworks of a space; with
# DISTIL='--distil 0.9 --temperature 4' all others of a space of resnets learn from the latter, those
# drawn, too. ENCODERS: losses of encoders for dds by the first framework, as encoder-lab has its arms:
# they rebuild, cluster, or both.
#
#   RUNS/SET/seed-S/ARM-by-FRAMEWORK/            as dds-nas has them
#   RUNS/SET/seed-S/trained[...]/judged.*.json   how classes lie, and what comes back, of an encoder
#                                                and validation images
#   RUNS/SET/seed-S/ARM-by-FRAMEWORK/alike.json  what score makes of what was found and 64 images, the same
#                                                for all arms of a seed
#   RUNS/tables.md cost.tsv cost.png             of all sets

DATA = fashion-mnist
PROFILE = brief
FRAMEWORKS = darts gdas random evolution reinforce
ARMS = dds random untrained static full drawn
ENCODERS = mse+triplet@kendall mse triplet
# Architectures drawn for each seed and space.
DRAWS = 2
SEEDS = 1 2 3
RUNS = runs/ablation
FROM =
RUN = $(RUNS)/$(set)

set = $(word 1,$(DATA))
space_of = $(filter nasbench201 tinycell-% resnet-%,$(subst +, ,$1))
largest = $(sort $(foreach f,$(FRAMEWORKS),$(patsubst %,largest-by-%,$(filter resnet-%,$(call space_of,$f)))))
drawn = $(sort $(foreach f,$(FRAMEWORKS),drawn$(patsubst %,-by-%,$(call space_of,$f))))
named = $(foreach f,$(FRAMEWORKS),$(patsubst %,%-by-$f,$(filter-out drawn largest,$(ARMS)))) \
	$(if $(filter dds,$(ARMS)),$(if $(FROM),,$(ENCODERS:%=dds-by-$(word 1,$(FRAMEWORKS))-loss-%))) \
	$(if $(filter drawn,$(ARMS)),$(foreach d,$(drawn),$(patsubst %,$d-draw-%,$(shell seq $(DRAWS)))))
folders = $(foreach s,$(SEEDS),$(patsubst %,$(RUN)/seed-$s/%$(FROM:%=-from-%),$(named)) \
	$(if $(filter largest,$(ARMS)),$(addprefix $(RUN)/seed-$s/,$(largest))))

all: report
include $(dir $(lastword $(MAKEFILE_LIST)))dds-nas.mk
NAMES = $(SETTABLE) PROFILE FRAMEWORKS ARMS ENCODERS DRAWS FROM SEEDS RUNS RUN THREADS QUIET VERBOSE JSON
# At 0.5 the strategies of paths hardly begin to mine.
MASTERY = 0.15
ifneq ($(filter cifar%,$(set)),)
SUBSET = $(if $(filter cifar100,$(set)),10,100)
LATENT = 32
LOSS = mse+triplet
WEIGHT = kendall
endif
TABLES = $(HERE)ablation-report

embeddings = $(if $(FROM),,$(if $(filter dds,$(ARMS)),trained $(ENCODERS:%=trained-loss-%)) $(filter untrained,$(ARMS)))
judged = $(foreach s,$(SEEDS),$(foreach e,$(embeddings),$(addprefix $(RUN)/seed-$s/$e/judged.,space.json images.json)))
figures: $(folders:%=%/summary.txt) $(folders:%=%/alike.json) $(judged)
report: figures
	@$(TABLES) tables $(RUNS) >$(RUNS)/tables.md.new && mv $(RUNS)/tables.md.new $(RUNS)/tables.md
	@$(TABLES) points $(RUNS) >$(RUNS)/cost.tsv.new && mv $(RUNS)/cost.tsv.new $(RUNS)/cost.tsv
	@[ ! -s $(RUNS)/cost.tsv ] || \
		{ gnuplot -c $(HERE)ablation.gnuplot $(RUNS)/cost.tsv $(RUNS)/cost.png.new && mv $(RUNS)/cost.png.new $(RUNS)/cost.png; }
	@$(if $(JSON),$(TABLES) json $(RUNS),cat $(RUNS)/tables.md)
so-far:
	@$(TABLES) $(if $(JSON),json,tables) $(RUNS)
.PHONY: all figures report so-far

# ---- how alike images look to what was found, before it is trained ----

size = $(call staged,$(foreach o,cells channels,$(addprefix --$o ,$(call option,$o,$(TRAIN)))))
$(RUN)/%/alike.json: $(RUN)/%/architecture $(RUN)/$$(*D)/pool
	@pick --random 64 --seed $(seed) $(word 2,$^) | \
		score --json --arch $< $(size) --seed $(seed) $(threads) -o $@

# ---- how far an encoder rebuilds and clusters ----

$(RUN)/%/judged.z: $(RUN)/%/encoder $(RUN)/$$(*D)/validation
	@encode-latent --weights $< $(threads) $(plain) -o $@ $(word 2,$^)
$(RUN)/%/judged.space.json: $(RUN)/%/judged.z
	@evaluate latents --json --draws 0 $(threads) -o $@ $<
$(RUN)/%/judged.images.json: $(RUN)/%/judged.z $(RUN)/%/encoder $(RUN)/$$(*D)/validation
	@decode-latent --weights $(word 2,$^) $(threads) $(plain) $< | evaluate images --json $(threads) -o $@ $(word 3,$^)
