# DDS-NAS as make targets: every stage is one command whose effect is one file that appears whole,
# so what is finished is never done again, and independent arms run together. pipelines/dds-nas is
# the way in; it sets RUN (the folder of the run), DATA, PROFILE, SEEDS, ARMS and THREADS.
#
#   RUN/seed-S/pool validation test            disjoint samples, as many of each class
#   RUN/seed-S/trained/encoder latents forest  of the pool; untrained/ the same after 0 epochs
#   RUN/seed-S/ARM/search/state subset.E       the super-net, and the subset that epoch E leaves
#   RUN/seed-S/ARM/search/last                 the last of these
#   RUN/seed-S/ARM/search/harder.E.OTHER       with HARDER='OTHER...': of an update after epoch E, what
#                                              the super-net makes of the images that other arms, or
#                                              mining by pixels, would have had, trained on none of them
#   RUN/seed-S/ARM/...                         what was found, and what it is worth
#   RUN/seed-S/ARM/at-Q.json                   what it is worth on test images of quality Q
#
# The arm's name tells what differs from the settings, ARM[-by-FRAMEWORK][-loss-LOSS][-hardness-H]
# [-mastery-M][-draw-N][-from-SET][-encoder-Q][-search-Q][-final-Q]. FRAMEWORK: words joined by +, a
# strategy or a space of search-step, or `first` or `second`, darts' order. LOSS: the encoder's losses,
# joined by +, with @ and the weights if not `sum`. N: of architectures drawn at random another. SET:
# the run beside this one where the architecture was searched that is trained here. Q: JPEG in
# front of the training of the encoder; of the search, and so of the latents and the validation
# images; of the training and the test of the network found; a quality, or several parted by commas:
# each image at one of them; or `shuffled`: not JPEG, but the pixels of all in one other order. Arms that
# part at -final- alone share a search, trained-loss-LOSS, trained-encoder-Q and trained-search-Q what
# they have in common of the embedding.

include $(dir $(lastword $(MAKEFILE_LIST)))common.mk

# ---- profiles: images a class; encoder; super-net; final network ----

ifneq ($(filter demo brief small,$(PROFILE)),)
POOL = 600
VALIDATION = 200
TEST = 200
else # the whole training set
POOL = 4800
VALIDATION = 1200
TEST = 1000
endif
ENCODER = --profile small --epochs 30
SEARCH_EPOCHS = 50
STAGES = $(if $(filter wide full,$(PROFILE)),,--stages 3:8:0,5:5:0.4,7:3:0.7)

ifeq ($(PROFILE),demo) # all of it in minutes
ENCODER = --profile small --epochs 3
SEARCH = --cells 5 --channels 8 --batch 25 --order 1
SEARCH_EPOCHS = 30
TRAIN = --cells 5 --channels 16 --epochs 4
endif
ifeq ($(PROFILE),brief) # small, cut short: first order, a quarter of the last training
SEARCH = --cells 5 --channels 8 --batch 25 --order 1
TRAIN = --cells 5 --channels 16 --epochs 4
endif
ifeq ($(PROFILE),small) # two cores, minutes an arm
SEARCH = --cells 5 --channels 8 --batch 25 --order 2
TRAIN = --cells 5 --channels 16 --epochs 20
endif
ifeq ($(PROFILE),wide) # the search space at full size
ENCODER = --profile small --epochs 5
SEARCH = --cells 8 --channels 16 --batch 64 --order 1
TRAIN = --cells 8 --channels 16 --epochs 20
endif
ifeq ($(PROFILE),full) # as published, for a weekend
ENCODER = --profile reference --epochs 30
SEARCH = --cells 8 --channels 16 --batch 64 --order 2
TRAIN = --cells 14 --channels 36 --epochs 300 --batch 32 --auxiliary --drop-path 0.2 --cutout 16
endif
LATENT = 8
LOSS = mse+contractive
WEIGHT = sum
BUDGET = # of the search: --most-images N, --most-seconds S
TOTAL_EPOCHS = # over which gdas and tas cool, where a budget ends them: else all of SEARCH_EPOCHS
NOISE = # of darts: tell of each step, and every so manieth one's gradients
PC_DARTS = # of pc-darts: --partial K, --frozen N
P_DARTS = # of p-darts: --stages C:O:D,..., --stage-epochs N, --frozen N, --most-skips N
JUDGE = # of strategies that try architectures: by how many validation images, else by a batch
DISTIL = # of resnets: train's --distil X --temperature T, by the largest of the space
SUBSET = 10
HARDNESS = 0.85
MASTERY = 0.5
WARM_UP = 10
HARDER =
SPLIT = test

