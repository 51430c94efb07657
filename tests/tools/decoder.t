#!/bin/bash
# A stream as another language sees it: rows, counts and digest, from msgpack and numpy alone.
. "${0%/*}/tap.sh"

python=/usr/bin/python3
"$python" -c 'import msgpack, numpy' 2>/dev/null || skip_all "no python3 with msgpack and numpy"
decode="$python $ROOT/tests/decode_stream.py"

bytes() { printf "$(printf '\\x%s' "$@")"; }
{ bytes 0 0 8 3 0 0 0 3 0 0 0 1 0 0 0 2; printf 'abcdef'; } >images # three of 1 x 2 pixels
{ bytes 0 0 8 1 0 0 0 3; bytes 2 0 1; } >labels
load idx images labels >samples

run "$decode <samples | tail -n +2"
status 0
stdout exactly $'0\t2\t[[[97], [98]]]
1\t0\t[[[99], [100]]]
2\t1\t[[[101], [102]]]'
run "$decode <samples | head -n 1"
stdout exactly "samples id label image 3 $(peek --json samples | sed -n 's/.*"digest": "\(.*\)".*/\1/p' | head -n 1)"

run "cat samples samples | $decode | wc -l"
status 0
stdout exactly 8
run "head -c -1 samples | $decode"
status 1 'truncated: no trailer'
run "sed 's/abcdef/abcdeg/; s/cd/cz/' samples | $decode"
status 1 'altered: another digest'
stderr like '*the data were altered*'

# the decoder that the manual page shows, with a stand-in for the package xxhash
mkdir page
sed -n '/^import msgpack/,/^\.Ed/p' "$ROOT/man/winnow-stream.5" | sed '$d; s/\\-/-/g' >page/page.py
cat >page/xxhash.py <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from decode_stream import xxh3 as xxh3_64_hexdigest
END
run "cat samples samples | PYTHONPATH=page $python -c '
import sys, page
for header, rows in page.parts(sys.stdin.buffer.read()):
    print(header[\"kind\"], len(rows), rows[2][2].tolist())' $ROOT/tests"
status 0
stdout exactly 'samples 3 [[[101], [102]]]
samples 3 [[[101], [102]]]'

done_testing
