# Runs claims of claims.tsv by their rules; so does make claims/ID. What was trained stays in RUNS,
# serves every claim that asks for it, and what was stopped goes on. Each claim leaves there its figures
# (ID.tsv), what judge makes of them (ID.json) and a line in ID.
#
#   SHARED   where the data sets of the beds are, in data/
#   PILOT=1  tiny, seeds from 101, validation images: shows that the commands work, in RUNS/pilot; no
#            verdict of it is the claim's
#   EXTEND=1 once, of claims without a star that cannot be told: 15 seeds, intervals of 97.5 %, marked
#   FURTHEST the program of tests/bench that P4-9 counts look-ups by

RUNS ?= runs/claims
SHARED = ../shared
THREADS =
PILOT =
EXTEND =
FURTHEST = furthest

NAMES = RUNS SHARED PILOT EXTEND THREADS FURTHEST
USAGE = run [-jN] ID... [SETTING=VALUE]...

all:
	@echo 'claims: run: expected an ID' >&2; exit 2
include $(dir $(lastword $(MAKEFILE_LIST)))common.mk
REGISTER = $(HERE)claims.tsv
REPORT = $(HERE)claims-report
IN := $(RUNS)$(if $(PILOT),/pilot)
DATA := $(abspath $(SHARED))/data

IDS := $(shell tail -n +2 $(REGISTER) | cut -f 1)
# $(call field,ID,N): what the register says.
field = $(shell awk -F '\t' '$$1 == "$1" { print $$$2 }' $(REGISTER))
some = 1 2 3 4 5
many = $(some) 6 7 8 9 10 11 12
seeds = $(if $(PILOT),101 102,$(if $(EXTEND),$(many) 13 14 15,$(if $(call field,$@,2),$(many),$(some))))

# ---- the beds: settings of compression-study, in a folder each ----

CELL = --arch $(HERE)darts-v2.genotype --cells 5 --channels 8 --batch 32 --rate 0.025 --augment none
RESNET = --network resnet --depth 8 --channels 16 --batch 32 --rate 0.05 --augment none
CNN = --network cnn --depth 4 --channels 16 --batch 32 --rate 0.05 --augment none
FM = DATA=fashion-mnist POOL=600 TEST=1000
CL = DATA='cifar10 $(IN)/beds/CL' POOL= TEST=

bed_FM = $(FM) EPOCHS=20 TRAIN='$(CNN)'
bed_CL = $(CL) EPOCHS=30 TRAIN='$(RESNET)'
bed_CL-444 = $(bed_CL) CHROMA=444
bed_CL-422 = $(bed_CL) CHROMA=422
bed_CL-444-even = $(bed_CL-444) LEVELS='95 11 7 3' # with the bytes of 15, 10, 5 in 4:2:0
bed_CV = DATA='camvid $(DATA)/camvid --size 120x160' EPOCHS=150
bed_FM-cell = $(FM) EPOCHS=20 TRAIN='$(CELL)'
bed_CL-cell = $(CL) EPOCHS=20 TRAIN='$(CELL)'
bed_FM-cell-long = $(bed_FM-cell) EPOCHS=120
bed_CL-cell-long = $(bed_CL-cell) EPOCHS=120
bed_FM-flip = $(FM) EPOCHS=20 TRAIN='$(CNN:none=crop-flip)'
bed_CL-flip = $(CL) EPOCHS=30 TRAIN='$(RESNET:none=crop-flip)'
# 3,000 images of 32 x 32 each.
bed_MN-32 = DATA='mnist $(DATA)/mnist --size 32x32' POOL=300 TEST= EPOCHS=30 TRAIN='$(RESNET)' LEVELS='95 5'
bed_FM-32 = DATA='fashion-mnist --size 32x32' POOL=300 TEST=1000 EPOCHS=30 TRAIN='$(RESNET)' LEVELS='95 5'
bed_CL-32 = $(bed_CL) LEVELS='95 5'
bed_CL-32-grey = $(bed_CL-32) DATA='cifar10 $(IN)/beds/CL --grey'
# Garments that move over textures.
bed_MC = $(bed_MC-clouds) GROUND=$(DATA)/textures-dtd
bed_MC-clouds = DATA=clips POOL=800 TEST=400
ifneq ($(PILOT),)
tiny = EPOCHS=1 POOL=20 TEST=10 SPLIT=validation
tiny_CV = POOL= TEST= DATA='camvid $(DATA)/camvid --size 24x32' TRAIN='--network segnet --depth 2 --channels 4 --batch 4'
tiny_MC = POOL=40 TEST=40
tiny_MC-clouds = $(tiny_MC)
tiny_FM-cell = TRAIN='$(subst --channels 8,--channels 2,$(subst --cells 5,--cells 3,$(CELL)))'
tiny_CL-cell = $(tiny_FM-cell)
tiny_FM-cell-long = $(tiny_FM-cell)
tiny_CL-cell-long = $(tiny_FM-cell)
endif

