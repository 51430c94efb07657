#!/bin/bash
# Two streams of clips, from frames and from motion, to one prediction: frames, flow, fuse.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive

# Seven frames of 40 x 32, waves that move by 1.5 pixels to the right and 0.75 up a frame.
pan() { # frames
    perl -e 'print "YUV4MPEG2 W40 H32 F25:1 Cmono\n";
        for my $f (0 .. $ARGV[0] - 1) { print "FRAME\n"; for my $y (0 .. 31) { for my $x (0 .. 39) {
            my ($u, $v) = ($x - 1.5 * $f, $y + 0.75 * $f);
            print chr int(128.5 + 40 * sin(0.5 * $u + 0.1 * $v) + 35 * sin(0.45 * $v - 0.2 * $u + 1)
                + 30 * sin(0.3 * $u + 0.35 * $v + 2)) } } }' "$1"
}
pan 7 >pan.y4m
values() { tail -c +129 "$1" | od -An -v -t u1 -w1; }

run 'load y4m pan.y4m | flow --stack 3 -o f && peek f'
status 0
stdout like '*rows: 1
*id i64*image u8 \[32,40,6\]*"flow": {"method": "farneback", "stack": 3, "range": 8.0}*'
run 'save npy n f && values n/image.npy | awk "{ s[NR % 2] += \$1; n++ } END { printf \"%.2f %.2f\n\", (2 * s[1] / n - 128) * 8 / 127, (2 * s[0] / n - 128) * 8 / 127 }"'
ok 'the motion is found' perl -e '$_ = <>; ($x, $y) = split; exit !(abs($x - 1.5) < 0.1 && abs($y + 0.75) < 0.1)' "$WORK/stdout"
run 'load y4m pan.y4m | flow --method lucas-kanade --stack 3 -o lk && peek lk | grep -o "\"method\": \"[a-z-]*\"" && save npy k lk'
stdout exactly '"method": "lucas-kanade"'
run 'values k/image.npy | awk "{ s[NR % 2] += \$1; n++ } END { printf \"%.2f %.2f\n\", (2 * s[1] / n - 128) * 8 / 127, (2 * s[0] / n - 128) * 8 / 127 }"; cmp -s n/image.npy k/image.npy; echo $?'
ok 'by brightness, too, in another way' perl -e '$_ = <>; ($x, $y) = split; exit !(abs($x - 1.5) < 0.1 && abs($y + 0.75) < 0.1 && <> == 1)' "$WORK/stdout"
cat <(load y4m pan.y4m) <(pan 9 | load y4m -) <(load y4m pan.y4m) >pans
run 'cmp <(flow --stack 3 --threads 1 --no-history pans) <(flow --stack 3 --threads 2 --no-history pans)'
status 0 'one thread or two: the same bytes'
run 'load y4m pan.y4m | flow --stack 2 --count 3 | peek | grep -e rows -e " id "'
stdout exactly 'rows: 3
  id i64              0 to 0, mean 0'
run 'load y4m pan.y4m | frames --count 3 | save npy three - && load y4m pan.y4m | save npy all - &&
    for f in 1 3 5; do tail -c +$((129 + f * 1280)) all/clip/0.npy | head -c 1280; done | cmp - <(tail -c +129 three/image.npy)'
status 0 'frames in the middle of equal parts'
run 'load y4m pan.y4m | frames --count 7 | save npy each - && tail -c +129 all/clip/0.npy | cmp - <(tail -c +129 each/image.npy)'
status 0 'as many frames as there are: each'
run 'pan 6 | load y4m - | frames --count 9 | save tsv - | cut -f 3-99 | uniq | grep -c .'
stdout exactly 7 'more than there are: some twice, none left out' # and the line of names
run 'load y4m pan.y4m | frames | save npy one - && cmp <(tail -c +$((129 + 3 * 1280)) all/clip/0.npy | head -c 1280) <(tail -c +129 one/image.npy)'
status 0 'one is the middle one'
run 'cat <(load y4m pan.y4m | frames --no-history) <(load y4m pan.y4m | frames --no-history) | peek | grep rows'
stdout exactly 'rows: 2'