# ---- arms: what the subset starts from, and what becomes of it after each epoch ----

EMBEDDING_dds = trained
EMBEDDING_random = trained
EMBEDDING_untrained = untrained
EMBEDDING_pixels = pixels
EMBEDDING_fresh = trained
FIRST = pick --per-class $(SUBSET) --seed $(seed) $<
FIRST_full = pick $<
MINE_dds = --forest $(forest) --hardness $(or $(call level,hardness),$(HARDNESS)) --seed $(seed)
MINE_random = $(MINE_dds) --random
MINE_untrained = $(MINE_dds)
MINE_pixels = $(MINE_dds)
MINE_fresh = --forest $(forest) --hardness 0 --seed $(seed) --random --force
MINE_static = --keep-all
MINE_full = --keep-all
when = $(if $(filter fresh,$(arm)),,--mastery $(or $(call level,mastery),$(MASTERY)) --warm-up $(WARM_UP))

# Targets are RUN/seed-S/ARM/FILE; the stem is seed-S or seed-S/ARM.
seed = $(patsubst seed-%,%,$(firstword $(subst /, ,$*)))
# dds-by-gdas-search-15: dds by=gdas search=15
parts = $(subst -by-, by=,$(subst -loss-, loss=,$(subst -hardness-, hardness=,$(subst -mastery-, mastery=,\
	$(subst -draw-, draw=,$(subst -from-, from=,$(subst -encoder-, encoder=,$(subst -search-, search=,\
	$(subst -final-, final=,$(*F))))))))))
arm = $(firstword $(parts))
level = $(patsubst $1=%,%,$(filter $1=%,$(parts)))
# The name up to WHERE.
upto = $(firstword $(subst -$1-, ,$(*F)))
# $(call less,WHERE,NAME)
less = $(subst $(if $(call level,$1),-$1-$(call level,$1)),,$2)
embedding = $(patsubst $(arm)%,$(EMBEDDING_$(arm))%,$(call less,by,$(call less,hardness,$(call less,mastery,$(call upto,final)))))
forest = $(RUN)/$(*D)/$(embedding)/forest
searched = $(RUN)/$(*D)/$(call upto,final)/search
validation = $(if $(call level,search),$(searched)/validation,$(RUN)/$(*D)/validation)

# The framework: cells of a space come in stages of equally many, but where the space tells how many
# blocks there are; who needs to know how long it lasts. p-darts has stages of its own, by which it
# ends, whatever SEARCH and SEARCH_EPOCHS say of cells and epochs.
STAGES_nasbench201 = 3
STAGES_tinycell-125 = 2
STAGES_tinycell-27 = 2
PACED = gdas tas
TRYING = random evolution reinforce tas
ORDERS = first second
framework = $(subst +, ,$(call level,by))
space = $(foreach w,$(framework),$(if $(STAGES_$w)$(filter resnet-%,$w),$w))
strategy = $(filter-out $(space) $(ORDERS),$(framework))
order = $(foreach w,$(filter $(ORDERS),$(framework)),--order $(if $(filter first,$w),1,2))
# $(call option,NAME,OPTIONS): what these say; cells: so many at least.
option = $(patsubst --$1=%,%,$(lastword $(filter --$1=%,$(subst --$1 ,--$1=,$2))))
cells = $(call option,cells,$1)
cellless = $(subst --cells $(call cells,$1),,$1)
staged = $(if $(filter resnet-%,$(space)),$(call cellless,$1),$1$(foreach s,$(space),$(if $(call cells,$1), --cells $(shell \
	echo $$((($(call cells,$1) + $(STAGES_$s) - 1) / $(STAGES_$s) * $(STAGES_$s)))))))
orderless = $(subst --order 1,,$(subst --order 2,,$1))
by_stages = $(filter p-darts,$(strategy))
# Other images every epoch would keep the triangle at its peak: they are to be met at the rates of a subset
# that stays.
steadily = $(if $(filter fresh,$(arm)),$(if $(findstring --schedule,$(SEARCH))$(filter p-darts tas,$(strategy)),,--schedule steady))
own = $(if $(by_stages),$(or $(P_DARTS),$(STAGES))) $(if $(filter pc-darts,$(strategy)),$(PC_DARTS)) $(steadily) \
	$(if $(filter $(TRYING),$(strategy)),$(JUDGE:%=--judge %))
