#!/bin/bash
# search-step: the sizes of super-nets, the loop on a few small images, interruption, bad calls.
. "${0%/*}/tap.sh"

# ---- sizes ----
weights() { search-step --describe --json "$@" | sed -n 's/^ *"weights": \([0-9]*\).*/\1/p'; }
ok '1,929,754 weights: grey, 16 channels, 8 cells' \
    test "$(weights --cells 8 --channels 16 --image 28x28x1 --classes 10)" = 1929754
ok '1,930,618 weights: RGB' test "$(weights --image 32x32x3)" = 1930618
ok '393,778 weights: 8 channels, 5 cells' test "$(weights --cells 5 --channels 8)" = 393778
run 'search-step --describe --image 28x28'
status 2
stderr like '*--image*HEIGHTxWIDTHxCHANNELS*'

# ---- a few real images, made small so that this takes seconds ----
load --size 10x10 fashion-mnist test >train 2>/dev/null || skip_all 'no Fashion-MNIST'
pick --per-class 2 --seed 1 <train >subset
pick --not-ids subset --per-class 2 --seed 2 <train >validation
export OMP_WAIT_POLICY=passive
step() { # state options...
    local state=$1
    shift
    search-step --state "$state" --validation validation --no-history "$@" <subset
}
new='--cells 3 --channels 4 --batch 8 --order 1' # 20 images: batches of 8, 8 and 4
meta() { peek --json "$1" | sed -n "s/^ *\"$2\": \(.*[^,]\),*\$/\1/p" | head -n 1; }

run "step whole $new --threads 2 --until 3 >hardness"
status 0
ok 'a row an image, in the order of the input' \
    cmp <(save tsv - hardness | cut -f1) <(pick --first 20 <subset | save tsv - | cut -f1)
ok '3 epochs in the mean' test "$(save tsv - hardness | tail -n +2 | cut -f4 | sort -u)" = 3
ok 'meta: 3 epochs' test "$(meta hardness epoch)" = 3
ok 'meta: 60 images' test "$(meta hardness images)" = 60
ok 'the rate climbs from 0.001' awk -v x="$(meta hardness rate)" 'BEGIN { exit !(x > 0.00279 && x < 0.00281) }'

# A new subset sets the rate to its peak, unless it is steady.
pick --per-class 2 --seed 9 <train >other
for schedule in cyclic steady; do
    run "step rate.$schedule $new --schedule $schedule --until 1 >lost && search-step --state rate.$schedule --validation validation --until 2 --no-history <other >rate"
    status 0
    ok "the rate after it, $schedule" awk -v x="$(meta rate rate)" -v want="$([ $schedule = cyclic ] && echo 0.01 || echo 0.0019)" \
        'BEGIN { exit !(x > want - 1e-5 && x < want + 1e-5) }'
done

cp whole before
run "step whole $new --until 3 | cmp - hardness"
status 0 'asked again, it trains no more and says the same'
ok 'and leaves the state alone' cmp whole before

step parts $new --until 1 --threads 1 >hardness.1
for e in 2 3; do step parts --until $e --threads 1 >hardness.$e; done
ok 'three calls, one thread: the state of one call, two threads' cmp parts whole
ok 'and its hardness' cmp hardness.3 hardness

timeout -s KILL 0.1 search-step --state killed --validation validation --no-history $new --until 3 \
    <subset >lost
run "step killed $new --until 3 | cmp - hardness && cmp killed whole"
status 0 'killed and called again: the same bytes'

run "step second $new --order 2 --measure --profile >measured"
status 0 'second order'
stderr like 'op *calls *separable *%*elsewhere *in all *peak: * GFLOP/s, * GB/s'
ok 'accuracy on the validation samples' grep -q '^[01]' <(meta measured validation)

