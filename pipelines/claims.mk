# Runs claims of claims.tsv by their rules; so does make claims/ID. What was trained stays in RUNS,
# serves every claim that asks for it, and what was stopped goes on. Each claim leaves there its figures
# (ID.tsv), what judge makes of them (ID.json) and a line in ID.
#
#   SHARED   where the data sets of the beds are, in data/
#   PILOT=1  tiny, seeds from 101, validation images: shows that the commands work, in RUNS/pilot; no
#            verdict of it is the claim's

RUNS = runs/claims
SHARED = ../shared
THREADS =
PILOT =

NAMES = RUNS SHARED PILOT THREADS
USAGE = run [-jN] ID... [SETTING=VALUE]...

all:
include $(dir $(lastword $(MAKEFILE_LIST)))common.mk
REGISTER = $(HERE)claims.tsv
REPORT = $(HERE)claims-report
IN := $(RUNS)$(if $(PILOT),/pilot)
DATA := $(abspath $(SHARED))/data

IDS := $(shell tail -n +2 $(REGISTER) | cut -f 1)
# $(call field,ID,N): what the register says.
field = $(shell awk -F '\t' '$$1 == "$1" { print $$$2 }' $(REGISTER))
seeds = $(if $(PILOT),101 102,$(if $(call field,$@,2),1 2 3 4 5 6 7 8 9 10 11 12,1 2 3 4 5))

# ---- the beds: settings of compression-study, in a folder each ----

CELL = --arch $(HERE)darts-v2.genotype --cells 5 --channels 8 --batch 32 --rate 0.025 --augment none
RESNET = --network resnet --depth 8 --channels 16 --batch 32 --rate 0.05 --augment none
CNN = --network cnn --depth 4 --channels 16 --batch 32 --rate 0.05 --augment none
FM = DATA=fashion-mnist POOL=600 TEST=1000
CL = DATA='cifar10 $(IN)/beds/CL' POOL= TEST=

bed_FM = $(FM) EPOCHS=20 TRAIN='$(CNN)'
bed_CL = $(CL) EPOCHS=30 TRAIN='$(RESNET)'
bed_CL-444 = $(bed_CL) CHROMA=444
bed_CV = DATA='camvid $(DATA)/camvid --size 120x160' EPOCHS=150
bed_FM-cell = $(FM) EPOCHS=20 TRAIN='$(CELL)'
bed_CL-cell = $(CL) EPOCHS=20 TRAIN='$(CELL)'
# 3,000 images of 32 x 32 each.
bed_MN-32 = DATA='mnist $(DATA)/mnist --size 32x32' POOL=300 TEST= EPOCHS=30 TRAIN='$(RESNET)' LEVELS='95 5'
bed_FM-32 = DATA='fashion-mnist --size 32x32' POOL=300 TEST=1000 EPOCHS=30 TRAIN='$(RESNET)' LEVELS='95 5'
bed_CL-32 = $(bed_CL) LEVELS='95 5'
# Garments that move over textures.
bed_MC = DATA=clips POOL=800 TEST=400 GROUND=$(DATA)/textures-dtd
ifneq ($(PILOT),)
tiny = EPOCHS=1 POOL=20 TEST=10 SPLIT=validation
tiny_CV = POOL= TEST= DATA='camvid $(DATA)/camvid --size 24x32' TRAIN='--network segnet --depth 2 --channels 4 --batch 4'
tiny_MC = POOL=40 TEST=40
tiny_FM-cell = TRAIN='$(subst --channels 8,--channels 2,$(subst --cells 5,--cells 3,$(CELL)))'
tiny_CL-cell = $(tiny_FM-cell)
endif

# Training and test images of CIFAR-10 as they were, never compressed; others to choose by.
bed_of_CL = $(addprefix $(IN)/beds/,CL/data_batch_1.bin CL/test_batch.bin CL-validation/data_batch_2.bin)
LOSSLESS = $(DATA)/cifar10-lossless
bytes = $$(($1 * 3073))
$(IN)/beds/CL/data_batch_1.bin:
	@mkdir -p $(@D); zstd -dcq $(LOSSLESS)/data_batch_1.bin.zst | head -c $(call bytes,4000) | \
		{ head -c $(call bytes,3000); cat >$(@D)/rest.new; } >$@.new && mv $@.new $@
$(IN)/beds/CL/test_batch.bin: $(IN)/beds/CL/data_batch_1.bin
	@{ cat $(@D)/rest.new; zstd -dcq $(LOSSLESS)/test_batch.bin.zst; } >$@.new && mv $@.new $@
	@rm $(@D)/rest.new