# ---- the beds of embeddings: settings of encoder-lab, likewise in a folder each ----

lab_FM = DATA=fashion-mnist TEST=1000 VALIDATION=200
lab_MN = DATA='mnist $(DATA)/mnist' TEST= VALIDATION=200
lab_C10 = DATA='cifar10 $(IN)/beds/C10' TEST= VALIDATION=200
lab_CL = DATA='cifar10 $(IN)/beds/CL' POOL= TEST=
nz_FM = 8
nz_MN = 8
nz_C10 = 32
nz_CL = 32
taught_FM = mse+contractive
taught_C10 = mse+triplet@kendall
taught_CL = mse+triplet@kendall
tiny_lab = $(if $(PILOT),POOL=12 TEST=24 EPOCHS=1 WIDTH=2 SPLIT=validation $(if $(findstring VALIDATION,$1),VALIDATION=6))

# $(call lab,SET,LATENTS,ARMS,FILES[,-OTHER,SETTINGS]): files of all arms, made in a folder of other
# settings if any are given.
lab_run = $(IN)/lab-$1$5
lab = +@$(HERE)encoder-lab -s RUN=$(lab_run) $(lab_$1) $(call tiny_lab,$(lab_$1)) LEVELS='15 5' $6 SEEDS='$(seeds)' \
	THREADS=$(THREADS) BIN=$(BIN) \
	$(foreach s,$(seeds),$(foreach n,$2,$(foreach a,$3,$(addprefix $(lab_run)/seed-$s/latent-$n/$a/,$4))))$(newline)	

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

bed_of_C10 = $(IN)/beds/C10/test_batch.bin
$(bed_of_C10):
	@mkdir -p $(@D); for f in 1 2 3 4 5; do \
		zstd -dcq $(DATA)/cifar10/data_batch_$$f.bin.zst >$(@D)/data_batch_$$f.bin; done
	@zstd -dcq $(DATA)/cifar10/test_batch.bin.zst >$@.new && mv $@.new $@

# ---- what the claims need of them; of others, arms and beds are those of the register ----