epochs = $(if $(by_stages),,$(SEARCH_EPOCHS))
stepped = $(call $(if $(by_stages),cellless,staged),$(if $(order)$(filter-out darts,$(strategy)),$(call orderless,$(SEARCH)),$(SEARCH))) \
	$(order) $(space:%=--space %) $(strategy:%=--strategy %) $(own) \
	$(if $(filter $(PACED),$(strategy)),--total-epochs $(or $(TOTAL_EPOCHS),$(if $(BUDGET),$(error \
		TOTAL_EPOCHS: $(strategy) cools over so many epochs, which a BUDGET does not tell)),$(SEARCH_EPOCHS))) \
	$(NOISE:%=--noise %)

# The encoder's losses and their weights. Where angles are trained, distances are of latents of length 1.
losses = $(subst @, ,$(call level,loss))
objective = --loss $(or $(word 1,$(losses)),$(LOSS)) --weight $(if $(losses),$(or $(word 2,$(losses)),sum),$(WEIGHT))
unit = $(if $(filter circle cosine,$(subst +, ,$(or $(word 1,$(losses)),$(LOSS)))),--unit)

comma = ,
compress = $(if $(filter shuffled,$1),degrade --shuffle --seed $(seed),compress $(if \
	$(findstring $(comma),$1),--mix $1 --seed $(seed),--jpeg $1) $(threads)) $(plain)
# $(call at,WHERE): a stage of a pipe, where the arm has a level there.
at = $(if $(call level,$1),| $(call compress,$(call level,$1)))
# $(call feed,LEVEL,FILE,COMMAND): the file to the command, through that level if there is one.
feed = $(if $1,$(call compress,$1) $2 | $3,$3 <$2)
plain += $(if $(VERBOSE),-v) $(if $(QUIET),-q)

# $(call timed,STAGE,COMMANDS): their wall, user and system seconds join times.tsv in the folder, where
# the stage stood alone before, so that an attempt that is stopped leaves a trace.
timed = $(if $(DRY_RUN),$2,mkdir -p $(@D); echo $1 >>$(@D)/times.tsv; TIMEFORMAT='$1	%3R	%3U	%3S'; \
	{ time { $2; } 2>&3; } 3>&2 2>>$(@D)/times.tsv)

say = $(if $(QUIET),,@printf '%s: %s\n' '$(*)' '$1' >&2)
REPORT = $(HERE)dds-nas-report
SETTINGS = DATA POOL VALIDATION TEST LATENT LOSS WEIGHT ENCODER SUBSET HARDNESS MASTERY \
	WARM_UP SEARCH SEARCH_EPOCHS TRAIN $(foreach v,$(OPTIONAL),$(if $($v),$v))
OPTIONAL = BUDGET TOTAL_EPOCHS NOISE PC_DARTS P_DARTS JUDGE DISTIL $(if $(filter validation,$(SPLIT)),SPLIT)
SETTABLE = $(filter-out $(OPTIONAL),$(SETTINGS)) $(OPTIONAL)
NAMES = $(SETTABLE) HARDER SPLIT
define newline


endef

folders ?= $(foreach s,$(SEEDS),$(ARMS:%=$(RUN)/seed-$s/%))
data: $(foreach s,$(SEEDS),$(addprefix $(RUN)/seed-$s/,pool validation test))
searches = $(foreach f,$(folders),$(if $(filter drawn drawn-% largest-%,$(notdir $f))$(findstring -from-,$f),,$f))
search: $(searches:%=%/curve.png) $(folders:%=%/genotype.png) $(searches:%=%/mined.png)
train: $(folders:%=%/metrics.json)
summary: search $(folders:%=%/summary.txt) $(folders:%=%/retrain.sh)
.PHONY: data search train summary
.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:

# ---- the data of a seed ----

$(RUN)/%/pool: | $(RUN)/settings
	@$(call timed,data,load $(DATA) train | pick --per-class $(POOL) --seed $(seed) $(plain) -o $@)
$(RUN)/%/validation: $(RUN)/%/pool
	@$(call timed,data,load $(DATA) train | pick --not-ids $< | \
		pick --per-class $(VALIDATION) --seed $(seed) $(plain) -o $@)
# With SPLIT=validation, for trials, training images that are in neither.
$(RUN)/%/test: $$(if $$(filter validation,$$(SPLIT)),$(RUN)/$$*/pool $(RUN)/$$*/validation) | $(RUN)/settings
	@$(call timed,data,$(if $(filter validation,$(SPLIT)),load $(DATA) train | pick --not-ids $(word 1,$^) | \
		pick --not-ids $(word 2,$^),load $(DATA) test) | pick --per-class $(TEST) --seed $(seed) $(plain) -o $@)

# ---- its embedding ----