$(IN)/beds/CL-validation/data_batch_2.bin:
	@mkdir -p $(@D); zstd -dcq $(DATA)/cifar10/data_batch_2.bin.zst >$@.new && mv $@.new $@

# ---- what the claims need of them; of others, arms and beds are those of the register ----

studies_P3-8 = CL CL-444
studies_P6-1 = FM-cell CL-cell
studies_P6-2 = MN-32 FM-32 CL-32
studies_P6-3 = FM-cell CL-cell
studies_P3-6 =
studies_P6-4 =
arms_P3-2 = inference retrained reblurred
arms_P6-2 = inference pure
arms_P3-12 = inference
arms_P3-13 = inference retrained
arms_P3-7 = inference blurred noisy
studies = $(if $(filter undefined,$(origin studies_$@)),$(call field,$@,5),$(studies_$@))
arms = $(or $(arms_$@),$(call field,$@,6))
goals = figures $(foreach s,$(seeds),$(goals_$@:%=$(IN)/$1/seed-$s/%))
study = $(HERE)compression-study $(goals) RUN=$(IN)/$1 $(bed_$1) $(tiny) $(tiny_$1) ARMS='$(arms)' \
	SEEDS='$(seeds)' THREADS=$(THREADS) BIN=$(BIN)

define newline


endef
.SECONDEXPANSION:
$(IDS): $$(if $$(findstring CL,$$(studies)),$$(bed_of_CL))
	$(foreach s,$(studies),+@$(call study,$s)$(newline)	)
	$(extra_$@)
	@$(REPORT) judge $(REGISTER) $@ $(IN) '$(seeds)' $(if $(PILOT),pilot)
.PHONY: $(IDS)
.NOTPARALLEL: # the studies within are
.DELETE_ON_ERROR:

# P3-5: which level to train on is chosen on validation images at the first level.
validation_FM = load fashion-mnist train | pick --not-ids $(IN)/FM/seed-$1/pool | \
	pick --per-class $(if $(PILOT),10,200) --seed $1
validation_CL = load cifar10 $(IN)/beds/CL-validation train | pick --per-class $(if $(PILOT),10,200) --seed $1
validation_CV = load camvid $(DATA)/camvid --size $(if $(PILOT),24x32,120x160) val
goals_P3-5 = half-75/at-95.json half-50/at-95.json
choose = $(foreach n,reference half-75 half-50,[ -e $(IN)/$1/seed-$2/$n/validation.json ] || \
	$(call validation_$1,$2) | compress --jpeg 95 | predict --weights $(IN)/$1/seed-$2/$n/net | \
	evaluate --json -o $(IN)/$1/seed-$2/$n/validation.json;)
extra_P3-5 = @$(foreach b,$(studies),$(foreach s,$(seeds),$(call choose,$b,$s)))

# P3-6: bytes of the files of every photograph, at all levels.
photographs_CV = for s in train val test; do load camvid $(DATA)/camvid $$s; done
photographs_coco-mini = for s in train val; do load folder $(DATA)/coco-mini/$$s | pick --classes images; done
sizes = [ -e $(IN)/sizes/$1-5.npy ] || { $(photographs_$1) | pick $(if $(PILOT),--first 8) -o $(IN)/sizes/$1; \
	for q in 95 75 50 15 10 5; do \
		compress --jpeg $$q $(IN)/sizes/$1 | save npy $(IN)/sizes/new; \
		mv $(IN)/sizes/new/bytes.npy $(IN)/sizes/$1-$$q.npy; \
	done; rm -r $(IN)/sizes/new $(IN)/sizes/$1; };
extra_P3-6 = @$(call same_settings,$(IN)/sizes,PILOT); $(foreach s,$(call field,$@,5),$(call sizes,$s))

# P6-4: searches at three levels; trained and tested on images as they are.
DS = $(if $(PILOT),--profile demo POOL=10 VALIDATION=4 TEST=4 SUBSET=2 ENCODER='--profile small --epochs 1' \
	SEARCH='--cells 3 --channels 4 --batch 10 --order 1' SEARCH_EPOCHS=2 WARM_UP=1 MASTERY=0 \
	TRAIN='--cells 3 --channels 4 --epochs 1',\
	--profile brief TEST=1000 TRAIN='--cells 5 --channels 16 --epochs 20')
extra_P6-4 = $(foreach q,95 15 5,+@BIN=$(BIN) $(HERE)dds-nas --runs $(IN) --name DS --arms dds --seeds '$(seeds)' \
	$(if $(THREADS),--threads $(THREADS)) --compress-search $q --until train $(DS) >/dev/null$(newline)	)