studies_P3-8 = CL CL-444 CL-444-even
studies_P6-1 = FM-cell CL-cell
studies_P6-2 = MN-32 FM-32 CL-32 CL-32-grey
studies_P6-3 = FM-cell CL-cell
studies_P3-6 =
studies_P6-4 =
$(foreach i,4-7 4-9 4-10 4-11 4-12 6-5,$(eval studies_P$i =))
labs_P4-9 = FM C10
labs_P4-10 = MN FM C10
labs_P4-11 = FM C10
labs_P4-12 = C10
labs_P4-15 = C10
labs_P6-5 = FM CL
$(foreach n,1 2 3 4 5 6 8 13 14 15 16,$(eval studies_P4-$n =))
arms_P3-2 = inference retrained reblurred
arms_P6-2 = inference pure
arms_P3-12 = inference
arms_P3-12b = inference
arms_P3-13 = inference retrained parted fitted
arms_P3-13b = inference retrained parted fitted
arms_P3-7 = inference blurred noisy
studies = $(if $(filter undefined,$(origin studies_$@)),$(call field,$@,5),$(studies_$@))
arms = $(or $(arms_$@),$(call field,$@,6))
goals = figures $(foreach s,$(seeds),$(goals_$@:%=$(IN)/$1/seed-$s/%))
# $(call study,BED[,GOALS[,ARMS]])
study = $(HERE)compression-study $(or $2,$(goals)) RUN=$(IN)/$1 $(bed_$1) $(tiny) $(tiny_$1) ARMS='$(or $3,$(arms))' \
	SEEDS='$(seeds)' THREADS=$(THREADS) BIN=$(BIN)

define newline


endef
.SECONDEXPANSION:
$(IDS): $$(if $$(findstring CL,$$(studies) $$(labs_$$@)),$$(bed_of_CL)) $$(if $$(filter C10,$$(labs_$$@)),$$(bed_of_C10))
	$(if $(EXTEND),@$(REPORT) extend $(REGISTER) $@ $(IN)$(newline)	)$(foreach s,$(studies),+@$(call study,$s)$(newline)	)
	$(extra_$@)
	@$(REPORT) judge $(REGISTER) $@ $(IN) '$(seeds)' $(if $(PILOT),pilot,$(if $(EXTEND),extended))
.PHONY: $(IDS)
.NOTPARALLEL: # the studies within are
.DELETE_ON_ERROR:

# P3-5: which level to train on is chosen on validation images at the first level.
validation_FM = load fashion-mnist train | pick --not-ids $(IN)/FM/seed-$1/pool | \
	pick --per-class $(if $(PILOT),10,200) --seed $1
validation_CL = load cifar10 $(IN)/beds/CL-validation train | pick --per-class $(if $(PILOT),10,200) --seed $1
validation_CV = load camvid $(DATA)/camvid --size $(if $(PILOT),24x32,120x160) val
goals_P3-5 = half-75/at-95.json half-50/at-95.json half-blur-75/at-95.json half-blur-50/at-95.json
choose = $(foreach n,reference half-75 half-50,[ -e $(IN)/$1/seed-$2/$n/validation.json ] || \
	$(call validation_$1,$2) | compress --jpeg 95 | predict --weights $(IN)/$1/seed-$2/$n/net | \
	evaluate --json -o $(IN)/$1/seed-$2/$n/validation.json;)
extra_P3-5 = @$(foreach b,$(studies),$(foreach s,$(seeds),$(call choose,$b,$s)))$(newline)	$(foreach b,FM-flip CL-flip,+@$(call study,$b,$(foreach s,$(seeds),$(IN)/$b/seed-$s/reference/at-95.json))$(newline)	)

# P3-8: half of the colour samples, by models that were not retrained; and grey images.
grey = [ -e $(IN)/CL-422/grey-$1.json ] || { load cifar10 $(IN)/beds/CL test --grey | \
	compress --jpeg $1 --chroma 444 -o $(IN)/CL-422/grey; \
	load cifar10 $(IN)/beds/CL test --grey | compress --jpeg $1 --chroma 420 | \
		evaluate images --json -o $(IN)/CL-422/grey-$1.json $(IN)/CL-422/grey -; rm $(IN)/CL-422/grey; };
extra_P3-8 = +@$(call study,CL-422,,inference)$(newline)	@$(foreach q,15 10 5,$(call grey,$q))

# P3-12: of clips at 23, motion that is found in another way, to the same networks.
other_flow = d=$(IN)/$1/seed-$2/motion/reference; [ -e $$d/at-23-other.json ] || { \
	flow --method lucas-kanade --stack 10 $(threads) $(IN)/$1/at-23/images | predict --weights $$d/net $(threads) | fuse -o $$d/at-23-other.predictions; \
	evaluate --json -o $$d/at-23-other.json $$d/at-23-other.predictions; };