# Predictions of two ids: a's rows of id 7 and of 8, and b's, in another order.
array() { # descr, shape, pack's template, numbers: none, and they are standard input
    perl -e 'my ($descr, $shape, $as, @x) = @ARGV;
        @x = map split, <STDIN> if !@x;
        my $h = "{\x27descr\x27: \x27$descr\x27, \x27fortran_order\x27: False, \x27shape\x27: ($shape), }";
        print "\x93NUMPY\1\0", pack("v", 118), $h . " " x (117 - length $h) . "\n", pack "$as*", @x' "$@"
}
mkdir a b c
array '<i8' 3, 'q<' 7 8 7 >a/id.npy
array '<i4' 3, 'l<' 0 1 0 >a/label.npy
array '<f4' '3, 2' 'f<' 0 0 0 1.0986123 1.0986123 0 >a/scores.npy # 1/2 1/2, 1/4 3/4, 3/4 1/4
array '<i8' 2, 'q<' 8 7 >b/id.npy
array '<i4' 2, 'l<' 1 0 >b/label.npy
array '<f4' '2, 2' 'f<' 1.0986123 0 0 0 >b/scores.npy # 3/4 1/4, 1/2 1/2
for s in a b; do load npy $s -o $s.stream; done
run 'fuse a.stream b.stream | save tsv -'
status 0
stdout like 'id	label	*
7	0	0.5625	0.4375
8	1	0.5	0.5'
run 'fuse <a.stream | evaluate --draws 0 | sed -n "1,2p"'
stdout like 'rows *2
top1 *1.0000'
run 'fuse a.stream | fuse - b.stream | save tsv -'
stdout like '*
7	0	0.5625	0.4375
8	1	0.5	0.5'
run 'fuse a.stream b.stream -o ab && verify ab'
status 0
run 'fuse --weights 1,3 a.stream b.stream | save tsv -' # 5/8 3/8 once, 1/2 1/2 three times; 1/4 3/4, 3/4 1/4
stdout like '*
7	0	0.53125	0.46875
8	1	0.625	0.375'
run 'for w in 1,1 0.5,0.5 1e308,1e308 1e-320,1e-320; do fuse --weights $w a.stream b.stream --no-history | cmp - <(fuse a.stream b.stream --no-history) || exit; done'
status 0 'equal weights are none'
run 'fuse --weights 0,1 a.stream b.stream | save tsv - | cmp - <(fuse a.stream b.stream | pick --ids a.stream | fuse --weights 0,0.2 a.stream b.stream | save tsv -)'
status 0 'a stream of no weight'
run 'for w in 1 1,2,3 0,0 1, ,1 1,-1 1,inf 1,nan a 1,,1 ""; do fuse --weights "$w" a.stream b.stream; echo $?; done'
stdout exactly '2
2
2
2
2
2
2
2
2
2
2'

# Two streams that err independently of each other: both together err less.
independent() { # folder, seed
    mkdir -p "$1"
    seq 500 | array '<i8' 500, 'q<' >"$1/id.npy"
    seq 500 | awk '{ print $1 % 4 }' | array '<i4' 500, 'l<' >"$1/label.npy"
    awk -v seed="$2" 'BEGIN { srand(seed)
        for (i = 1; i <= 500; i++) for (k = 0; k < 4; k++) print 3 * rand() + 1.2 * (k == i % 4) }' |
        array '<f4' '500, 4' 'f<' >"$1/scores.npy"
    load npy "$1" -o "$1.stream"
}
independent err1 1
independent err2 2
top1() { evaluate --json --draws 0 "$@" | sed -n 's/^ *"top1": \([0-9.]*\).*/\1/p'; }
run 'top1 err1.stream; top1 err2.stream; fuse err1.stream err2.stream | top1'
ok 'both together err less than the better one' \
    awk '{ top[NR] = $1 } END { exit !(NR == 3 && top[1] < 0.9 && top[3] > top[1] && top[3] > top[2]) }' "$WORK/stdout"

