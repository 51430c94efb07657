#!/bin/bash
# evaluate latents: what a space is worth, its forms, what goes wrong.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive

arrays() { # rows apart
    rm -rf arrays
    /usr/bin/python3 -c "import os, numpy as np; os.makedirs('arrays')
n = $1
z = np.random.default_rng(1).normal(size=(n, 3)).astype(np.float32); z[n // 2:] += $2
np.save('arrays/z.npy', z); np.save('arrays/id.npy', np.arange(n) + 100)
np.save('arrays/label.npy', (np.arange(n) // (n // 2) * 7).astype(np.int32))"
    load npy arrays
}
arrays 60 50 >apart
arrays 60 0 >mixed

run 'evaluate latents apart'
status 0
stderr empty
stdout like 'rows *60
dimension *3
classes *2
purity1 *1.0000
purity1_low *1.0000
*silhouette *0.9*'
run 'evaluate latents --json mixed >mixed.json && evaluate latents --json <mixed | cmp - mixed.json && echo same'
stdout exactly same
number() { tr -d ' \n' <"$1" | sed "s/.*\"$2\":\([-0-9.e]*\).*/\1/"; }
ok 'classes that are mixed are told from others' awk "BEGIN { exit !($(number mixed.json purity5) < 0.8 && $(number mixed.json silhouette) < 0.2) }"
ok 'the interval holds the mean' awk "BEGIN { exit !($(number mixed.json purity5_low) < $(number mixed.json purity5) && $(number mixed.json purity5) < $(number mixed.json purity5_high)) }"
# A class has 30 images, of which 10 are replaced: where nothing is barred, by few.
ok 'hubs' awk "BEGIN { exit !($(tr -d ' \n' <mixed.json | sed 's/.*"hubs":{"answers":\([0-9]*\),.*/\1/') == 2000) }"
ok 'fewer come where nothing is barred' awk "BEGIN { exit !($(tr -d ' \n' <mixed.json | sed 's/.*"hubs":{[^}]*"distinct":\([0-9]*\),.*/\1/') > $(tr -d ' \n' <mixed.json | sed 's/.*"hubs_unbarred":{[^}]*"distinct":\([0-9]*\),.*/\1/')) }"
run 'evaluate latents --draws 0 apart | grep -c _low'
stdout exactly 0
run 'evaluate latents --stream apart | save tsv | grep -c "^purity"'
stdout exactly 6
run 'cmp <(evaluate latents --stream mixed | save tsv | cut -f 1 | sed 1d) <(evaluate latents mixed | sed "s/  .*//")'
status 0 'as a stream all that the table has'
run 'evaluate latents --json --threads 1 apart >one; evaluate latents --json --threads 2 apart | cmp - one && echo same'
stdout exactly same
run 'evaluate latents --json --seed 2 mixed | cmp -s - mixed.json || echo other'
stdout exactly other

run 'pick --first 1 apart | evaluate latents'
status 1
stderr exactly 'evaluate: standard input: one row, expected at least 2'
run 'pick --first 30 apart | evaluate latents | grep -c -e silhouette -e centroids'
stdout exactly 0
run 'evaluate latents --scores logits apart'
status 2
run 'evaluate latents apart apart'
status 2
/usr/bin/python3 -c "import numpy as np; l = np.load('arrays/label.npy'); l[3] = -1; np.save('arrays/label.npy', l)"
run 'load npy arrays | evaluate latents'
status 1
stderr like 'evaluate: standard input: a label below 0*'
run 'evaluate images'
status 2
stderr like 'evaluate: images: expected REFERENCE*'
# Of equal points no class is nearer, whichever comes first.
/usr/bin/python3 -c "import os, numpy as np; os.makedirs('equal')
np.save('equal/z.npy', np.ones((400, 2), np.float32)); np.save('equal/id.npy', np.arange(400))
np.save('equal/label.npy', np.arange(400, dtype=np.int32) // 200)"
run 'load npy equal | evaluate latents --json --draws 0 >one'
ok 'points that are equal tell of no class' awk "BEGIN { exit !($(number one purity5) > 0.4 && $(number one purity5) < 0.6) }"
# Ten of a class ask for what is not there: nothing is replaced.
arrays 20 0 >few
run 'evaluate latents --json few | tr -d " \n"'
stdout like '*"hubs":{"answers":0,"distinct":0,"largest":0}*'
/usr/bin/python3 -c "import numpy as np; z = np.load('equal/z.npy'); z[3] = 1e25; np.save('equal/z.npy', z)"
run 'load npy equal | evaluate latents'
status 1
stderr exactly 'evaluate: standard input: distances too large for a float'
done_testing