extra_P3-12 = @$(foreach s,$(seeds),$(call other_flow,$(studies),$s))
extra_P3-12b = $(extra_P3-12)

# P6-3: with the updates that six networks have altogether.
extra_P6-3 = $(foreach b,FM-cell-long CL-cell-long,+@$(call study,$b,,mixed)$(newline)	)

# P3-6: bytes of the files of every photograph, at all levels.
photographs_CV = for s in train val test; do load camvid $(DATA)/camvid $$s; done
photographs_coco-mini = for s in train val; do load folder $(DATA)/coco-mini/$$s | pick --classes images; done
# Of these the bytes, or what $2 tells; $3 names them, $4 is how they are coded.
sizes = [ -e $(IN)/sizes/$1$3-5.npy ] || { $(photographs_$1) | pick $(if $(PILOT),--first 8) -o $(IN)/sizes/$1; \
	for q in 95 75 50 15 10 5; do \
		compress --jpeg $$q $4 $(IN)/sizes/$1 | save npy $(IN)/sizes/new; \
		mv $(IN)/sizes/new/$2.npy $(IN)/sizes/$1$3-$$q.npy; \
	done; rm -r $(IN)/sizes/new $(IN)/sizes/$1; };
extra_P3-6 = @$(call same_settings,$(IN)/sizes,PILOT); $(foreach s,$(call field,$@,5),$(call sizes,$s,bytes) \
	$(call sizes,$s,scan,-scan) $(call sizes,$s,bytes,-444,--chroma 444) $(call sizes,$s,bytes,-optimize,--optimize))

# ---- the bed DS: searches, first order ----

DS_SEARCH = $(if $(PILOT),--cells 3 --channels 4 --batch 10,--cells 5 --channels 8 --batch 25) --order 1
DS_EPOCHS = $(if $(PILOT),2,50)
DS_SIZE = $(if $(PILOT),--cells 3 --channels 4,--cells 5 --channels 16)
DS_TRAIN = $(DS_SIZE) --epochs $(if $(PILOT),1,20)
DS_PROFILE = $(if $(PILOT),demo,brief)
DS = SEARCH='$(DS_SEARCH)' SEARCH_EPOCHS=$(DS_EPOCHS) TRAIN='$(DS_TRAIN)' MASTERY=$(if $(PILOT),0 WARM_UP=1 \
	POOL=10 VALIDATION=4 TEST=4 SPLIT=validation SUBSET=2 ENCODER='--profile small --epochs 1',0.5 TEST=1000)
# $(call dds,ARMS[,NAME[,OPTIONS[,STAGE[,SEEDS]]]])
dds = +@BIN=$(BIN) $(HERE)dds-nas --runs $(IN) --name $(or $2,DS) --arms '$1' --seeds '$(or $5,$(seeds))' \
	--profile $(DS_PROFILE) $(if $(THREADS),--threads $(THREADS)) --until $(or $4,train) $(DS) $3 >/dev/null$(newline)	

# Cells that no search found: two are drawn for each seed, and three more where the best of five is to be
# chosen.
DRAWN = drawn drawn-draw-1
extra_P4-1 = $(call dds,dds static $(DRAWN))$(call dds,dds-hardness-1.1,,,,$(wordlist 1,5,$(seeds)))
extra_P4-2 = $(call dds,dds random)$(call dds,untrained)$(call dds,pixels,,,,$(wordlist 1,5,$(seeds)))
extra_P4-3 = $(call dds,dds full static fresh)
extra_P4-4 = $(call dds,random static fresh dds-hardness-1.1)

