#!/bin/bash
# The whole pipeline, tiny, on real images: its bytes depend neither on the number of threads nor on
# being killed and started again.
. "${0%/*}/../tools/tap.sh"

[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

tiny=(--profile demo --runs . PLAIN=1 POOL=10 VALIDATION=4 TEST=4 SUBSET=2
    ENCODER='--profile small --epochs 1' SEARCH='--cells 3 --channels 4 --batch 10 --order 1'
    SEARCH_EPOCHS=3 WARM_UP=1 MASTERY=0 HARDNESS=0.08 TRAIN='--cells 3 --channels 4 --epochs 2')
pipeline() { "$ROOT/pipelines/dds-nas" "${tiny[@]}" "$@"; }
# All but the clock's times, and what a killed program could not remove.
same() { diff -r -x times.tsv -x 'summary.*' -x '*.tmp' "$1" "$2"; }

run 'pipeline --name one --threads 1'
status 0 'a miniature run'
folder=one/seed-1/dds
for file in genotype.txt genotype.dot genotype.png net metrics.json retrain.sh curve.tsv curve.png \
    mined.png archive.tsv summary.txt summary.json supernet.json architecture; do
    ok "the run leaves $file" test -s $folder/$file
done
run "tail -n +2 $folder/curve.tsv | awk -F '\t' '\$5 { n++ } END { print NR, (n > 0) }'"
stdout exactly '3 1' # epochs, and a subset was mined
run 'for f in pool validation test; do save tsv <one/seed-1/$f | tail -n +2 | cut -f 1; done | sort | uniq -d'
stdout empty # no image is in two of them
run "cut -f 1,4 $folder/archive.tsv | tail -n +2 | sort | uniq -c | awk '{ print \$1 }' | sort -u"
stdout exactly 2 # images of each class, in every subset

run "pipeline --name short --arms static --until search BUDGET='--most-images 40'"
status 0 'a budget of images'
ok 'two epochs of three: 20 and 40 images' test \
    "$(tail -n +2 short/seed-1/static/curve.tsv | cut -f 1,8 | tr '\t\n' '  ')" = '1 20 2 40 '
run 'pipeline --name never --arms largest-by-nasbench201'
status 2
stderr like '*largest-by-nasbench201: of the resnets alone one is the largest*'
run "pipeline --name short --arms drawn BUDGET='--most-images 40' &&
    $ROOT/pipelines/dds-nas-report table short"
status 0 'no search'
stdout like '*| drawn | 1 | - | *'
ok 'the architecture that its seed draws' test \
    "$(cat short/seed-1/drawn/genotype.txt)" = "$(derive --random --seed 1 --format genotype)"
run "pipeline --name short --arms static --until search BUDGET='--most-images 60'"
status 1
stderr like '*< BUDGET = --most-images 40*short holds a run of other settings*'

run 'pipeline --name one --threads 1 2>&1 >again | grep -c .'
stdout exactly 0 # nothing is done twice

run 'pipeline --name two --threads 2 -q'
status 0 'the same with two threads'
stderr empty
ok 'two threads give the bytes of one' same one two

run 'two/seed-1/dds/retrain.sh && save npy was two/seed-1/dds/net && save npy is two/seed-1/dds/net.again'
status 0 'retrain.sh'
ok 'retrain.sh gives the same weights' diff -r was is
rm -r was is two

# Killed in the middle of the search, of the last training, and between.
for after in search/state search/subset.2 architecture net.checkpoint; do
    killed_at three/seed-1/dds/$after pipeline --name three --threads 2
done
run 'pipeline --name three --threads 2'
status 0 'a run that was killed and killed again goes on'
ok 'killing and going on gives the same bytes' same one three
run 'for r in one three; do sed -n "s/^stopped\t\([0-9]*\)$/\1/p" $r/seed-1/dds/summary.tsv; done | awk "NR == 1 { print } NR == 2 { print (\$1 > 0) }"'
stdout exactly $'0\n1' # what is lost is told

run 'pipeline --name one --json -v | tr -d " \n"'
status 0
stdout like '\[{*"arm":"dds"*"folder":"./one/seed-1/dds"*"stages":{*"search":{"cpu":*,"wall":*}*"test_accuracy":*}\]'
stderr like 'dds-nas: winnow *, * s, *.?? s of CPU'
run 'pipeline --name never --until data -v'
stderr like '*pick: winnow *, * s of CPU, * MiB at most*'
rm -r never
for wrong in '--json --dry-run' '-q -v' MASTRY=0.5 --sed; do
    run "pipeline --name never $wrong"
    status 2
done
run 'pipeline --version'
stdout like 'dds-nas (winnow) *'
run 'pipeline --name one MASTERY=0.5'
status 1
stderr like '*one holds a run of other settings*'
run 'cp -a one old && sed -i "/^VERSIONS/s/.*/VERSIONS = 0.0.1/" old/settings && rm old/seed-1/dds/summary.* && pipeline --name old'
status 1 'begun by another version'
stderr like '*dds-nas: ./old holds results of version 0.0.1, and this is *VERSIONS=any*'
run 'pipeline --name old VERSIONS=any && "$ROOT/pipelines/dds-nas-report" table old | tail -n 1'
status 0 'mixed, as was asked for'
stdout like '*versions of the programs *0.0.1 *Versions of the programs, MIXED: 0.0.1, *'
run 'pipeline --arms nonsense'
status 2
stderr like 'dds-nas: no arm is called nonsense*'
run 'pipeline --name never --dry-run'
status 0
stdout like '*search-step --state*mine --forest*train --arch*evaluate*'
ok 'a dry run does nothing' test ! -e never

# All arms, to the end of the search.
run 'pipeline --name one --arms "random untrained static full" --until search -j 2'
status 0 'every arm'
run "tail -qn 1 one/seed-1/{static,full}/curve.tsv | cut -f 4,8"
stdout exactly $'0\t60\n0\t300' # updates, images processed

run '"$ROOT/pipelines/dds-nas-report" table one'
status 0
stdout like '*| dds | 1 |*'
done_testing
