#!/bin/bash
# score: lists of architectures, one as a stream, as a search's state; wrong calls. evaluate ranks:
# against scipy.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive

load fashion-mnist train >all 2>/dev/null || skip_all 'no Fashion-MNIST'
pick --random 24 --seed 1 all >batch
derive --space nasbench201 --random --count 6 --seed 2 --format genotype -o cells
size='--cells 3 --channels 2'

run "score --arch cells $size --threads 2 batch >table && head -n 1 table"
stdout exactly 'id	architecture	score	overlap	bits	weights	macs'
ok 'a line an architecture, in their order' cmp <(cut -f 2 table | sed 1d) cells
run "score --arch cells $size --threads 1 <batch | cmp - table"
status 0 'whatever the threads'
run "score --arch - $size batch <cells | cmp - table"
status 0 'the list by a pipe'
run "score --arch cells $size --seed 2 batch | cut -f 3 | cmp -s - <(cut -f 3 table)"
status 1 'other weights, other scores'
run "{ echo; tac cells; echo ' '; } | score --arch - $size batch | sort | cmp - <(sort table)"
status 0 'an architecture has one score, whatever else is in the list'
run "head -n 1 cells | derive - -o one && score --arch one $size batch | cmp - <(head -n 2 table)"
status 0 'a stream'
run "score --arch one $size --json --matrix alike.png batch | tr -d ' \n'"
stdout like '{"images":24,"scores":\[{"id":"????????????????","architecture":"|*|","score":*"bits":*}\]}'
run 'mkdir -p p/x && mv alike.png p/x && load folder p | peek | grep image'
stdout like '*image u8 \[24,24,1\]  * to 255*'
run "pick --first 1 batch | score --arch one $size | sed 1d | cut -f 4"
stdout exactly nan # one image has nothing in common with another
run "cat batch <(pick --first 1 batch) | score --arch one $size | sed 1d | cut -f 3"
stdout exactly '-inf'
run "cat batch <(pick --first 1 batch) | score --arch one $size --json | grep -c '\"score\": null'"
stdout exactly 1
run 'search-step --state search --validation batch --cells 2 --channels 2 --epochs 1 <batch >hardness &&
    score --arch search --cells 2 --channels 2 batch | grep -c "Genotype(normal"'
stdout exactly 1
run 'echo "|none~0|+|skip_connect~0|nor_conv_3x3~1|" | score --arch - --cells 4 batch | sed 1d | cut -f 6'
stdout exactly "$(echo '|none~0|+|skip_connect~0|nor_conv_3x3~1|' >tiny; train --describe --arch tiny --cells 4 --channels 16 | sed -n 's/weights *//p')"

derive --space resnet-14 --random --count 2 --format genotype -o widths
run 'cat widths cells >both && score --arch both --cells 3 --channels 4 batch | cut -f 6,7 | sed 1d | sort -u | wc -l'
stdout like '[3-8]' # of two spaces, one of which tells its cells
for call in '--arch widths --cells 3 batch' '' '--arch cells --matrix m.png batch' '--arch cells --cells 0 batch' '--arch -' \
    "--arch one --matrix x -o x batch"; do
    run "score $call </dev/null"
    status 2
done
ok 'no picture of a wrong call' test ! -e m.png
run "score --arch cells --cells 4 batch -o no"
status 1
stderr exactly 'score: cells: architecture 1: 4 cells, expected a multiple of 3: nasbench201 has so many stages'
run "{ cat cells; echo '|none~0|+|none~3|'; } | score --arch - $size batch"
status 1
stderr like "score: standard input: line 7: column 16: expected '0', found '3'"
run "score --arch <(echo) $size batch"
status 1
stderr like 'score: *: no architecture'
run "head -c 5000 batch | score --arch cells $size -o no"
status 1
run "pick --first 0 batch | score --arch cells $size -o no"
status 1
run "pick --first 1025 all | score --arch cells $size -o no"
status 1
stderr like '*1025 images, expected a batch of at most 1024'
run "score --arch one $size --matrix /proc/none/x batch -o no"
status 1
ok 'nothing appears' test ! -e no

