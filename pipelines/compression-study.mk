# How far can images be compressed before a network suffers, and how much comes back by training on
# compressed ones? (Poyser 2023, ch. 3.) Every stage is one command whose effect is one file that
# appears whole, so what was stopped goes on; -jN, -n, -k are make's.
#
#   compression-study                            the table of Fashion-MNIST, three seeds
#   compression-study -j2 SEEDS='1 2 3 4 5' ARMS='inference retrained mixed pure'
#   compression-study DATA='cifar10 FOLDER' TRAIN='--network resnet --depth 20'
#   compression-study DATA='camvid FOLDER --size 120x160'
#   compression-study DATA=scenes                how far away every pixel is, of made scenes
#   compression-study DATA=scenes TRAIN='--network segnet --channels 16 --batch 16'   their classes
#   compression-study DATA=clips                 what moves how, by frames, by motion and by both
#   compression-study so-far                     the table of what there is by now
#   compression-study --json so-far              the same, with all figures, as JSON
#   compression-study-report tasks RUN...        what tasks keep at each level, beside each other
#   compression-study --help                     this, and all settings; --version
#
#   RUN/held-out  RUN/at-L/images                what is predicted, and what level L leaves of it;
#       at-blur-L at-noise-L                     as much worse by a blur, or noise
#   RUN/at-L/quality.json                        bits per pixel, PSNR, SSIM
#   RUN/seed-S/pool                              what is trained on, as many of each class
#   RUN/seed-S/MODEL/net                         reference: at the first level; half-L: half of the
#                                                images at L, others each epoch; mixed: each at a
#                                                level drawn each epoch; pure-L: all at L;
#                                                half-blur-L: half-L, blurred by as much instead
#   RUN/seed-S/MODEL/at-L.predictions .json      what it makes of level L, and what that is worth
#   RUN/seed-S/STREAM/MODEL/...                  of clips, where STREAM is spatial, motion or fusion;
#                                                in fusion/fitted-L/tenths what weights are worth
#   RUN/results.tsv table.md study.png levels.png

DATA = fashion-mnist
LEVELS = 95 75 50 15 10 5
ARMS = inference retrained mixed
SEEDS = 1 2 3
RUN = runs/compression-$(word 1,$(DATA))

CHROMA = 420
# Images a class (scenes in all) to train on and to predict; empty: all. Of which split the latter
# are: `validation` takes them out of the training images, for trials.
POOL = 600
TEST = 1000
SPLIT = test
TRAIN = --network cnn --depth 4 --channels 16 --batch 32 --rate 0.05 --augment none
EPOCHS = 20
HELD_OUT = $(if $(filter validation,$(SPLIT)),train,test)
ifeq ($(word 1,$(DATA)),camvid) # the class of every pixel, of all images there are
POOL =
TEST =
TRAIN = --network segnet --depth 3 --channels 16 --batch 4 --rate 0.05 --augment none
EPOCHS = 150
HELD_OUT = $(if $(filter validation,$(SPLIT)),val,test)
endif
ifeq ($(DATA),scenes) # the depth of every pixel, of scenes of garments, as many as are asked for
POOL = 2000
TEST = 500
TRAIN = --network unet --depth 3 --channels 8 --batch 16 --rate 0.1 --augment none
EPOCHS = 10
MADE = compose
endif
ifeq ($(DATA),clips) # a network of frames and one of motion, and what both tell together
POOL = 800
TEST = 400
LEVELS = 23 25 30 40 50
TRAIN = --network cnn --depth 6 --channels 8 --batch 16 --rate 0.05 --augment none
EPOCHS = 12
CODEC = h264
FRAMES = 3
FLOW = --stack 10 --range 8
STREAMS = spatial motion
MADE = compose --frames 12
endif
CODEC ?= jpeg
# What scenes and clips are made of; a folder of pictures to be their grounds, or none.
THINGS = fashion-mnist
GROUND =
# Of half-L and mixed: `yes` draws the images' levels anew each epoch, `no` once.
REDRAW = yes
THREADS =

