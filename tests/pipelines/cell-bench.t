#!/bin/bash
# The bench of cells, tiny, on real images: what it leaves and tells, that its tables are what ranks
# are read from, and that its bytes depend neither on the number of threads nor on being killed.
. "${0%/*}/../tools/tap.sh"

[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

tiny=(PLAIN=1 DATA=fashion-mnist POOL=10 VALIDATION=5 TEST=10 CHANNELS=2 EPOCHS=2 BATCH=16 BATCHES=3 CHOICE=2
    TRAIN='--batch 10 --rate 0.1 --augment none')
bench() { "$ROOT/pipelines/cell-bench" BIN="$BIN" "${tiny[@]}" "$@"; }

run 'bench RUN=one THREADS=1 SPACES="tinycell-27 nasbench201" COUNT=3 SEEDS=1'
status 0 'a miniature bench'
stdout like 'tinycell-27: 27 cells, each by 1 seed.*| validation |*| weights |*| NASWOT, 3 random batches of 16, mean ± sd |*In each of 3 runs 2 cells*| the truth |*nasbench201: 3 cells*'
run 'cut -f 1,5 one/results.tsv | tail -n +2 | sort | uniq -c | xargs'
stdout exactly '3 nasbench201 1 27 tinycell-27 1'
run 'cut -f 4 one/results.tsv | tail -n +2 | head -n 27 | cmp - <(derive --space tinycell-27 --all --format genotype)'
status 0 'all cells of a small space, in its order'
run 'evaluate ranks one/tinycell-27.tsv <(score --arch one/tinycell-27/cells --cells 2 --channels 2 --seed 2 one/random-16-2)'
status 0 'its table is what ranks are read from'
stdout like 'pairs *27*unmatched *0*kendall*'
# shellcheck disable=SC2034 # in what run evaluates
cell=one/nasbench201/2
run 'peek --json $cell/seed-1/net | python3 -c "
import json, sys
network = json.load(sys.stdin)[\"meta\"][\"network\"]
print(network[\"genotype\"], network[\"cells\"], network[\"channels\"], network[\"image\"])" | cmp - <(echo "$(cat $cell/cell) 3 2 [28, 28, 1]")'
status 0 'a line is trained as the settings say'
run 'predict --weights $cell/seed-1/net one/test | evaluate --json | cmp - $cell/seed-1/test.json'
status 0
run 'for set in pool validation test; do save npy arrays one/$set && od -An -v -t d8 -w8 -j 128 arrays/id.npy; rm -r arrays; done | sort | uniq -d | wc -l'
stdout exactly 0 # what is learnt from, chosen by and tested on are disjoint

run 'bench RUN=one THREADS=1 SPACES="tinycell-27 nasbench201" COUNT=3 SEEDS=1 2>&1 >again | grep -c . ; cmp again one/table.md'
stdout exactly 0 # nothing is done twice
cp -r one/nasbench201/1/seed-1 before
# shellcheck disable=SC2034 # in what run evaluates
more='SPACES=nasbench201 COUNT=4'
run 'bench RUN=one $more SEEDS="1 2" MINED="one/random-16-[12]" BATCH="16 8" -j 2 THREADS=1'
status 0 'more cells, another seed, other batches, of another size, too: it goes on'
stdout like '*4 cells, each by 2 seeds.*| seed 1, by seed 2 | *| NASWOT, 3 mined batches of 8,*| NASWOT, mined, 16 images |*'
stdout like '*NASWOT by the first random batch of 16 ranks cells with a tau-b beyond 0.3: *'
stdout like '*| - | any cell | * ± * | - |*'
stdout like '*Table 17*| batch | images | nasbench201, % | tau-b |*| 16 | mined | *| 16 | random | *| 16 | mined - random | * (* to *) | * (* to *) |*| 8 | mined - random |*'
ok 'what was there stays' diff -r before one/nasbench201/1/seed-1
run 'cut -f 2-4 one/nasbench201/mined-16-3.scores | cmp - <(load fashion-mnist train | pick --ids one/random-16-1 | score --arch one/nasbench201/cells --cells 3 --channels 2 --seed 3 | cut -f 2-4)'
status 0 'of two subsets the third batch is again of the first'
run 'bench RUN=one $more SEEDS="1 2" --json so-far | python3 -c "
import json, sys
told = json.load(sys.stdin)
space, = told[\"spaces\"]
rows = [line.split(\"\t\") for line in open(\"one/nasbench201.tsv\")]
truth = [dict(zip(rows[0], row)) for row in rows[1:]]
mean = sum(float(t[\"accuracy_1\"]) + float(t[\"accuracy_2\"]) for t in truth) / 8
print(space[\"cells\"], abs(space[\"mean\"] - mean) < 1e-9, [p[\"by\"] for p in space[\"picks\"]], len(told[\"versions\"]))
any, worth = [p for p in space[\"picks\"] if p[\"by\"].startswith(\"nothing\")][0], [float(t[\"accuracy\"]) for t in truth]
print(min(worth) <= any[\"accuracy\"] <= max(worth), space[\"ranked\"][\"batch\"])
best = [p for p in space[\"picks\"] if p[\"by\"] == \"the truth\"][0]
print(all(best[\"accuracy\"] >= p[\"accuracy\"] for p in space[\"picks\"]))"'
stdout exactly $'4 True [\'random\', \'nothing, any of them\', \'weights\', \'the truth\'] 1\nTrue 16\nTrue'

# What was trained elsewhere, beside that and alone.
cp one/nasbench201/cells known
{ printf 'architecture\taccuracy\n'; head -n 3 known | awk -v OFS='\t' '{ print $0, 50 + NR }'; echo 'another	99'; } >published
run 'bench RUN=one $more SEEDS="1 2" PUBLISHED=published so-far'
stdout like '*nasbench201: 4 cells*nasbench201, published: 3 cells. Accuracy, %: 51.00 to 53.00, mean 52.00; standard deviation between cells 1.00.*| accuracy here |*| the truth | 5[23].*'
run 'bench RUN=scored $more scores && bench RUN=scored $more PUBLISHED=published --json so-far | python3 -c "
import json, sys
space, = json.load(sys.stdin)[\"spaces\"]
print(space[\"published\"], space[\"cells\"], [p[\"by\"] for p in space[\"picks\"]])"; ls -d scored/nasbench201/*/'
stdout exactly "1 3 ['random', 'nothing, any of them', 'weights', 'the truth']" # nothing was trained

run 'bench RUN=two $more SEEDS=1 THREADS=2 && rm -r one/nasbench201/*/seed-2'
for after in nasbench201/1/seed-1/net.part nasbench201/3/seed-1/net; do
    killed_at three/$after bench RUN=three $more SEEDS=1 THREADS=1
done
run 'bench RUN=three $more SEEDS=1 THREADS=1 >/dev/null && same_runs two three'
status 0 'killed and killed again it goes on and gives the same bytes, on two threads those of one'
run 'bench RUN=two $more SEEDS=1 EPOCHS=3'
status 2
stderr like '*two holds a run of other settings*'
run 'bench RUN=never MINED=nowhere scores'
status 2
stderr like '*MINED: no file nowhere*'
run 'bench RUN=never -n'
status 0
stdout like '*derive*score*train*predict*evaluate*'
ok 'a dry run does nothing' test ! -e never
run '"$ROOT/pipelines/cell-bench-report" table'
status 2
done_testing