# P4-5: of the first cell drawn, so many channels that it comes nearest to the weights that dds' has.
weights = train --describe --json --arch $1 $(DS_SIZE) $2 | sed -n 's/.*"weights": \([0-9]*\).*/\1/p'
widened = d=$(IN)/DS/seed-$1; mkdir -p $$d/widened; cp $$d/drawn/architecture $$d/widened; \
	goal=$$($(call weights,$$d/dds/architecture)); \
	width=$$(for c in $$(seq 1 64); do echo $$c $$($(call weights,$$d/widened/architecture,--channels $$c)); done | \
		awk -v goal=$$goal '{ off = $$2 < goal ? goal - $$2 : $$2 - goal } NR == 1 || off < least { least = off; c = $$1 } \
			END { print c }'); \
	[ -e $$d/widened/net ] || train --arch $$d/widened/architecture $(DS_TRAIN) --channels $$width --seed $1 $(threads) \
		--checkpoint $$d/widened/part -o $$d/widened/net $$d/pool; rm -f $$d/widened/part; \
	[ -e $$d/widened/predictions ] || predict --weights $$d/widened/net $(threads) -o $$d/widened/predictions $$d/test; \
	evaluate --json -o $$d/widened/metrics.json $$d/widened/predictions;
validated = d=$(IN)/DS/seed-$1; [ -e $$d/$2/validation.json ] || \
	predict --weights $$d/$2/net $(threads) $$d/validation | evaluate --json -o $$d/$2/validation.json;
FIVE = $(DRAWN) drawn-draw-2 drawn-draw-3 drawn-draw-4
extra_P4-5 = $(call dds,dds $(FIVE))@$(foreach s,$(seeds),$(call widened,$s)$(foreach d,$(FIVE),$(call validated,$s,$d)))
extra_P4-6 = $(call dds,dds static random)$(call dds,dds static random dds-hardness-1.1,,,search)

# P4-8: the loss on V after the first epoch, which is the same for all arms, and after the last.
COSINE = $(DS_SEARCH) --schedule cosine --total-epochs $(DS_EPOCHS)
first = d=$(IN)/DS-cosine/seed-$1; [ -e $$d/first.json ] || { rm -f $$d/first; \
	pick --ids $$d/dds/search/subset.0 $$d/pool | search-step --state $$d/first --until 1 \
		--validation $$d/validation $(COSINE) --seed $1 $(threads) >/dev/null; \
	predict --weights $$d/first $(threads) $$d/validation | evaluate --json -o $$d/first.json; };
extra_P4-8 = +@$(HERE)gradient-noise figures RUN=$(IN)/DS-cosine PROFILE=$(DS_PROFILE) $(DS) SEARCH='$(COSINE)' \
	NOISE=$(if $(PILOT),1,10) ARMS='dds fresh static' SEEDS='$(seeds)' THREADS=$(THREADS) BIN=$(BIN)$(newline)	@$(foreach s,$(seeds),$(call first,$s))

# P4-13: encoders that rebuild, cluster, or both. Then what a whole subset gives way to by the latents of
# the one that rebuilds, and by these with the classes shifted apart: on a grid, where constants are
# exact.
apart = d=$(IN)/DS-mse/seed-$1; mkdir -p $$d/apart; [ -e $$d/apart/mined-64 ] || { \
	pick --ids $$d/dds/search/subset.$$(($(DS_EPOCHS) - 1)) $$d/pool | search-step --state $$d/dds/search/state \
		--until $(DS_EPOCHS) --validation $$d/validation $(threads) -o $$d/apart/hardness; \
	for by in 0 64; do \
		save tsv - $$d/trained/latents | awk -v OFS='\t' -v by=$$by 'NR == 1 { for (i = 1; i <= NF; i++) name[i] = $$i } \
			NR > 1 { for (i = 1; i <= NF; i++) if (name[i] == "label") away = by * $$i; else if (name[i] ~ /^z/) \
				$$i = sprintf("%.9g", sprintf("%.0f", $$i * 4096) / 4096 + away) } 1' | load tsv - -o $$d/apart/latents-$$by; \
		evaluate latents --json --draws 0 $(threads) -o $$d/apart/space-$$by.json $$d/apart/latents-$$by; \
		build-kdtree $(threads) -o $$d/apart/forest $$d/apart/latents-$$by; \
		mine --force --hardness 0 --forest $$d/apart/forest --seed $1 -o $$d/apart/mined-$$by $$d/apart/hardness; \
	done; };