SETTINGS = DATA LEVELS CHROMA POOL TEST SPLIT TRAIN EPOCHS REDRAW $(if $(MADE),THINGS GROUND) \
	$(if $(STREAMS),FRAMES FLOW)
NAMES = $(SETTINGS) SOURCE ARMS SEEDS RUN THREADS JSON

all:
include $(dir $(lastword $(MAKEFILE_LIST)))common.mk
REPORT = $(HERE)compression-study-report

comma = ,
none =
blank = $(none) $(none)
reference = $(firstword $(LEVELS))
below = $(filter-out $(reference),$(LEVELS))
models_inference = reference
models_retrained = $(below:%=half-%)
models_mixed = mixed
models_reblurred = $(below:%=half-blur-%)
models_pure = $(below:%=pure-%)
# Of clips: the network of frames is that of half-L, the one of motion that of the first level; and
# both of the first level, fused by the weights that are best of clips to choose by, at the level.
models_parted = $(below:%=parted-%)
models_fitted = $(below:%=fitted-%)
# Which model is asked for which level; lossless is the control of the codec itself.
asked_inference = $(LEVELS:%=reference/at-%) $(if $(STREAMS),,reference/at-lossless)
asked_retrained = reference/at-$(reference) $(foreach l,$(below),half-$l/at-$l)
asked_mixed = $(LEVELS:%=mixed/at-%)
asked_blurred = $(below:%=reference/at-blur-%)
asked_noisy = $(below:%=reference/at-noise-%)
asked_reblurred = $(foreach l,$(below),half-blur-$l/at-$l)
asked_pure = reference/at-$(reference) $(foreach l,$(below),pure-$l/at-$l)
asked_parted = reference/at-$(reference) $(foreach l,$(below),parted-$l/at-$l)
asked_fitted = reference/at-$(reference) $(foreach l,$(below),fitted-$l/at-$l)

seed = $(patsubst seed-%,%,$(firstword $(subst /, ,$*)))
say = @printf '%s: %s\n' '$(@D)' '$1' >&2
compress = compress $(if $(STREAMS),,--chroma $(CHROMA)) $(threads) $(plain)

# What a network of the target's stream is shown of clips.
view_spatial = | frames --count $(FRAMES) $(threads) $(plain)
view_motion = | flow $(FLOW) $(threads) $(plain)
view = $(view_$(word 2,$(subst /, ,$(@:$(RUN)/%=%))))

known = $(patsubst asked_%,%,$(filter asked_%,$(.VARIABLES)))
$(foreach a,$(ARMS),$(if $(filter $(known),$a),,$(error ARMS: there is no $a, but $(sort $(known)))))
asked = $(foreach s,$(SEEDS),$(foreach a,$(ARMS),$(asked_$a:%=seed-$s/$1%)))
outcomes = $(if $(STREAMS),$(foreach t,$(STREAMS) fusion,$(call asked,$t/)),$(asked))
results = $(sort $(outcomes:%=$(RUN)/%.json))
# What levels leave, beside what networks make of it.
quality = $(patsubst %,$(RUN)/%/quality.json,$(sort $(subst blur-,,$(subst noise-,,$(notdir $(outcomes))))))

all: report $(RUN)/study.png $(RUN)/levels.png
report: $(RUN)/table.md
	@$(if $(JSON),$(REPORT) json $(RUN)/results.tsv $(RUN) '$(SOURCE)',cat $<)
so-far:
	@$(REPORT) results $(RUN) '$(LEVELS)' '$(ARMS)' '$(SEEDS)' | \
		$(REPORT) $(if $(JSON),json,table) - $(RUN) '$(SOURCE)'
figures: $(results)
models: $(foreach s,$(SEEDS),$(foreach a,$(ARMS),$(foreach t,$(or $(STREAMS:%=%/),./),$(models_$a:%=$(RUN)/seed-$s/$t%/net))))
.PHONY: all report so-far figures models
.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:

# ---- data ----

# $(call classes,IMAGES,SEED)
classes = pick $(if $1,--per-class $1 --seed $2) $(plain)
held_out = load $(DATA) $(HELD_OUT) | $(call classes,$(TEST),1)
pool = load $(DATA) train | pick --not-ids $< | $(call classes,$(POOL),$(seed))
ifneq ($(MADE),) # what is held out has ids that no pool has
make = $(MADE) $(GROUND:%=--ground $(RUN)/grounds) $(plain)
held_out = load $(THINGS) $(HELD_OUT) | $(make) --first 1000000000 --count $(TEST)
pool = load $(THINGS) train | $(make) --count $(POOL) --seed $(seed)
endif
$(RUN)/grounds: | $(RUN)/settings
	@load folder $(GROUND) --size 96x96 $(plain) -o $@
$(RUN)/held-out: $(if $(GROUND),$(RUN)/grounds) | $(RUN)/settings
	@$(held_out) -o $@
$(RUN)/%/pool: $(RUN)/held-out
	@mkdir -p $(@D)
	@$(pool) -o $@
$(RUN)/%/spatial/pool $(RUN)/%/motion/pool: $(RUN)/%/pool
	@for t in spatial motion; do mkdir -p $(<D)/$$t; ln -sf ../pool $(<D)/$$t/pool; done
$(RUN)/at-lossless/images: $(RUN)/held-out
	@mkdir -p $(@D)
	@compress --png $(threads) $(plain) -o $@ $<
$(RUN)/at-blur-%/images: $(RUN)/held-out $(RUN)/at-%/images
	@mkdir -p $(@D)
	@degrade --blur --of $^ $(threads) $(plain) -o $@
$(RUN)/at-noise-%/images: $(RUN)/held-out $(RUN)/at-%/images
	@mkdir -p $(@D)
	@degrade --noise --of $^ $(threads) $(plain) -o $@
$(RUN)/at-%/images: $(RUN)/held-out
	@mkdir -p $(@D)
	@$(compress) --$(CODEC) $* -o $@ $<
$(RUN)/at-%/quality.json: $(RUN)/held-out $(RUN)/at-%/images
	@evaluate images --json -o $@ $^

# ---- networks ----

train = train $(TRAIN) --epochs $(EPOCHS) --seed $(seed) $(threads) $(plain) --checkpoint $@.part
# An epoch a call: the same images, their levels drawn anew.
define epochs
	$(call say,training)
	@mkdir -p $(@D); for e in $$(seq $(EPOCHS)); do \
		$(compress) $1 --seed $(seed) --epoch $(if $(filter yes,$(REDRAW)),$$e,0) $< $2 $(view) | \
		$(train) --until $$e -o $@.now; \
	done
	@rm -f $@.part; mv $@.now $@
endef
define whole
	$(call say,training)
	@mkdir -p $(@D); $(compress) --$(CODEC) $1 $< $(view) | $(train) -o $@
	@rm -f $@.part
endef
$(RUN)/%/mixed/net: $(RUN)/%/pool
	$(call epochs,--mix $(subst $(blank),$(comma),$(strip $(LEVELS))))
$(RUN)/%/reference/net: $(RUN)/%/pool
	$(call whole,$(reference))
define OF_LEVEL
$(RUN)/%/half-$1/net: $(RUN)/%/pool
	$$(call epochs,--half $1 --reference $(reference))
$(RUN)/%/half-blur-$1/net: $(RUN)/%/pool
	$$(call epochs,--half $1 --reference $(reference),| degrade --blur --of $$< $$(threads) $$(plain))
$(RUN)/%/pure-$1/net: $(RUN)/%/pool
	$$(call whole,$1)
$(RUN)/%/spatial/parted-$1/net: $(RUN)/%/spatial/half-$1/net
	@mkdir -p $$(@D); ln -sf ../half-$1/net $$@
$(RUN)/%/motion/parted-$1/net: $(RUN)/%/motion/reference/net
	@mkdir -p $$(@D); ln -sf ../reference/net $$@
