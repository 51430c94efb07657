#!/bin/bash
# Searches under compression, tiny, on real images: compress changes pixels and nothing else.
. "${0%/*}/../tools/tap.sh"

[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

tiny=(PLAIN=1 POOL=10 VALIDATION=4 TEST=4 SUBSET=2 ENCODER='--profile small --epochs 1'
    SEARCH='--cells 3 --channels 4 --batch 10 --order 1' SEARCH_EPOCHS=2 WARM_UP=1 MASTERY=0
    HARDNESS=0.08 TRAIN='--cells 3 --channels 4 --epochs 1')
study() { "$ROOT/pipelines/compressed-search" BIN="$BIN" PROFILE=demo LEVELS='95 5' "${tiny[@]}" "$@"; }
pipeline() { "$ROOT/pipelines/dds-nas" --profile demo --runs . "${tiny[@]}" "$@"; }

run 'study RUN=one SEEDS=1 THREADS=1'
status 0 'the tables in miniature'
for column in no-retraining evaluation search final mixed-evaluation mixed-search clean; do
    stdout like "*| $column |* (1) |* (1) |*"
done
stdout like '*| 5 | clean |* (1) |*| 5 | at the level |*'
stdout like '*- evaluation at 5 is better than no-retraining by more than 2 s.e.: cannot be told of one seed*The source: Fashion-MNIST, made of JPEG pictures *The codec: jpeg of libjpeg-turbo *'
run 'study RUN=one SEEDS="1 2" COLUMNS=no-retraining SOURCE="never coded"'
status 0
stdout like '*The source: never coded.*'
stdout like '*| no-retraining |* ± * (2) |* ± * (2) |*| evaluation |* (1) |*'
run 'study RUN=one SEEDS=1 THREADS=1 2>&1 >again | grep -c .'
stdout exactly 0 # nothing is done twice
run 'study RUN=one so-far | cmp - one/table.md'
status 0 'the tables of what there is'
run 'study RUN=one --json so-far | python3 -c "
import json, sys
told = json.load(sys.stdin)
columns = told[\"columns\"]
print(len(columns), sorted(columns[0]), len(told[\"encoders\"]), len(told[\"versions\"]), told[\"codec\"][\"name\"], told[\"source\"][:13])"'
stdout exactly "16 ['column', 'level', 'metrics', 'seed'] 4 1 jpeg Fashion-MNIST" # seven columns, of seed 2 one, at two levels
run 'study RUN=two SEEDS=1 THREADS=2 COLUMNS="mixed-search encoder" -j 2 >/dev/null 2>&1 &&
    diff -r -x times.tsv -x table.md one two | grep -v "^Only in one"'
status 1 'two threads and two jobs give the bytes of one'

# One search serves all that are trained on what it found.
run 'ls -d one/seed-1/*/search one/seed-1/*/net | xargs -n 1 basename | sort | uniq -c | xargs'
stdout exactly '9 net 4 search' # searches: clean, two levels, mixed
# An encoder is trained on images as they are unless it is said otherwise.
run 'ls one/seed-1/trained*/encoder | xargs -n 1 dirname | xargs -n 1 basename | sort | xargs'
stdout exactly 'trained trained-encoder-5 trained-encoder-95'

columns() { save npy was "$1" && cat was/id.npy was/label.npy >"$2" && cp was/image.npy "$2.image" && rm -r was; }
run 'columns one/seed-1/validation a && columns one/seed-1/dds-search-5/search/validation b &&
    cmp a b && ! cmp -s a.image b.image'
status 0 'compress changes pixels alone'
run 'cmp one/seed-1/dds/search/subset.0 one/seed-1/dds-search-5/search/subset.0'
status 0 'the first subset is the same'
run 'cmp -s one/seed-1/dds/search/state one/seed-1/dds-search-5/search/state'
status 1 'what was learnt from it is not'

# The options of dds-nas lead to the same bytes.
run 'pipeline --name three --compress-search 5 --compress-final 5 --until train &&
    diff -r -x times.tsv one/seed-1/dds-search-5/search three/seed-1/dds-search-5-final-5/../dds-search-5/search &&
    cmp one/seed-1/dds-search-5-final-5/net three/seed-1/dds-search-5-final-5/net &&
    cmp one/seed-1/dds-search-5-final-5/metrics.json three/seed-1/dds-search-5-final-5/metrics.json'
status 0 'dds-nas --compress-search --compress-final'
run 'pipeline --name three --arms static --compress-search 95,5 --json | tr -d " \n"'
status 0
stdout like '*"arm":"static-search-95,5"*'
run 'three/seed-1/static-search-95,5/retrain.sh && cd three/seed-1/static-search-95,5 && save npy was net && save npy is net.again && diff -r was is'
status 0 'retrain.sh'
run 'pipeline --name never --dry-run --compress-encoder 5,95 --compress-search 15'
stdout like '*compress --mix 5,95 --seed 1*train-encoder*compress --jpeg 15*| search-step*'
for wrong in '--compress-search' '--compress-search 0' '--compress-final 101' '--compress-final best' '--arms static --compress-encoder 5'; do
    run "pipeline --name never $wrong"
    status 2
done
ok 'nothing was begun' test ! -e never

# What is found of figures of two seeds: by hand.
figure() { mkdir -p "$(dirname "$1")" && echo "{\"top1\": $2}" >"$1"; }
for seed in 1 2; do
    figure found/seed-$seed/dds/at-95.json 0.9$seed
    figure found/seed-$seed/dds-final-95/metrics.json 0.9
    figure found/seed-$seed/dds/at-5.json 0.5$seed
    figure found/seed-$seed/dds-final-5/metrics.json 0.8$seed
    figure found/seed-$seed/dds-final-95,5/at-5.json 0.4$seed
    figure found/seed-$seed/dds-search-95/metrics.json 0.9$seed
    figure found/seed-$seed/dds-search-5/metrics.json 0.$((10 - seed))
done
run '"$ROOT/pipelines/dds-nas-report" levels found known 95 5 | grep "^-"'
stdout exactly '- evaluation at 95 is at most 1 s.e. worse than no-retraining: does not hold (-1.50 ± 0.50)
- the lead of evaluation over no-retraining does not shrink from 95 to 5: holds (+31.50 ± 0.50)
- evaluation at 5 is better than no-retraining by more than 2 s.e.: holds (+30.00 ± 0.00)
- mixed-evaluation at 5 is no worse than no-retraining: does not hold (-10.00 ± 0.00)
- mixed-evaluation at 5 is at most 1 s.e. better than evaluation: holds (-40.00 ± 0.00)
- what was searched at 5 is, clean, within 2 s.e. of what was at 95: holds (-6.50 ± 5.50)'
# What is said of two levels is said of the seeds that both have.
figure apart/seed-1/dds/at-95.json 0.9
figure apart/seed-1/dds-final-95/metrics.json 0.9
for seed in 2 3; do
    figure apart/seed-$seed/dds/at-5.json 0.5
    figure apart/seed-$seed/dds-final-5/metrics.json 0.8
done
figure apart/seed-2/dds/at-95.json 0.9
figure apart/seed-2/dds-final-95/metrics.json 0.9
run '"$ROOT/pipelines/dds-nas-report" levels apart known 95 5 | grep lead'
stdout exactly '- the lead of evaluation over no-retraining does not shrink from 95 to 5: cannot be told of one seed'

for seed in 1 2; do
    figure other/seed-$seed/dds-final-95/metrics.json 0.9
    figure other/seed-$seed/dds-final-5/metrics.json 0.7$seed
done
run '"$ROOT/pipelines/dds-nas-report" falls 95 5 found other'
status 0
stdout exactly 'fall of top-1 from 95 to 5, points: mean ± sample standard deviation (seeds)

| run | no-retraining | evaluation |
|---|--:|--:|
| found | 40.00 ± 0.00 (2) | 8.50 ± 0.71 (2) |
| other | - | 18.50 ± 0.71 (2) |

- evaluation falls less in found than in other, by more than 2 s.e.: holds (+10.00 ± 0.00)'
run '"$ROOT/pipelines/dds-nas-report" falls 95 5'
status 2

# Two classes of two points: means 5 apart, and each point 1 away from its own.
mkdir points
array() { # type, shape, pack, values
    perl -e '($t, $s, $p, @v) = @ARGV; $h = "{\x27descr\x27: \x27$t\x27, \x27fortran_order\x27: False, \x27shape\x27: ($s), }";
        print "\x93NUMPY\1\0", pack("v", 118), sprintf("%-117s\n", $h), pack "$p*", @v' -- "$@"
}
array '<f4' '4, 2' f 0 1 0 -1 3 5 3 3 >points/z.npy
array '<i4' '4,' l 0 0 1 1 >points/label.npy
mkdir -p apart/seed-1/trained-search-5
run 'load npy points | evaluate latents --json -o apart/seed-1/trained-search-5/space.json &&
    "$ROOT/pipelines/dds-nas-report" levels apart known 95 5 | grep "^| 5"'
stdout exactly '| 5 | clean | 25.00 (1) | 25.00 (1) | 25.00 (1) | 25.00 (1) | 25.00 (1) | 25.00 (1) | 1.00 (1) |'
# By hand, with histories: the same ids, labels and seeds.
told() { # of all programs but compress: name, seed
    python3 -c 'import json, sys
for h in json.load(open(sys.argv[1]))["history"]:
    if h["program"] != "compress":
        print(h["program"], h.get("seed"))' "$1"
}
# shellcheck disable=SC2034 # in what run evaluates
search=(--validation v --cells 3 --channels 2 --batch 10 --order 1 --seed 7)
run 'load fashion-mnist train | pick --per-class 4 --seed 5 -o all && pick --per-class 2 --seed 3 all >s && pick --not-ids s -o v all &&
    search-step --state clean "${search[@]}" <s >a && compress --jpeg 5 s | search-step --state coded "${search[@]}" >b &&
    peek --json a >a.json && peek --json b >b.json && diff <(told a.json) <(told b.json) && told a.json | grep -c "search-step 7"'
status 0 'a search under compression is the same by its seeds'
stdout exactly 1
run 'cmp <(save tsv - a | cut -f 1,2) <(save tsv - b | cut -f 1,2) && head -n 1 <(save tsv - a | cut -f 1,2) && ! cmp -s <(save tsv - a) <(save tsv - b)'
status 0 'and by its images and labels, if not by what it makes of them'
done_testing
