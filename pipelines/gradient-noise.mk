# Are steps on mined images less noisy than on others? Searches by DARTS that tell of every weight step
# how losses spread within its batch, by how much it lowers them there and on images that it did not
# see, and how far gradients agree (Poyser 2023, 4.4.3, equations 10 and 11, figure 38). On the rules of
# dds-nas.mk, whose settings hold here, too.
#
#   gradient-noise -j2 THREADS=1                 Fashion-MNIST, three seeds: an hour or two
#   gradient-noise SEEDS='1 2 3 4 5' ARMS='dds fresh static'
#   gradient-noise DATA='cifar10 FOLDER' SUBSET=100 LATENT=32 LOSS=mse+triplet WEIGHT=kendall
#   gradient-noise so-far                        the report of what there is by now
#   gradient-noise --json so-far                 its figures, as JSON
#   gradient-noise --help                        this, and all settings; --version
#
# ARMS are those of dds-nas. `fresh`, other images after every epoch, is what a search on all images
# does in as many steps; `static` tells what a network does that knows its images by heart; `full`
# takes as many steps as there are batches in the pool, times SEARCH_EPOCHS. Rates are half a cosine in
# all arms (SEARCH), as a cycle begins anew with every subset. NOISE: every so manieth step tells of its
# gradients, too.
#
#   RUN/seed-S/ARM/noise.tsv     a row a weight step
#   RUN/curves.tsv table.md noise.png

DATA = fashion-mnist
PROFILE = brief
ARMS = dds random static fresh
SEEDS = 1 2 3
RUN = runs/gradient-noise-$(word 1,$(DATA))

all: report
include $(dir $(lastword $(MAKEFILE_LIST)))dds-nas.mk
NAMES = $(SETTINGS) PROFILE ARMS SEEDS RUN THREADS QUIET VERBOSE JSON
NOISE = 10
MASTERY = 0.15
SEARCH += --schedule cosine --total-epochs $(SEARCH_EPOCHS)
TABLES = $(HERE)gradient-noise-report
told = $(RUN) '$(ARMS)' $(WARM_UP)

figures: $(folders:%=%/noise.tsv)
report: figures
	@$(TABLES) table $(told) >$(RUN)/table.md.new && mv $(RUN)/table.md.new $(RUN)/table.md
	@$(TABLES) curves $(told) >$(RUN)/curves.tsv.new && mv $(RUN)/curves.tsv.new $(RUN)/curves.tsv
	@gnuplot -c $(HERE)gradient-noise.gnuplot $(RUN)/curves.tsv $(RUN)/noise.png.new '$(word 1,$(DATA))' && \
		mv $(RUN)/noise.png.new $(RUN)/noise.png
	@$(if $(JSON),$(TABLES) json $(told),cat $(RUN)/table.md)
so-far:
	@$(TABLES) $(if $(JSON),json,table) $(told)
.PHONY: all figures report so-far

$(RUN)/%/noise.tsv: $$(found) $(RUN)/%/curve.tsv
	@rm -rf $@.npy; save npy $@.npy $(<D)/state; $(TABLES) steps $@.npy/noise.npy $(@D)/curve.tsv >$@.new; \
		rm -r $@.npy; mv $@.new $@