extra_P4-13 = $(call dds,untrained)$(foreach l,mse+triplet mse triplet,$(call dds,dds,DS-$l,LOSS=$l \
	$(if $(findstring +,$l),WEIGHT=kendall)))@$(foreach s,$(seeds),$(call apart,$s))

# P4-14: other thresholds; then nothing but replacing, and none.
extra_P4-14 = $(call dds,dds $(foreach h,0.8 0.9 0.95 0 1.1,dds-hardness-$h) $(foreach m,0.15 0.8,dds-mastery-$m))

# P4-15: listed cells, scored by batches of a run's images: mined, mined at random, or any.
NB_SIZE = $(if $(PILOT),--cells 3 --channels 2,--cells 15 --channels 16)
nb_cells = mkdir -p $(IN)/NB; [ -e $(IN)/NB/truth.tsv ] || { \
	derive --space nasbench201 --random --count $(if $(PILOT),30,1300) --format genotype | \
		awk -F , 'NR == FNR { listed[$$2]; next } $$0 in listed && n++ < $(if $(PILOT),20,1000)' \
			<(gzip -dc $(tables).csv.gz) - >$(IN)/NB/cells; \
	{ printf 'architecture\taccuracy\n'; awk -F , -v OFS='\t' 'NR == FNR { cell[$$0]; next } $$2 in cell { print $$2, $$4 }' \
		$(IN)/NB/cells <(gzip -dc $(tables).csv.gz); } >$(IN)/NB/truth.new; mv $(IN)/NB/truth.new $(IN)/NB/truth.tsv; };
# $(call nb_scores,SEED,NAME[,ARM])
nb_scores = d=$(IN)/DS-C10/seed-$1; mkdir -p $(IN)/NB/seed-$1; [ -e $(IN)/NB/seed-$1/$2.scores ] || \
	pick $(if $3,--ids $$d/$3/search/last) $$d/pool | pick --random $(if $(PILOT),8,64) --seed $1 | \
		score --arch $(IN)/NB/cells $(NB_SIZE) --seed $1 $(threads) -o $(IN)/NB/seed-$1/$2.scores;
extra_P4-15 = $(call dds,dds random,DS-C10,DATA='cifar10 $(IN)/beds/C10' LATENT=32 LOSS=mse+triplet WEIGHT=kendall \
	$(if $(PILOT),,POOL=1000 SUBSET=100),search)@$(call same_settings,$(IN)/NB,PILOT); $(nb_cells) \
	$(foreach s,$(seeds),$(call nb_scores,$s,mined,dds) $(call nb_scores,$s,replaced,random) $(call nb_scores,$s,random))

# P4-16: published scores, with what is worth the same by iso_group; a pilot takes another score.
tables = $(DATA)/nas-tables/nasbench201
extra_P4-16 = @$(call same_settings,$(IN)/zero-cost,PILOT); awk -F , -v OFS='\t' -v folder=$(IN)/zero-cost \
	-v score=$(if $(PILOT),11,12) 'NR == FNR { group[$$2] = $$3; next } FNR > 1 { file = folder "/" $$1 ".tsv" } \
	FNR > 1 && !seen[$$1]++ { print "id", "group", "accuracy", "score", "weights", "macs" >file } \
	FNR > 1 { print $$2, group[$$2], $$3, $$score, $$5, $$4 >file }' \
	<(gzip -dc $(tables).csv.gz) <(gzip -dc $(tables)_zerocost.csv.gz)

