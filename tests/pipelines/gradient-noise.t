#!/bin/bash
# What a search tells of its steps, and what is made of it: tiny, on real images; then of steps that are
# made up, whose figures are known.
. "${0%/*}/../tools/tap.sh"

report() { "$ROOT/pipelines/gradient-noise-report" "$@"; }
study() {
    "$ROOT/pipelines/gradient-noise" BIN="$BIN" PROFILE=demo PLAIN=1 POOL=10 VALIDATION=4 SUBSET=2 \
        ENCODER='--profile small --epochs 1' SEARCH='--cells 3 --channels 4 --batch 10 --order 1' \
        SEARCH_EPOCHS=3 WARM_UP=1 MASTERY=0 HARDNESS=0.08 QUIET=1 THREADS=1 "$@"
}
if [ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ]; then
    one() { study RUN=one SEEDS=1 ARMS='dds fresh' NOISE=2 "$@"; }
    killed_at one/seed-1/dds/search/subset.1 one
    run one
    status 0 'two arms, after one of them was killed'
    stdout like '*| dds |* (1) |*| fresh |* (1) |*'
    ok 'a picture' test -s one/noise.png
    run 'cut -f 1-4 one/seed-1/dds/noise.tsv | tr "\t" " "'
    stdout exactly $'step epoch images updated\n0 0 0 0\n1 0 10 0\n2 1 20 1\n3 1 30 0\n4 2 40 1\n5 2 50 0'
    run 'cut -f 10- one/seed-1/dds/noise.tsv | grep -c -e "^-	-	-	-$"'
    stdout exactly 3 # steps whose gradients were not asked for
    run 'head -n 3 one/seed-1/dds/noise.tsv | cmp - <(head -n 3 one/seed-1/fresh/noise.tsv)'
    status 0 'the first epoch is the same'
    run 'one 2>&1 >again | grep -c . ; one so-far | cmp - one/table.md'
    stdout exactly 0 # nothing is done twice
else
    skip 'Debian package dataset-fashion-mnist is missing'
fi
run 'report table none dds 1'
status 1
stderr exactly 'gradient-noise-report: none: no results yet'

# ---- steps that are made up: 10 epochs of 5 steps, of which four are the warm-up's ----
steps() { # arm, perl for the deviation at a $step whose epoch has $of steps before, at place $x; and for the others
    local seed
    for seed in 1 2 3; do
        mkdir -p "up/seed-$seed/$1"
        perl -e 'my ($seed, $deviation, $other) = @ARGV;
            print join("\t", qw(step epoch images updated loss deviation fall other other_fall norm spread halves aligned)), "\n";
            for my $step (0 .. 49) {
                my ($epoch, $of, $x) = (int($step / 5), $step % 5, $step / 49);
                my $updated = $of == 0 && $epoch % 2 == 0 && $epoch ? 1 : 0;
                my $since = $step % 10;
                print join("\t", $step, $epoch, 25 * $step, $updated, 1, eval $deviation, 0.5, 1, eval $other,
                    $step % 10 ? ("-") x 4 : (2, 1, 0.5, 0.25)), "\n";
            }' $seed "$2" "$3" >"up/seed-$seed/$1/noise.tsv"
    done
}
mkdir up && printf 'VERSIONS = 1.0\n' >up/settings
steps dds '3 - 0.02 * $step + ($since < 3 && $step > 9 ? 0.5 : 0)' '0.02 + $seed / 1000'
steps static '3 - 0.02 * $step' '0.01 + $seed / 1000'
steps fresh '1 + 2 * $x - 3 * $x**2 + 4 * $x**3' '0.022'
run 'report table up "dds static fresh" 4'
status 0
stdout like '*| fresh | 50 | 1.000 | 1.375 | 1.750 | 2.500 | 4.000 |*' # the polynomial itself
stdout like '*| static | 50 | 3.000 | 2.755 | 2.510 | 2.265 | 2.020 |*'
stdout like '*| static | 2.81 ± * (3) | 2.06 ± 0 (3) |*' # 20 steps, and 5
stdout like '*| static |* -2 ± * (3) | 0.5 ± 0 (3) | 0.012 ± 0.001 (3) | 1 ± 0 (3) | 2 ± 0 (3) | 0.5 ± 0 (3) | 0.5 ± 0 (3) | 0.25 ± 0 (3) | 0 ± 0 (3) | 3 ± 0 (3) | 0 ± 0 (3) |*'
stdout like '*| dds |* 100 ± 0 (3) | 3 ± 0 (3) | 0 ± 0 (3) |*' # after updates, and other epochs
stdout like '*| and held-out images | dds, static | 0.01 | 0.01 to 0.01 | 3 | holds |*| dds, fresh | 0* | -0.00248* to 0.00248* | 3 | cannot be told |*'
stdout like '*| spread rises after an update, % | dds | 100 | 100 to 100 | 3 | holds |*Version of the programs: 1.0.*'
run 'report table up static 200'
stdout like '*| static | 2.51 ± * (3) | 2.06 ± 0 (3) | - | - | - |*' # all of it is warm-up
run 'report json up "dds static fresh" 4 | python3 -c "
import json, sys
told = json.load(sys.stdin)
print(len(told[\"figures\"]), len(told[\"differences\"]), told[\"versions\"])"'
stdout exactly "9 13 ['1.0']"
run 'report curves up dds 4 | sed -n "12p"'
stdout like $'10\t250\t3.3\t*\t1\t1\t*\t0.5\t0.25'
done_testing
