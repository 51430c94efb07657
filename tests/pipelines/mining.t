#!/bin/bash
# What mining does on real images, for CHECK_LONG=1: how much of a tree a search visits, how far away
# it goes, and whether the super-net finds what came in harder than what left. The first two are
# tests; the last is an experiment on one seed, whose outcome is printed.
. "${0%/*}/../tools/tap.sh"

case ${CHECK_LONG:-0} in '' | 0) skip_all 'long: CHECK_LONG=1' ;; esac
[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

epochs=${EPOCHS:-30}
search='search-step --state state --validation validation --cells 5 --channels 8 --batch 25 --order 1'

run 'load fashion-mnist train | pick --per-class 600 --seed 1 -o pool &&
    load fashion-mnist train | pick --not-ids pool | pick --per-class 200 --seed 1 -o validation &&
    train-encoder --latent 8 --loss mse+contractive --profile small --epochs 3 --seed 1 <pool >encoder &&
    encode-latent --weights encoder <pool >latents &&
    build-kdtree <latents >forest && build-kdtree --single <latents >single &&
    pick --per-class 10 --seed 1 pool | tee subset | '"$search"' >hardness'
status 0 '6000 images, their latents of 8 numbers, a subset of 100, an epoch of a super-net'

# ---- how much is visited, how far it goes: the whole subset replaced ----

run 'mine --force --hardness 0 --forest single hardness | peek --json >whole &&
    mine --force --hardness 0 --forest forest hardness | tee mined | peek --json >classes &&
    mine --force --hardness 0 --forest forest --random hardness >drawn &&
    save tsv mined.tsv mined && save tsv drawn.tsv drawn'
status 0 'the subset replaced by mining, from one tree and from one a class, and at random'
run 'python3 - whole classes <<"END"
import json, sys
for path, name in zip(sys.argv[1:], ("one tree over 6000", "a tree of 600 a class")):
    with open(path) as f:
        done = json.load(f)["meta"]["subset"]
    print("%s: %.1f %% of the points visited, ten hubs would serve %.0f %%, %.3g away (random: %.3g)"
          % (name, 100 * done["visited_share"], 100 * done["hub_share"], done["mean_distance"],
             done["random_distance"]))
    assert name != "one tree over 6000" or done["visited_share"] < 0.2
END'
status 0 'under a fifth of 6000 latents is visited'
sed 's/^/# /' "$WORK/stdout"

run 'python3 - mined.tsv drawn.tsv <<"END"
import csv, math, sys
def distances(path):
    with open(path) as f:
        return {row["replaces"]: float(row["distance"]) for row in csv.DictReader(f, delimiter="\t")
                if row["kept"] == "0"}
mined, drawn = map(distances, sys.argv[1:])
gain = [mined[i] - drawn[i] for i in mined.keys() & drawn.keys()]
n, wins = len(gain), sum(g > 0 for g in gain)
p = sum(math.comb(n, k) for k in range(wins, n + 1)) / 2 ** n
print("mined images are %.3g further away than random ones, in %d of %d pairs: p = %.2g (sign test)"
      % (sum(gain) / n, wins, n, p))
assert n == 100 and p < 1e-6
END'
status 0 'mined images are further away than random ones of the class, p < 1e-6'
sed 's/^/# /' "$WORK/stdout"

# ---- what came in, what random images would have come in, and what left ----

accuracy() { # of the super-net, in per cent
    predict --weights state | evaluate --json |
        python3 -c 'import json, sys; print(100 * json.load(sys.stdin)["top1"])'
}
search_and_judge() {
    rm state
    for ((epoch = 1; epoch <= epochs; epoch++)); do
        pick --ids subset pool | $search >hardness || return
        mine --forest forest hardness >next && mine --forest forest --random hardness >other || return
        pick --not-ids subset next | peek --json | grep -q '"rows": *0[,}]' || {
            pick --not-ids next subset >left
            pick --not-ids subset next >came
            pick --not-ids subset other >might
            for ids in left might came; do
                pick --ids $ids pool | accuracy || return
            done >accuracies
            paste -s accuracies
        }
        mv next subset
    done
}
run search_and_judge
status 0 "$epochs epochs under the loop"
cp "$WORK/stdout" updates
run 'python3 - updates <<"END"
import sys
rows = [list(map(float, line.split())) for line in open(sys.argv[1])]
n = len(rows)
print("%d updates; accuracy on what left %.1f %%, on random images %.1f %%, on what was mined %.1f %%"
      % (n, *(sum(column) / n for column in zip(*rows))))
for name, a, b in ("left - mined", 0, 2), ("left - random", 0, 1), ("random - mined", 1, 2):
    gap = [row[a] - row[b] for row in rows]
    mean = sum(gap) / n
    error = (sum((g - mean) ** 2 for g in gap) / (n - 1) / n) ** 0.5
    print("%s: %.1f points, %.1f standard errors" % (name, mean, mean / error if error else 0))
assert n > 1
END'
status 0 'several updates to judge by'
sed 's/^/# /' "$WORK/stdout"
done_testing