# ---- noise ----
run "step noisy $new --noise 4 --threads 2 --until 3 | cmp - hardness"
status 0 'to tell of noise changes nothing'
run 'save npy noise noisy && save npy plain whole && rm noise/noise.npy && diff -r noise plain'
status 0 'but that it is told'
run "step quiet $new --noise 4 --threads 1 --until 1 && for e in 2 3; do step quiet --until \$e; done >rest && cmp quiet noisy"
status 0 'three calls, one thread: the same'
run 'step whole --noise 4 --until 9'
status 1
stderr exactly 'search-step: whole: it began with noise none, this call says 4'
run 'step noisy --noise 3 --until 9'
status 1

# ---- budgets ----
run "step short $new --most-images 59 --until 3 --measure >hardness.b"
status 0
ok 'no third epoch of 20 images within 59' test "$(meta hardness.b epoch) $(meta hardness.b over)" = '2 "images"'
ok 'measured at its end' grep -q '^[01]' <(meta short validation)
cp short before
run 'step short --most-images 59 --until 3 | cmp - hardness.b && cmp short before'
status 0 'asked again, it trains no more and says the same'
run 'step short --most-images 60 --until 9 >within && step short --until 4 >beyond'
status 0
ok 'a larger budget lets it go on' test "$(meta within epoch) $(meta within over)" = '3 "images"'
ok 'none does, and nothing is over' test "$(meta beyond epoch) $(meta beyond over)" = '4 '
run 'search-step --state brief --validation validation ${new} --most-seconds 0.001 --until 9 <subset >seconds'
status 0
ok 'the epoch by which a millisecond has passed is the last' test "$(meta seconds epoch) $(meta seconds over)" = '1 "seconds"'
run 'step timeless ${new} --until 2 >lost'
status 0
run 'search-step --state timeless --validation validation --most-seconds 9 --until 3 <subset >lost'
status 1
stderr exactly 'search-step: --most-seconds, but a call before left out its seconds by --no-history'
run "step none $new --most-images 19"
status 1
stderr exactly 'search-step: --most-images 19, but an epoch has 20'
for call in '--most-seconds 9' '--most-images 0' '--most-seconds 0'; do
    run "step none $call"
    status 2
done
ok 'no state of what never began' test ! -e none

# ---- random search with shared weights ----
run "step drawn ${new% --order 1} --strategy random --candidates 3 --threads 2 --until 2 >hardness.r"
status 0
ok 'every image was seen in both epochs' test "$(save tsv - hardness.r | tail -n +2 | cut -f4 | sort -u)" = 2
run "step again ${new% --order 1} --strategy random --candidates 3 --threads 1 --until 1 &&
    step again --threads 1 --until 2 | cmp - hardness.r && cmp again drawn"
status 0 'two calls, one thread: the state of one call, two threads'
run 'save npy tensors <drawn && derive --format genotype drawn'
status 0
stdout like 'Genotype(*'
if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
    run "/usr/bin/python3 -c '