$(RUN)/%/encoder: $(RUN)/$$(*D)/pool
	$(call say,encoder)
	@$(call timed,encoder,$(call feed,$(call level,encoder),$<,train-encoder --latent $(LATENT) \
		$(objective) $(ENCODER) $(if $(filter untrained,$(arm)),--epochs 0,--checkpoint $@.checkpoint) \
		--seed $(seed) $(threads) $(plain) -o $@))
	@rm -f $@.checkpoint
$(RUN)/%/latents: $(RUN)/$$(*D)/$$(call upto,search)/encoder $(RUN)/$$(*D)/pool
	@$(call timed,latents,$(call feed,$(call level,search),$(word 2,$^),encode-latent --weights $< \
		$(unit) $(threads) $(plain) -o $@))
$(RUN)/%/pixels/latents: $(RUN)/%/pool
	@mkdir -p $(@D); save tsv - $< | sed '1s/image/z/g' | load tsv - $(plain) -o $@
$(RUN)/%/space.json: $(RUN)/%/latents
	@evaluate latents --json --draws 0 $(threads) -o $@ $<
$(RUN)/%/forest: $(RUN)/%/latents
	@$(call timed,forest,build-kdtree $(plain) -o $@ <$<)

# ---- the search: one line an epoch ----

$(RUN)/%/search/validation: $(RUN)/$$(*D)/validation
	@mkdir -p $(@D); $(call compress,$(call level,search)) -o $@ $<
# What the update in search/next brings, and what the others would have brought; then it is the next
# subset.
harder = if peek --json $(@D)/next | grep '"replaced": [1-9]' >/dev/null; then \
	$(foreach a,$(HARDER),mine --force $(subst $(forest),$(RUN)/$(*D)/$(EMBEDDING_$a)/forest,$(MINE_$a)) \
		$(plain) -o $(@D)/other $(@D)/hardness; \
	pick --ids $(@D)/other $< | pick --not-ids $(@D)/subset.$$((e - 1)) | \
		predict --weights $(@D)/state $(threads) $(plain) -o $(@D)/harder.$$e.$a;) \
	fi; mv $(@D)/next $(@D)/subset.$$e; rm -f $(@D)/hardness $(@D)/other;
# Killed anywhere, it goes on: a state that has reached epoch E already is asked again for what it
# knows of the subset, not trained again. It ends after SEARCH_EPOCHS, or when it says that its budget
# is used up, or its stages; `last`, being a link, is no newer than what was made of it when it had no
# such name.
$(RUN)/%/search/last: $(RUN)/$$(*D)/pool $$(validation) \
		$$(if $$(EMBEDDING_$$(arm)),$$(forest)) $$(foreach a,$$(HARDER),$(RUN)/$$(*D)/$$(EMBEDDING_$$a)/forest)
	$(call say,$(or $(epochs:%=% epochs),$(own))$(if $(BUDGET), or $(BUDGET)))
	@mkdir -p $(@D); [ -e $(@D)/subset.0 ] || $(or $(FIRST_$(arm)),$(FIRST)) $(plain) -o $(@D)/subset.0
	@e=0; while [ "$$e" != "$(epochs)" ]; do e=$$((e + 1)); \
		[ -e $(@D)/subset.$$e ] || { $(call timed,search, \
		pick --ids $(@D)/subset.$$((e - 1)) $< $(call at,search) | \
		search-step --state $(@D)/state --until $$e --validation $(word 2,$^) $(stepped) $(BUDGET) \
			--seed $(seed) $(threads) $(plain) | $(if $(HARDER),tee $(@D)/hardness |) \
		mine $(MINE_$(arm)) $(when) \
			$(plain) -o $(@D)/$(if $(HARDER),next,subset.$$e)); $(if $(HARDER),$(harder)) }; \
		$(if $(BUDGET)$(by_stages),! peek --json $(@D)/subset.$$e | grep '^ *"over":' >/dev/null || break;) \
	done; ln -f $(@D)/subset.$$e $@

found = $(if $(filter drawn largest,$(arm))$(call level,from),,$(searched)/last)
$(RUN)/%/supernet.json: $$(found) $$(validation)
	@predict --weights $(<D)/state $(threads) <$(word 2,$^) | evaluate --json >$@.new && mv $@.new $@
$(RUN)/%/archive.tsv $(RUN)/%/curve.tsv: $$(found) $(RUN)/%/supernet.json
	@$(REPORT) curve $(<D) $(@D)
$(RUN)/%/curve.png: $(RUN)/%/curve.tsv
	@gnuplot -c $(HERE)dds-nas.gnuplot $< $@.new '$(DATA), arm $(*F), seed $(seed)' && mv $@.new $@
