# Which embedding is fit to mine in? Auto-encoders by their losses, and spaces that need no training,
# judged by whether classes lie together in them and by what can be had back (Poyser 2023, 4.2.2,
# tables 9 to 12). Every stage is one command whose effect is one file that appears whole, so what
# was stopped goes on; -jN, -n, -k are make's.
#
#   encoder-lab -j2 THREADS=1                    Fashion-MNIST, three seeds: hours; small networks
#                                                cost least on a thread each
#   encoder-lab DATA='cifar10 FOLDER' LATENTS='8 32' ARMS='mse mse+triplet@kendall pca'
#   encoder-lab PROFILE=reference                all images, encoders as wide as published
#   encoder-lab PROFILE=demo                     tiny: shows that it works
#   encoder-lab LEVELS='15 5' TRAINED=5          encoders of images at JPEG's quality 5, fed at 15, 5
#   encoder-lab so-far                           the table of what there is by now
#   encoder-lab --json so-far                    its figures, as JSON
#   encoder-lab --help                           this, and all settings; --version
#
# ARMS are losses of train-encoder, joined by +, with @ and the weights if not `sum`
# (mse+triplet@kendall, mse+triplet@1,0.1); untrained; pca, hash, ssim, as encode-latent has them.
# Where circle or cosine is among them, how classes lie is told of latents brought to length 1.
#
#   RUN/held-out  RUN/held-out-L                 images that nothing learns from; the same at level L
#   RUN/seed-S/pool  classifier                  what the arms learn from; a network of its images
#   RUN/seed-S/pool-Q  validation                the same at the level TRAINED; images to choose by
#   RUN/seed-S/SET.classes.json                  what that makes of each set
#   RUN/seed-S/latent-N/ARM/encoder              and, of each set (pool, held-out, ...):
#       SET.z  SET.space.json                    the latents; how classes lie, what mining finds
#       SET.images.json  SET.classes.json        what can be had back; what the classifier makes of it
#       SET.mined                                what mine has for ten images of each class (not by `all`)
#       map.png                                  t-SNE of what is held out, of the first seed
#   RUN/latent-N.png                             originals above what each arm makes of them
#   RUN/results.tsv table.md lab.png             both aims in one picture: R2 and purity

DATA = fashion-mnist
LATENTS = 8 16 32
ARMS = untrained mse mse+contractive mse+vae triplet mse+triplet mse+triplet@kendall \
	circle mse+circle mse+circle@kendall pca hash ssim
SEEDS = 1 2 3
RUN = runs/encoders-$(word 1,$(DATA))-$(PROFILE)

# Images a class to learn from and to hold out; empty: all. Of which split the latter are:
# `validation` takes them out of the training images, for trials.
PROFILE = small
PROFILES = demo small reference
POOL_demo = 12
TEST_demo = 10
EPOCHS_demo = 2
WIDTH_demo = 2
POOL_small = 600
TEST_small = 200
EPOCHS_small = 30
WIDTH_small = 16
EPOCHS_reference = 30
WIDTH_reference = 64
POOL = $(POOL_$(PROFILE))
TEST = $(TEST_$(PROFILE))
SPLIT = test
HELD_OUT = $(if $(filter validation,$(SPLIT)),train,test)
EPOCHS = $(EPOCHS_$(PROFILE))
WIDTH = $(WIDTH_$(PROFILE))
TRAIN = --batch 8 --rate 1e-3
CLASSIFIER = --network cnn --depth 4 --channels 16 --batch 32 --rate 0.05 --augment none --epochs 20
# JPEG levels at which what is held out is judged as well; the level of the images learnt from.
LEVELS =
TRAINED =
# Images a class of the training split, outside the pool, to choose among arms by; empty: none.
VALIDATION =
# Of t-SNE: images at most, neighbours.
MAP = 2000
PERPLEXITY = 30
THREADS =

$(if $(filter $(PROFILES),$(PROFILE)),,$(error PROFILE: expected one of $(PROFILES), found '$(PROFILE)'))
SETTINGS = DATA PROFILE POOL TEST SPLIT EPOCHS WIDTH TRAIN CLASSIFIER TRAINED VALIDATION MAP PERPLEXITY
NAMES = $(SETTINGS) LATENTS ARMS LEVELS SEEDS RUN THREADS JSON

all:
include $(dir $(lastword $(MAKEFILE_LIST)))common.mk
REPORT = $(HERE)encoder-lab-report