import numpy as np
for name in \"an\", \"ar\":
    a = np.load(\"tensors/%s.npy\" % name)
    p = np.exp(a) / np.exp(a).sum(1, keepdims=True)
    assert set(p.ravel()) == {0, 1} and (p[:, 0] == 0).sum() == 8, p
'"
    status 0 'one-hot: 8 edges with an operation, no others'
else
    skip 'no numpy'
fi
run "step drawn --threads 1 --until 3 >/dev/null && step judged ${new% --order 1} --strategy random --candidates 3 --judge 17 --until 2 | peek --json |
    grep -oE '\"judged\": [0-9]+' | head -n 1; peek --json drawn | grep -oE '\"judge(d)?\": [0-9]+' | xargs"
stdout exactly "\"judged\": $((2 * 4 * 17))
judged: 96 judge: 8" # of an epoch the three that are tried, and the one found so far
run 'step judged --judge 18 --until 3'
status 1
stderr like '*it began with judge 17, this call says 18*'
for call in '--order 1' '--strategy darts' '--candidates 4'; do
    run "step drawn $call --until 9"
    status 1
    stderr like 'search-step: drawn: it began with *'
done
run 'step whole --strategy random --until 9'
status 1
stderr exactly 'search-step: whole: it began with strategy "darts", this call says "random"'
run 'step whole --strategy darts --until 3 | cmp - hardness'
status 0
for call in '--strategy random --order 1' '--strategy gdas --noise 2' '--noise 0' '--candidates 3' '--strategy random --profile' '--strategy other' \
    '--strategy random --population 4' '--strategy reinforce --population 4' '--strategy evolution --population 4 --sample 5'; do
    run "step none $call"
    status 2
done

# ---- evolution by shared weights ----
evolve="${new% --order 1} --strategy evolution --population 6 --sample 3 --candidates 2"
run "step evolved $evolve --threads 2 --until 3 >hardness.e"
status 0
run "step one $evolve --threads 1 --until 1 && cp one two && step two --threads 1 --until 2 &&
    cp two three && step three --threads 2 --until 3 | cmp - hardness.e && cmp three evolved"
status 0 'three calls, one thread: the state of one call, two threads'
population() { peek --json "$1" | sed -n 's/^ *"architecture": "\(.*\)",$/\1/p'; }
ok 'six live, the oldest two give way' cmp <(population one | tail -n 4) <(population two | head -n 4)
ok 'to others' test "$(cat <(population one) <(population two | tail -n 2) | sort -u | wc -l)" -gt 6
ok 'derive finds the best' test "$(derive --format genotype evolved)" = "$(peek --json evolved |
    sed -n 's/^ *"architecture": "\(.*\)",$/\1/p; s/^ *"loss": \([0-9.]*\)$/\1/p' | paste - - |
    sort -s -t "$(printf '\t')" -k 2,2g | head -n 1 | cut -f 1)"
# ---- a policy by shared weights ----
reinforce="${new% --order 1} --strategy reinforce --candidates 4"
run "step learnt $reinforce --threads 2 --until 2 >hardness.p"
status 0
run "step policy $reinforce --threads 1 --until 1 && cp policy first &&
    step policy --threads 1 --until 2 | cmp - hardness.p && cmp policy learnt"
status 0 'two calls, one thread: the state of one call, two threads'
ok 'four steps an epoch' grep -q '^ *"steps": 8,' <(peek --json learnt)
ok 'by rewards' awk -v x="$(meta learnt baseline)" 'BEGIN { exit !(x > 0 && x < 1) }'
run "derive --format genotype learnt"
stdout like 'Genotype(*'

run 'step evolved --population 5 --until 9'
status 1
stderr exactly 'search-step: evolved: it began with population 6, this call says 5'

# ---- gdas: paths alone, drawn by architecture parameters that learn ----
gdas="${new% --order 1} --strategy gdas --total-epochs 3"
run "step straight $gdas --threads 2 --until 3 >hardness.g && step halting $gdas --threads 1 --until 1 >lost &&
    step halting --threads 1 --until 3 | cmp - hardness.g && cmp halting straight"
status 0 'two calls, one thread: the state of one call, two threads'
ok 'as many steps as batches' test "$(meta straight steps)" = 9
run 'step longer ${gdas% --total-epochs 3} --total-epochs 9 --until 3 >lost && save npy fast <straight &&
    save npy slow <longer && ! cmp fast/an.npy slow/an.npy'
status 0 'how fast it cools is told by the epochs in all'
run 'derive --format genotype straight'
stdout like 'Genotype(*'
run 'step straight --total-epochs 4'
status 1
stderr exactly 'search-step: straight: it began with total_epochs 3, this call says 4'
for call in '--order 1' '--candidates 3' '--profile'; do
    run "step none --strategy gdas $call"
    status 2
done
run 'step none --total-epochs 9'
status 2
run 'step small --space tinycell-125 --strategy gdas --cells 2 --channels 4 --measure >measured && derive --format genotype small'
stdout like '|*~0|+|*~0|*~1|*'
ok 'accuracy of the architecture found' grep -q '^[01]' <(meta measured validation)