$(RUN)/%/fitted-$1/net: $(RUN)/%/reference/net
	@mkdir -p $$(@D); ln -sf ../reference/net $$@
endef
$(foreach l,$(below),$(eval $(call OF_LEVEL,$l)))

# ---- what they are worth ----

$(RUN)/%.predictions: $(RUN)/$$(*D)/net $(RUN)/$$(*F)/images
	@$(if $(view),cat $(word 2,$^) $(view) | predict --weights $< $(threads) $(plain) | fuse $(plain) -o $@,\
		predict --weights $< $(threads) $(plain) -o $@ $(word 2,$^))
# Of clips to choose by, which no pool has, a quarter as many: what is right of them by each tenth of
# weight that motion may have.
of_seed = $(RUN)/$(firstword $(subst /, ,$*))
level = $(*F:fitted-%=%)
$(RUN)/%/validation: | $(if $(GROUND),$(RUN)/grounds) $(RUN)/settings
	@mkdir -p $(@D); load $(THINGS) train | \
		$(make) --first $(POOL) --count $$(($(POOL) / 4)) --seed $(seed) -o $@
$(RUN)/%/tenths: $$(of_seed)/validation $$(foreach t,$$(STREAMS),$$(of_seed)/$$t/reference/net)
	@mkdir -p $(@D); $(compress) --$(CODEC) $(level) -o $(@D)/clips $<
	@$(foreach t,$(STREAMS),cat $(@D)/clips $(view_$t) | \
		predict --weights $(of_seed)/$t/reference/net $(threads) | fuse -o $(@D)/$t;) \
	for m in $$(seq 0 10); do \
		printf '%s\t' $$((10 - m)),$$m; \
		fuse --weights $$((10 - m)),$$m $(STREAMS:%=$(@D)/%) | evaluate --json --draws 0 | \
			sed -n 's/^ *"top1": \([0-9.]*\).*/\1/p'; \
	done >$@
	@rm $(@D)/clips $(STREAMS:%=$(@D)/%)
# The best, of equals the least.
best = $$(sort -s -k 2,2gr $1 | head -n 1 | cut -f 1)
define FUSED
$(RUN)/seed-$1/fusion/$2.predictions: $(STREAMS:%=$(RUN)/seed-$1/%/$2.predictions) \
		$(if $(findstring fitted,$2),$(RUN)/seed-$1/fusion/$(dir $2)tenths)
	@mkdir -p $$(@D); fuse $(if $(findstring fitted,$2),--weights $$(call best,$$(lastword $$^))) $(plain) \
		-o $$@ $$(filter %.predictions,$$^)
endef
ifneq ($(STREAMS),)
$(foreach s,$(SEEDS),$(foreach a,$(sort $(foreach a,$(ARMS),$(asked_$a))),$(eval $(call FUSED,$s,$a))))
endif
$(RUN)/%.json: $(RUN)/%.predictions
	@evaluate --json -o $@ $<

# Of other arms and seeds than before it is another: the date does not tell.
$(RUN)/results.tsv: figures $(quality)
	@$(REPORT) results $(RUN) '$(LEVELS)' '$(ARMS)' '$(SEEDS)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(RUN)/table.md: $(RUN)/results.tsv $(RUN)/settings
	@$(REPORT) table $< $(RUN) '$(SOURCE)' >$@.new && mv $@.new $@
$(RUN)/study.tsv: $(RUN)/results.tsv
	@$(REPORT) curves $< >$@.new && mv $@.new $@
$(RUN)/study.png: $(RUN)/study.tsv
	@gnuplot -c $(HERE)compression-study.gnuplot $< $@.new '$(word 1,$(DATA))' && mv $@.new $@
# A row of the same images for each level.
$(RUN)/levels.png: $(LEVELS:%=$(RUN)/at-%/images)
	@for l in $^; do pick --first 12 $$l $(if $(STREAMS),| frames); done | mosaic --columns 12 -o $@