# A stem is seed-S/latent-N/ARM.
part = $(word $1,$(subst /, ,$*))
seed = $(patsubst seed-%,%,$(call part,1))
latent = $(patsubst latent-%,%,$(call part,2))
arm = $(call part,3)
loss = $(word 1,$(subst @, ,$(arm)))
weight = $(word 2,$(subst @, ,$(arm)))
pool = $(RUN)/$(call part,1)/pool
learnt = $(pool)$(TRAINED:%=-%)
images = $(RUN)/$(if $(filter pool validation,$1),$(call part,1)/)$1
say = @printf '%s: %s\n' '$(@D)' '$1' >&2

UNTAUGHT = pca hash ssim
NO_WAY_BACK = hash ssim
SETS = pool $(if $(VALIDATION),validation) held-out $(LEVELS:%=held-out-%)
# A hash has numbers of its own: it stands with the first of LATENTS.
each = $(foreach s,$(SEEDS),$(foreach n,$(LATENTS),$(foreach a,$(call arms_of,$n,$1),$(RUN)/seed-$s/latent-$n/$a/$2)))
arms_of = $(if $(filter $(firstword $(LATENTS)),$1),$2,$(filter-out hash,$2))
pictured = $(filter-out $(NO_WAY_BACK),$(ARMS))
results = $(foreach t,$(SETS),$(call each,$(ARMS),$t.space.json) \
	$(call each,$(pictured),$t.images.json) \
	$(call each,$(pictured),$t.classes.json) \
	$(SEEDS:%=$(RUN)/seed-%/$t.classes.json))
first = $(firstword $(SEEDS))
sheets = $(if $(pictured),$(RUN)/lab.png $(LATENTS:%=$(RUN)/latent-%.png))
maps = $(foreach n,$(LATENTS),$(foreach a,$(call arms_of,$n,$(ARMS)),$(RUN)/seed-$(first)/latent-$n/$a/map.png))

all: report $(sheets) $(maps)
report: $(RUN)/table.md
	@$(if $(JSON),$(REPORT) json $(RUN)/results.tsv $(RUN),cat $<)
so-far:
	@$(REPORT) results $(RUN) '$(LATENTS)' '$(ARMS)' '$(SETS)' '$(SEEDS)' | \
		$(REPORT) $(if $(JSON),json,table) - $(RUN)
figures: $(results)
encoders: $(call each,$(filter-out $(UNTAUGHT),$(ARMS)),encoder)
.PHONY: all report so-far figures encoders
.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:

# ---- data ----

# $(call classes,IMAGES,SEED)
classes = pick $(if $1,--per-class $1 --seed $2) $(plain)
$(RUN)/held-out: | $(RUN)/settings
	@load $(DATA) $(HELD_OUT) | $(call classes,$(TEST),1) -o $@
$(RUN)/held-out-%: $(RUN)/held-out
	@compress --jpeg $* $(threads) $(plain) -o $@ $<
$(RUN)/%/pool: $(RUN)/held-out
	@mkdir -p $(@D)
	@load $(DATA) train | pick --not-ids $< | $(call classes,$(POOL),$(seed)) -o $@
$(RUN)/%/pool-$(TRAINED): $(RUN)/%/pool
	@compress --jpeg $(TRAINED) $(threads) $(plain) -o $@ $<
$(RUN)/%/validation: $(RUN)/held-out $(RUN)/%/pool
	@load $(DATA) train | pick --not-ids $< | pick --not-ids $(word 2,$^) | \
		$(call classes,$(VALIDATION),$(seed)) -o $@

# ---- embeddings ----

$(RUN)/%/classifier: $(RUN)/%/pool
	$(call say,training the classifier)
	@train $(CLASSIFIER) --seed $(seed) $(threads) $(plain) --checkpoint $@.part -o $@ $<
	@rm -f $@.part

objective = $(if $(filter untrained,$(arm)),--epochs 0,--epochs $(EPOCHS) --loss $(loss) \
	$(weight:%=--weight %))
$(RUN)/%/encoder: $$(learnt)
	$(call say,training)
	@mkdir -p $(@D)
	@train-encoder --latent $(latent) --width $(WIDTH) $(TRAIN) $(objective) --seed $(seed) \
		$(threads) $(plain) --checkpoint $@.part -o $@ $<
	@rm -f $@.part

taught = $(if $(filter $(UNTAUGHT),$(arm)),,$(RUN)/$*/encoder)
encode = encode-latent $(threads) $(plain) $(if $(taught),--weights $(taught),--method $(arm) \
	$(if $(filter hash,$(arm)),,--latent $(latent) --fit $(learnt)))