# ---- evaluate ranks ----
printf 'id\taccuracy\nx\t0.5\na\t0.9\nb\t0.7\nc\t0.8\nd\t0.7\n' >truth
printf 'id\tnote\tscore\nd\t-\t10\nc\t-\t30\nb\t-\t20\na\t-\t25\ny\t-\t-inf\n' >scored
run 'evaluate ranks truth scored'
status 0
stdout like 'pairs                4
unmatched            2
kendall         0.5477   *
spearman        0.7379   *'
run 'evaluate ranks --json --draws 0 truth <scored | tr -d " \n"'
stdout like '{"pairs":4,"unmatched":2,"kendall":0.547722557505166*,"spearman":0.737864787372621*}'
run 'evaluate ranks --columns score,accuracy scored truth | cmp - <(evaluate ranks truth scored)'
status 0 'the same the other way round'
run 'evaluate ranks --stream --no-history truth scored | save tsv'
stdout like '*kendall	0.5477*'
run 'for t in 1 2; do evaluate ranks --json --threads $t truth scored | cksum; done | uniq | wc -l'
stdout exactly 1
run 'evaluate ranks --group accuracy --json truth scored | tr -d " \n"'
stdout like '*"groups":3,"kendall":0.547722557505166*' # b and d are drawn together
run 'evaluate ranks --columns weights,score table table'
stdout like 'pairs                6*'
for call in 'ranks truth scored --columns score' 'ranks truth scored --scores logits' \
    'ranks truth scored more' 'ranks truth scored --draws 0 --seed 2' '--columns a,b predictions' \
    'ranks - -' 'ranks truth scored --max-tensor 9' '--group a predictions' 'ranks truth scored --draws 0 --group id'; do
    run "evaluate $call"
    status 2
done
for call in 'ranks scored truth' 'ranks truth batch' 'ranks truth none' 'ranks --columns note,note scored scored' 'ranks --group kind truth scored'; do
    run "evaluate $call"
    status 1
    stdout empty
done
run 'evaluate ranks truth <(sed 1,2d scored | cat <(head -n 1 scored) - | head -n 2)'
status 1
stderr like 'evaluate: 1 ids that both tables have, expected two at least'

if /usr/bin/python3 -c 'import scipy' 2>/dev/null; then
    cat >check.py <<'END'
import json, subprocess
import numpy as np
from scipy.stats import kendalltau, spearmanr
random = np.random.default_rng(1)
for n, values in (40, 5), (200, 1000), (3000, 50):
    a = random.integers(0, values, n); b = a + random.integers(-values // 2, values // 2 + 1, n)
    for name, column, x in ('ra', 'accuracy', a), ('rb', 'score', b):
        order = random.permutation(n)
        with open(name, 'w') as f: f.write('id\t%s\n' % column + ''.join('%d\t%d\n' % (i, x[i]) for i in order))
    ours = json.loads(subprocess.check_output(['evaluate', 'ranks', '--json', '--draws', '400', 'ra', 'rb']))
    for key, of in ('kendall', lambda x, y: kendalltau(x, y)[0]), ('spearman', lambda x, y: spearmanr(x, y)[0]):
        assert abs(ours[key] - of(a, b)) < 1e-12, (n, key, ours[key], of(a, b))
        drawn = [of(a[i], b[i]) for i in random.integers(0, n, (400, n))]
        low, high = np.quantile(drawn, [0.025, 0.975])
        assert abs(ours[key + '_low'] - low) < (high - low) / 4 and abs(ours[key + '_high'] - high) < (high - low) / 4, (n, key, ours, low, high)
END
    run '/usr/bin/python3 check.py'
    status 0 "tau-b and rho as scipy's to 1e-12, their intervals as those of scipy's draws"
else
    skip 'no scipy'
fi
done_testing