# P6-4: searches at three levels, and on images whose pixels are shuffled; trained and tested on images
# as they are.
extra_P6-4 = $(foreach q,95 15 5 shuffled,$(call dds,dds,,--compress-search $q))$(call dds,$(DRAWN))

# P4-7: the same search, which also tells how hard the images are that others would have brought.
extra_P4-7 = $(call dds,dds,DS-harder,$(if $(PILOT),HARDNESS=0) HARDER='dds random untrained pixels',search)

# P4-9: of one encoder; of CIFAR-10 all 50,000 images, as JPEG left them; the last 1,000 points are
# the queries.
P4-9: seeds = $(if $(PILOT),101,1)
POINTS = $(if $(PILOT),100 200 400,500 1000 2000 4000 8000 16000 32000 48000)
QUERIES = $(if $(PILOT),50,1000)
images_FM = load fashion-mnist train
images_C10 = load folder $(IN)/beds/C10-jpeg/train
look_up = [ -e $(IN)/look-up/$1 ] || $(images_$1) | pick --first $$(($(lastword $(POINTS)) + $(QUERIES))) | \
	encode-latent --weights $(IN)/lab-$1/seed-$(seeds)/latent-$(nz_$1)/$(taught_$1)/encoder $(threads) -o $(IN)/look-up/$1; \
	for n in $(POINTS); do $(FURTHEST) $(IN)/look-up/$1 $$n $(QUERIES) 1 $(IN)/look-up/$1-$$n >$(IN)/look-up/$1-$$n.time; done;
extra_P4-9 = $(foreach b,$(labs_$@),$(call lab,$b,$(nz_$b),$(taught_$b),encoder)) \
	@[ -d $(IN)/beds/C10-jpeg ] || { mkdir -p $(IN)/beds/C10-jpeg.new && \
		zstd -dcq --long=27 $(DATA)/cifar10-jpeg/train.tar.zst | tar xC $(IN)/beds/C10-jpeg.new && \
		mv $(IN)/beds/C10-jpeg.new $(IN)/beds/C10-jpeg; }; \
	$(call same_settings,$(IN)/look-up,PILOT); $(foreach b,$(labs_$@),$(call look_up,$b))

# P4-10 to P4-12: weights are chosen on validation images, which only what there is a choice of needs.
comma = ,
weighed = $(patsubst %,mse+$1@1$(comma)%,1e-5 1e-4 1e-3 1e-2)
judged_P4-10 = held-out.space.json held-out.images.json validation.space.json validation.images.json
extra_P4-10 = $(foreach b,$(labs_$@),$(call lab,$b,$(nz_$b),untrained mse $(call weighed,contractive) \
	$(call weighed,vae) pca,$(judged_P4-10)))
extra_P4-11 = $(foreach b,$(labs_$@),$(call lab,$b,8 16 32,$(taught_$b) pca,held-out.space.json held-out.images.json))
extra_P4-12 = $(call lab,C10,32,mse triplet mse+triplet mse+triplet@kendall mse+circle@kendall \
	$(patsubst %,mse+triplet@1$(comma)%,0.003 0.01 0.03 0.1 0.3),$(judged_P4-10))

# P6-5: encoders that learnt from images as they are, and at the level that they are fed.
extra_P6-5 = $(foreach b,$(labs_$@),$(call lab,$b,$(nz_$b),$(taught_$b) untrained,$(foreach q,15 5,held-out-$q.space.json))\
	$(call lab,$b,$(nz_$b),$(taught_$b),held-out.mined held-out-15.mined held-out-5.mined)\
	$(foreach q,15 5,$(call lab,$b,$(nz_$b),$(taught_$b),held-out-$q.space.json held-out-$q.mined,-at-$q,TRAINED=$q)))\
	$(foreach q,15 5,$(call lab,CL,$(nz_CL),$(taught_CL),held-out-$q.space.json,-at-$q-twice,TRAINED=$q EPOCHS=$(if $(PILOT),2,60)))