# What moves how, end to end.
perl -e 'print pack "C4N3", 0, 0, 8, 3, 8, 8, 8;
    for my $i (0 .. 7) { for (0 .. 7) { print map { chr($_ <= $i ? 250 : 120) } 0 .. 7 } }' >images.idx
perl -e 'print pack("C4N", 0, 0, 8, 1, 8), map chr, 0 .. 7' >labels.idx
run 'load idx images.idx labels.idx | compose --frames 6 --side 32 --count 160 -o clips && flow --stack 5 clips -o moves &&
    train --network cnn --depth 4 --channels 4 --batch 16 --rate 0.1 --epochs 10 -o motion moves'
status 0 'a network of motion'
run 'flow --stack 5 clips | predict --weights motion -o m && evaluate --draws 0 --json m | sed -n "s/^ *\"top1\": \([0-9.]*\).*/\1/p"'
ok 'it tells eight motions' awk '{ exit !($1 > 0.8) }' "$WORK/stdout"
run 'frames --count 2 clips -o still && train --network cnn --depth 4 --channels 2 --batch 16 --epochs 2 -o spatial still &&
    predict --weights spatial -o s still && fuse s m | evaluate --draws 0 | head -1'
status 0 'beside one of frames'
stdout like 'rows *160'
run 'compress --h264 40 --preset ultrafast clips | flow --stack 5 | predict --weights motion | evaluate --draws 0 | head -1'
stdout like 'rows *160'
run 'load idx images.idx labels.idx -o things; compose --frames 6 --side 32 --count 4 things | flow --stack 5 -o v && verify --rerun v'
status 0 'made again, the same'

fails() { # message, command
    run "$2"
    status 1
    stderr like "$1"
}
fails 'flow: standard input: row 1: a clip of 7 frames of 32x40x1, expected at least 11' 'load y4m pan.y4m | flow'
fails 'flow: *clip*' 'flow things'
fails 'frames: *clip*' 'frames <things'
fails 'fuse: *predictions*' 'fuse things'
fails 'fuse: b.stream: *row 1: label 1 of id 8*' 'array "<i4" 3, "l<" 0 0 0 >a/label.npy; load npy a | fuse - b.stream'
fails 'fuse: standard input: no row of id 8*' 'load npy b | pick --not-ids <(pick --first 1 b.stream) | fuse b.stream -'
fails 'fuse: b.stream: row 1: id 8, which the first*' 'pick --not-ids <(pick --first 1 b.stream) b.stream -o b7; fuse b7 b.stream'
array '<f4' '2, 3' 'f<' 1 0 0 0 1 0 >b/scores.npy
fails 'fuse: *3 classes, the first stream has 2' 'load npy b | fuse b.stream -'
for call in 'flow --stack 17 clips' 'frames --count 0 clips' 'fuse - -'; do
    run "$call </dev/null"
    status 2
done

# OpenCV's own Farneback is no nearer to what is known of the waves.
python3 -c 'import cv2, numpy' 2>/dev/null || {
    skip 'no OpenCV for Python'
    done_testing
}
run 'load y4m pan.y4m | flow --stack 6 --range 4 | save npy ours - && load y4m pan.y4m | save npy them -
python3 - <<PYTHON
import cv2, numpy as np
clip = np.load("them/clip/0.npy")[..., 0]
ours = (np.load("ours/image.npy")[0].astype(float) - 128) / 127 * 4
error = lambda d: np.hypot(d[6:-6, 6:-6, 0] - 1.5, d[6:-6, 6:-6, 1] + 0.75).mean()
for k in range(6):
    theirs = cv2.calcOpticalFlowFarneback(clip[k], clip[k + 1], None, 0.5, 2, 11, 3, 7, 1.5, 0)
    print(error(ours[..., 2 * k : 2 * k + 2]), error(theirs))
PYTHON'
status 0
ok 'as near as OpenCV, or by a tenth of a pixel less' \
    awk '{ bad += !($1 < $2 + 0.1) } END { exit NR != 6 || bad }' "$WORK/stdout"
done_testing
