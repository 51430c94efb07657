#!/bin/bash
# embed-2d: a map of latents and of pixels, its meta, threads, what goes wrong.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive

# Two far groups of 20 in three dimensions.
/usr/bin/python3 -c "import os, numpy as np; os.makedirs('arrays')
z = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32); z[20:] += 50
np.save('arrays/z.npy', z); np.save('arrays/id.npy', np.arange(40) + 100)
np.save('arrays/label.npy', (np.arange(40) // 20).astype(np.int32))"
load npy arrays >latents

run 'embed-2d --perplexity 5 --iterations 400 --rate 10 latents >map'
status 0
stderr empty
run 'peek --json map | tr -d " \n"'
stdout like '*"kind":"latents","rows":40,*"map":{"method":"t-SNE",*"neighbours":15,"exact":false,"iterations":400,*"kl":*'
run 'save tsv - map | head -n 2'
stdout like $'id\tlabel\tz0\tz1\n100\t0\t*'
# In the plane, too, those of a group are nearer to its middle than to the other's.
run 'save tsv - map | awk -F "\t" "NR > 1 { x[\$1] = \$3; y[\$1] = \$4; n[\$2]++; mx[\$2] += \$3; my[\$2] += \$4; label[\$1] = \$2 }
    END { for (i in x) { own = label[i]; d = 0
        for (g = 0; g < 2; g++) { e = (x[i] - mx[g] / n[g]) ^ 2 + (y[i] - my[g] / n[g]) ^ 2; d += g == own ? -e : e }
        good += d > 0 } print good }"'
stdout exactly 40
run 'embed-2d --perplexity 5 --iterations 200 --no-history --threads 1 latents >one; embed-2d --perplexity 5 --iterations 200 --no-history --threads 2 latents | cmp one - && echo same'
stdout exactly same
run 'embed-2d --perplexity 5 --iterations 200 --no-history --seed 2 latents | cmp -s one - || echo other'
stdout exactly other
run 'embed-2d --perplexity 5 --iterations 20 --exact latents | peek --json | grep neighbours'
stdout like '*"neighbours": 39,'

run '"$ROOT/pipelines/scatter" map colours.png "two groups" && head -c 4 colours.png | tail -c 3'
stdout exactly PNG
stderr empty
run '"$ROOT/pipelines/scatter" latents colours.png'
status 1
stderr exactly 'scatter: a map has two numbers a row, as embed-2d writes them'
run '"$ROOT/pipelines/scatter" map'
status 2

# Pixels are points, too.
if load fashion-mnist test >/dev/null 2>&1; then
    run 'load fashion-mnist test | pick --per-class 5 --seed 1 >images; embed-2d --perplexity 5 --iterations 50 images | peek --json | tr -d " \n"'
    stdout like '*"kind":"latents","rows":50,*"map":{*'
    run 'embed-2d --perplexity 5 --iterations 50 images | mosaic --map - -o map.png images && head -c 4 map.png | tail -c 3'
    stdout exactly PNG
fi

run 'pick --first 5 latents | embed-2d --perplexity 4'
status 1
stderr exactly 'embed-2d: 5 rows are too few for --perplexity 4'
run 'pick --first 0 latents | embed-2d'
status 1
stderr exactly 'embed-2d: standard input: no rows'
run 'pick --first 1 latents | embed-2d'
status 1
run 'embed-2d --perplexity 5 --rate 1e9 --iterations 400 latents'
status 1
stderr like 'embed-2d: the map is lost at step *: a smaller --rate?'
/usr/bin/python3 -c "import numpy as np; z = np.load('arrays/z.npy'); z[3, 1] = np.inf; np.save('arrays/z.npy', z)"
run 'load npy arrays | embed-2d --perplexity 5'
status 1
stderr exactly 'embed-2d: standard input: row 4: z is not finite'
/usr/bin/python3 -c "import numpy as np; z = np.load('arrays/z.npy'); z[3] = [1e30, 0, 0]; np.save('arrays/z.npy', z)"
run 'load npy arrays | embed-2d --perplexity 5 --exact'
status 1
stderr exactly 'embed-2d: distances too large for a float'
run 'embed-2d --perplexity 5 --rate 1e9 --iterations 300 latents'
status 1
stderr like 'embed-2d: the map is lost at step *'
for wrong in '--perplexity 0' '--iterations 0' 'latents latents'; do
    run "embed-2d $wrong <latents"
    status 2
done
done_testing