# ---- pc-darts: cells connected in part ----
partial="${new% --order 1} --strategy pc-darts --partial 2 --frozen 1"
run "step parted $partial --threads 2 --until 3 --measure >hardness.c && step halves $partial --threads 1 --until 1 >lost &&
    cp halves frozen && step halves --threads 1 --until 3 --measure | cmp - hardness.c && cmp halves parted"
status 0 'two calls, one thread: the state of one call, two threads'
ok 'no step of the architecture in its first epoch, three in each of the others' \
    test "$(meta frozen steps) $(meta parted steps)" = '0 6'
run 'save npy at.1 <frozen && save npy at.3 <parted && for name in an ar bn br; do ! cmp at.1/$name.npy at.3/$name.npy || exit 3; done >lost'
status 0 'then operations and edges move'
run 'derive --format genotype parted && predict --weights parted <validation | evaluate >lost'
stdout like 'Genotype(*'
if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
    run "/usr/bin/python3 -c '
import numpy as np, re, subprocess
names = \"none max_pool_3x3 avg_pool_3x3 skip_connect sep_conv_3x3 sep_conv_5x5 dil_conv_3x3 dil_conv_5x5\".split()
softmax = lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)
text = subprocess.run([\"derive\", \"--format\", \"genotype\", \"parted\"], capture_output=True, text=True, check=True).stdout
for cell, letter in (\"normal\", \"n\"), (\"reduce\", \"r\"):
    a, b = (np.load(\"at.3/%s%s.npy\" % (k, letter)).astype(float).squeeze() for k in \"ab\")
    wanted = []
    for node in range(4):
        first = sum(range(2, 2 + node)); own = slice(first, first + 2 + node)
        p = (softmax(a[own]) * softmax(b[own])[:, None])[:, 1:]
        wanted += [(names[1 + p[i].argmax()], i) for i in sorted(np.argsort(-p.max(1), kind=\"stable\")[:2])]
    found = re.findall(r\"\(.(\w+)., (\d)\)\", re.search(cell + r\"=\[(.*?)\], \" + cell + \"_concat\", text).group(1))
    assert found == [(o, str(i)) for o, i in wanted], (found, wanted)
'"
    status 0 'derived by the products of what edges and operations weigh'
else
    skip 'no numpy'
fi
for space in 'nasbench201 --cells 3' 'tinycell-27 --cells 2'; do
    run "step dense.p --space $space --channels 4 --batch 8 --strategy pc-darts --frozen 0 --until 1 >lost &&
        save npy dense <dense.p && test -s dense/edge_parameters.npy && derive --format genotype dense.p"
    stdout like '|*~0|+|*~0|*~1|*'
    rm -rf dense dense.p
done
ok 'a quarter of the channels: a sixth of the weights, and parameters of the edges' test \
    "$(search-step --describe --json --cells 8 --channels 16 --partial 4 | sed -n 's/^ *"\(weights\|architecture\)": //p' | tr -d '\n')" = 298714,252,
run 'step parted --partial 4 --until 9'
status 1
stderr exactly 'search-step: parted: it began with partial 2, this call says 4'
run 'step whole --partial 4'
status 1
stderr exactly 'search-step: whole: it began with partial none, this call says 4'
run 'step none --strategy pc-darts --channels 6'
status 1
stderr exactly 'search-step: 6 channels, expected a multiple of 4: so many parts'
for call in '--strategy pc-darts --order 1' '--partial 4' '--frozen 3' '--strategy gdas --frozen 3' '--strategy random --partial 2'; do
    run "step none $call"
    status 2
done

# ---- p-darts: stages ----
staged='--channels 4 --batch 8 --strategy p-darts --stages 2:8:0,3:5:0.4,4:3:0.7 --stage-epochs 2 --frozen 1'
run "step stages $staged --threads 2 --until 9 --measure >hardness.s"
status 0
for e in 1 2 3 4 5 6; do
    first=$staged
    [ -e stage ] && first=
    step stage $first --threads 1 --until $e --measure >hardness.$e
    cp stage stage.$e
done
ok 'six calls, one thread: the state of one call, two threads' cmp stage stages
ok 'and its hardness' cmp hardness.6 hardness.s
ok 'then all stages are over' test "$(meta stages epoch) $(meta stages over)" = '6 "stages"'
run 'step stages --until 12 | cmp - hardness.s && cmp stages stage'
status 0 'asked again, it trains no more and says the same'
for e in 1 3 5 6; do save npy "at.$e" <"stage.$e"; done
cells() { peek --json "$1" | sed -n 's/^ *"cells": \([0-9]*\),*$/\1/p' | head -n 1; }
ok 'cells 2, 3, 4' test "$(cells stage.2) $(cells stage.3) $(cells stage.6)" = '2 3 4'
shape() { head -c 128 "at.$1/an.npy" | tr -d '\0' | sed -n "s/.*'shape': (\([0-9]*, [0-9]*\).*/\1/p" | head -n 1; }
ok 'operations 8, 5, 3' test "$(shape 1) $(shape 3) $(shape 5)" = '14, 8 14, 5 14, 3'
ok 'the rate falls over each stage' test "$(for e in 1 2 3 4 5 6; do meta hardness.$e rate; done | tr '\n' ' ')" = \
    '0.025 0.0125 0.025 0.0125 0.025 0.0125 '
ok 'a stage is told by where it began' test "$(meta hardness.2 begun) $(meta hardness.3 begun) $(meta hardness.5 begun)" = ' 2 4'
ok 'no step of the architecture in the first epoch of a stage' \
    test "$(for e in 1 2 3 4 5 6; do meta stage.$e steps; done | tr '\n' ' ')" = '0 3 0 3 0 3 '
for e in 3 4; do
    step still ${staged% --frozen 1} --frozen 2 --until $e >lost && save npy "still.$e" <still
done
ok 'frozen, it does not move' cmp still.3/an.npy still.4/an.npy
ok 'else it does' test "$(cmp at.5/an.npy at.6/an.npy 2>&1)" != ''
run 'derive --format genotype stages && predict --weights stages <validation | evaluate >lost'
stdout like 'Genotype(*'
ok 'at most two skips' test "$(derive --format genotype stages | sed 's/normal_concat.*//' | grep -o skip_connect | wc -l)" -le 2
for call in '--stages 2:8:0' '--most-skips 3' '--stage-epochs 3' '--frozen 0'; do
    run "step stages $call --until 9"
    status 1
    stderr like 'search-step: stages: it began with *'
done
for call in '--strategy p-darts --order 1' '--stages 5:8:0' '--stage-epochs 3' '--most-skips 3' '--strategy pc-darts --stages 5:8:0' \
    '--strategy p-darts --cells 5' '--strategy p-darts --total-epochs 9' '--strategy p-darts --space nasbench201' \
    '--strategy p-darts --stages 5:8:0,6:2:0' '--strategy p-darts --profile' '--strategy p-darts --partial 2'; do
    run "step none $call"
    status 2
done

# ---- other spaces ----
dense='--channels 3 --batch 8'
for space in 'nasbench201 --cells 3' 'tinycell-125 --cells 2' 'tinycell-27 --cells 4'; do
    run "step dense --space $space $dense --order 1 --threads 2 --until 2 >hardness.d &&
        step parts.d --space $space $dense --order 1 --threads 1 --until 1 &&
        step parts.d --threads 1 --until 2 | cmp - hardness.d && cmp parts.d dense"
    status 0
    run 'derive -o cell dense && derive --format genotype cell'
    stdout like '|*~0|+|*~0|*~1|*'
    run 'peek cell'
    stdout like "*\"space\": \"${space%% *}\"*"
    for how in evolution reinforce; do
        run "step dense.$how --space $space $dense --strategy $how --candidates 2 --until 1 >lost &&
            step dense.$how --until 2 >lost && derive --format genotype dense.$how"
        stdout like '|*~0|+|*~0|*~1|*'
    done
    run "step dense.r --space $space $dense --strategy random --candidates 2 --until 1 &&
        derive dense.r | score --arch - --cells 6 --channels 2 validation &&
        predict --weights dense.r <validation | evaluate"
    status 0
    rm dense parts.d dense.*
done
run "step odd --space tinycell-27 --cells 3 $dense"
status 1
stderr like 'search-step: 3 cells, expected a multiple of 2: tinycell-27 *'
run "step cells --space tinycell-27 --cells 2 $dense && step cells --space darts"
status 1
stderr exactly 'search-step: cells: it began with space "tinycell-27", this call says "darts"'
ok 'sizes: 5 operations an edge' \
    test "$(search-step --describe --json --space nasbench201 --cells 3 | sed -n 's/^ *"architecture": //p')" = 30,

# ---- widths and depths of a residual network ----
tas='--space resnet-14 --strategy tas --macs 0.6 --channels 4 --batch 8 --total-epochs 3'
run "step narrow $tas --threads 2 --until 3 >hardness.n && step halting.n $tas --threads 1 --until 1 >lost &&
    step halting.n --threads 1 --until 3 | cmp - hardness.n && cmp halting.n narrow"
status 0 'two calls, one thread: the state of one call, two threads'
timeout -s KILL 0.2 search-step --state killed.n --validation validation --no-history $tas --until 3 <subset >lost
run "step killed.n $tas --until 3 | cmp - hardness.n && cmp killed.n narrow"
status 0 'killed and called again: the same bytes'
ok 'as many steps as batches' test "$(meta narrow steps)" = 9
run "step lone.n $tas --schedule cosine --until 3 | cmp - hardness.n && cmp lone.n narrow"
status 0 'half a cosine unless told'
ok 'from 0.1 on' awk -v x="$(meta narrow rate)" 'BEGIN { exit !((x - 0.025) ^ 2 < 1e-18) }'
share() { peek --json "$1" | tr -d ' \n' | grep -o '"kept":{"macs":[0-9.]*' | sed 's/.*://'; }
macs() { train --describe --json --arch "$1" --channels 4 --image 10x10x1 --classes 10 | sed -n 's/^ *"macs": \([0-9]*\).*/\1/p'; }
run 'derive --format genotype -o found narrow && echo resnet-14 >largest && cat found'
stdout like 'resnet-14(*|*-* *-*|*-* *-*|*-* *-*)'
ok 'it tells the share of what is found' awk -v s="$(share narrow)" -v a="$(macs found)" -v b="$(macs largest)" \
    'BEGIN { exit !(s > 0 && (s - a / b) ^ 2 < 1e-10) }'
ok 'derive finds what the state tells it to' \
    test "$(cat found)" = "$(peek --json narrow | sed -n 's/^ *"found": "\(.*\)"$/\1/p')"
run "step wide ${tas/0.6/0.9} --until 3 >lost && save npy fast <narrow && save npy slow <wide &&
    ! cmp fast/width_attentions.npy slow/width_attentions.npy && step wide --macs 0.8"
status 1
stderr like 'search-step: wide: it began with macs 0.9, this call says 0.8'
run 'predict --weights narrow <validation | evaluate && derive narrow | score --arch - --channels 4 validation &&
    train --arch narrow --channels 4 --epochs 1 <subset | predict --weights - validation | evaluate'
status 0
for how in 'darts --order 1' gdas 'random --candidates 2' 'evolution --population 2 --sample 1 --candidates 1' \
    'reinforce --candidates 2'; do
    run "step others --space resnet-14 --strategy $how --channels 3 --batch 8 --until 2 --measure >lost &&
        derive --format genotype others; rm others"
    stdout like 'resnet-14(*|*|*|*)'
done
for call in '--strategy tas' '--space resnet-14 --cells 6' '--macs 0.5' "$tas --order 1" "$tas --profile" \
    "${tas/0.6/0}"; do
    run "step none $call"
    status 2
done
ok 'sizes: 13 convolutions of 8 widths, 3 stages of 2 depths' \
    test "$(search-step --describe --json --space resnet-14 | sed -n 's/^ *"architecture": //p')" = 110,

# ---- the subset changes ----
cp whole changed
run "pick --not-ids subset --per-class 2 --seed 3 <train | cat >other
    search-step --state changed --validation validation <other >after"
status 0
ok 'a new subset: the rate is at its peak' awk -v x="$(meta after rate)" 'BEGIN { exit !(x > 0.00999 && x < 0.01001) }'
ok 'one update, one epoch since' test "$(meta after update) $(meta after since)" = '1 1'
ok 'newcomers have one epoch' test "$(save tsv - after | tail -n +2 | cut -f4 | sort -u)" = 1

# All are replaced by each other: they come straight back.
cp whole back
run 'train-encoder --epochs 0 --latent 2 --profile small -o encoder subset &&
    encode-latent --weights encoder subset | build-kdtree -o forest &&
    search-step --state back --validation validation <subset |
    mine --force --hardness 0 --ban none --forest forest >again &&
    pick --ids again train | search-step --state back --validation validation >after'
status 0
ok 'who comes straight back begins anew' test "$(save tsv - after | tail -n +2 | cut -f4 | sort -u)" = 1

mine --keep-all <hardness.1 >ids && cp parts arm
step arm >static
run 'cp parts arm2; pick --ids ids train | search-step --state arm2 --validation validation \
    --no-history >mined; cmp arm arm2'
status 0 'through mine that never updates: the static arm, bit for bit'

# ---- predictions of the super-net ----
run 'predict --weights whole <subset | peek'
status 0
stdout like 'kind: predictions*scores f32 \[10\]*"scores": "logits"*'

# ---- bad calls and bad files ----
run 'search-step --describe --channels 1025'
status 2
stderr like 'search-step: --channels: expected a whole number from 1 to 1024, *'
run 'search-step --describe --cells 101'
status 2
run 'search-step --seed 9223372036854775808'
status 2
stderr like 'search-step: --seed: expected a whole number from 0 to 9223372036854775807, *'
run 'search-step --validation validation <subset'
status 2
run 'search-step --state none <subset'
status 2
run 'step whole --epochs 1 --until 2'
status 2
run 'step whole --cells 4'
status 1
stderr exactly 'search-step: whole: it began with cells 3, this call says 4'
run 'step whole --seed 2 --order 2'
status 1
stderr like 'search-step: whole: it began with seed 1, this call says 2'
head -c 20000 whole >cut
run 'step cut'
status 1
stderr like 'search-step: cut: *'
stdout empty
run 'search-step --state none --validation subset $new <validation | search-step --state none2 --validation validation'
status 1
stderr like '*expected*samples*'
run 'search-step --state subset --validation validation <subset'
status 1
stderr like 'search-step: subset: *weights*'
run 'head -c 1500 subset | search-step --state none3 --validation validation'
status 1
ok 'no state of a broken input' test ! -e none3
cp whole kept
run 'search-step --state whole --validation validation -o whole <subset'
status 2
ln whole linked
for other in ./whole linked "$PWD/whole"; do
    run "search-step --state whole --validation validation -o $other <subset"
    status 2
done
ok 'a state is not replaced by what is told of it' cmp whole kept
run 'search-step --state new --validation validation -o ./new <subset'
status 2 'nor one that is not there yet'
ok 'and none is begun' test ! -e new
run 'search-step --state - --validation validation <subset'
status 2
for call in 'search-step --state whole --validation -' 'mine --forest -' 'predict --weights -' \
    'encode-latent --weights -' 'decode-latent --weights -' 'train --arch -'; do
    run "$call <subset"
    status 2
    stderr like '*: only one input can be standard input*'
done
run "step full $new >/dev/full"
status 1
ok 'what was trained stays, though nobody could be told' test -s full
done_testing