# The images of the last subset that were mined; of arms that mine none, the subset.
$(RUN)/%/mined.png: $(RUN)/%/archive.tsv $(RUN)/$$(*D)/pool
	@pick --ids $(found) $(word 2,$^) $(call at,search) | \
	if cut -f 5 $< | grep -qx 0; then pick --not-ids $(searched)/subset.0; else cat; fi | \
	mosaic --by-class -o $@

given = $(patsubst %,$(dir $(RUN))%/$(*D)/$(call upto,from)/architecture,$(call level,from))
$(RUN)/%/architecture: $$(found) $$(given) | $(RUN)/settings
	@mkdir -p $(@D)
	@derive $(plain) -o $@ $(or $(given),$(if $(found),$(<D)/state),$(if $(filter largest,$(arm)),<(echo $(space))),--random $(space:%=--space %) \
		--seed $(if $(call level,draw),$$(($(call level,draw) * 1000 + $(seed))),$(seed)))
$(RUN)/%/genotype.txt: $(RUN)/%/architecture
	@derive --format genotype -o $@ $<
$(RUN)/%/genotype.dot: $(RUN)/%/architecture
	@derive --format dot -o $@ $<
$(RUN)/%/genotype.png: $(RUN)/%/genotype.dot
	@dot -Tpng -Gdpi=96 -o $@.new $< && mv $@.new $@

# ---- the final network ----

taught = $(if $(DISTIL),$(if $(filter largest,$(arm)),,$(patsubst %,$(RUN)/$(*D)/largest-by-%$(patsubst %,-final-%,$(call level,final))/net,$(filter resnet-%,$(space)))))
# A net that is taught by a net: make takes a rule for two files of a chain where the second is named.
finals = $(sort / $(foreach f,$(notdir $(folders)),$(if $(findstring -final-,$f),-final-$(lastword $(subst -final-, ,$f))/)))
teachers: $(foreach d,$(sort $(dir $(folders))),$(foreach n,14 20 32 56 110,$(finals:%=$dlargest-by-resnet-$n%net)))
.PHONY: teachers
$(RUN)/%/net: $(RUN)/%/architecture $(RUN)/$$(*D)/pool $$(taught)
	$(call say,training the network found)
	@$(call timed,train,$(call feed,$(call level,final),$(word 2,$^),train --arch $< $(call staged,$(TRAIN)) \
		$(taught:%=--teacher % $(DISTIL)) --seed $(seed) $(threads) $(plain) --checkpoint $@.checkpoint -o $@))
	@rm -f $@.checkpoint
predict = predict --weights $(<D)/net $(threads) $(plain)
$(RUN)/%/predictions: $(RUN)/%/net $(RUN)/$$(*D)/test
	@$(call timed,predict,$(call feed,$(call level,final),$(word 2,$^),$(predict) -o $@))
$(RUN)/%/metrics.json: $(RUN)/%/predictions
	@evaluate --json <$< >$@.new && mv $@.new $@

# $(call AT,LEVEL): the same network, whatever it was trained on, on test images of that level.
define AT
$(RUN)/%/at-$1.predictions: $(RUN)/%/net $(RUN)/$$$$(*D)/test
	@$$(call timed,predict,$$(call feed,$1,$$(word 2,$$^),$$(predict) -o $$@))
endef
$(foreach q,$(LEVELS),$(eval $(call AT,$q)))
$(RUN)/%.json: $(RUN)/%.predictions
	@evaluate --json <$< >$@.new && mv $@.new $@

define RETRAIN
#!/bin/sh
# Trains the network of this folder again, or to another FILE; needs the programs on PATH.
folder=$$(dirname "$$0")
load $(DATA) train | pick --per-class $(POOL) --seed $(seed) $(call at,final) |
    train --arch "$$folder/genotype.txt" $(call staged,$(TRAIN)) $(if $(taught),--teacher "$$folder/../$(notdir \
	$(patsubst %/,%,$(dir $(taught))))/net" $(DISTIL) )--seed $(seed) -o "$${1:-$$folder/net.again}"
endef
$(RUN)/%/retrain.sh: $(RUN)/%/genotype.txt
	@printf '%s\n' '$(subst $(newline),' ',$(RETRAIN))' >$@.new && chmod +x $@.new && mv $@.new $@

$(RUN)/%/summary.txt: $(RUN)/%/metrics.json $(RUN)/%/genotype.txt \
		$$(if $$(found),$$(addprefix $(RUN)/$$*/,supernet.json curve.tsv archive.tsv))
	@$(REPORT) summary $(@D) >$@.new && mv $@.new $@