unit = $(if $(filter circle cosine,$(subst +, ,$(loss))),--unit)
decode = decode-latent $(threads) $(plain) $(if $(taught),--weights $(taught),--method $(arm) --fit $(learnt))

# The space that is judged, of a rule whose prerequisites are images and their latents.
judged = $(if $(unit),$(encode) $(unit) $<,cat $(word 2,$^))
# $(call OF_SET,SET)
define OF_SET
$(RUN)/%/$1.z: $$$$(call images,$1) $$$$(taught) | $$$$(learnt)
	@mkdir -p $$(@D)
	@$$(encode) -o $$@ $$<
$(RUN)/%/$1.space.json: $$$$(call images,$1) $(RUN)/%/$1.z
	@$$(judged) | evaluate latents --json $$(threads) -o $$@
$(RUN)/%/$1.mined: $$$$(call images,$1) $(RUN)/%/$1.z
	@$$(judged) | build-kdtree $$(threads) $$(plain) -o $$@.forest
	@pick --per-class 10 --seed $$(seed) $$(word 2,$$^) | save tsv - | cut -f 1,2 | \
		sed '1s/$$$$/	easiness/; 1!s/$$$$/	1/' | load tsv - | \
		mine --force --forest $$@.forest $$(threads) $$(plain) -o $$@
	@rm $$@.forest
$(RUN)/%/$1.images.json: $$$$(call images,$1) $(RUN)/%/$1.z
	@$$(decode) $$(word 2,$$^) | evaluate images --json $$(threads) -o $$@ $$<
$(RUN)/%/$1.classes.json: $(RUN)/%/$1.z $(RUN)/$$$$(call part,1)/classifier
	@$$(decode) $$< | predict --weights $$(word 2,$$^) $$(threads) $$(plain) | evaluate --json $$(threads) -o $$@
endef
$(foreach t,$(SETS),$(eval $(call OF_SET,$t)))
# $(call OF_SEED,SEED,SET): of the images as they are
define OF_SEED
$(RUN)/seed-$1/$2.classes.json: $(RUN)/$(if $(filter pool validation,$2),seed-$1/)$2 $(RUN)/seed-$1/classifier
	@predict --weights $$(word 2,$$^) $$(threads) $$(plain) $$< | evaluate --json $$(threads) -o $$@
endef
$(foreach s,$(SEEDS),$(foreach t,$(SETS),$(eval $(call OF_SEED,$s,$t))))

# ---- pictures ----

# $(call most,N): that many of the rows, or all.
most = $$(peek $< | awk '/^rows:/ { print $$2 < $1 ? $$2 : $1 }')
$(RUN)/%/map: $(RUN)/held-out $(RUN)/%/held-out.z
	@$(judged) | pick --random $(call most,$(MAP)) --seed 1 $(plain) | \
		embed-2d --perplexity $(PERPLEXITY) $(threads) $(plain) -o $@
$(RUN)/%/map.png: $(RUN)/%/map
	@$(HERE)scatter $< $@ '$(arm), $(if $(filter hash,$(arm)),as many bits as it has,$(latent) numbers)'
$(RUN)/%/row: $(RUN)/%/held-out.z
	@pick --per-class 1 --seed 1 $(plain) $< | $(decode) -o $@
$(RUN)/row: $(RUN)/held-out
	@pick --per-class 1 --seed 1 $(plain) -o $@ $<
# A row of the same images for each arm, in their order.
rows = $(pictured:%=$(RUN)/seed-$(first)/latent-$*/%/row)
$(RUN)/latent-%.png: $(RUN)/row $$(rows) $(RUN)/pictured
	@for r in $(filter %/row,$^); do pick --first $(call most,16) $$r; done | mosaic --columns $(call most,16) -o $@

# Of other arms than before it is another: the date does not tell.
$(RUN)/pictured: FORCE | $(RUN)/settings
	@echo '$(first): $(pictured)' >$@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# ---- the report ----

# Of other arms and seeds than before it is another: the date does not tell.
$(RUN)/results.tsv: figures
	@$(REPORT) results $(RUN) '$(LATENTS)' '$(ARMS)' '$(SETS)' '$(SEEDS)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(RUN)/table.md: $(RUN)/results.tsv $(RUN)/settings
	@$(REPORT) table $< $(RUN) >$@.new && mv $@.new $@
$(RUN)/lab.tsv: $(RUN)/results.tsv
	@$(REPORT) points $< >$@.new && mv $@.new $@
$(RUN)/lab.png: $(RUN)/lab.tsv
	@gnuplot -c $(HERE)encoder-lab.gnuplot $< $@.new '$(word 1,$(DATA))' && mv $@.new $@
