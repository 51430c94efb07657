#!/bin/bash
# winnow: the list of programs, and running one; then what every program promises of its outside.
. "${0%/*}/tap.sh"

run 'winnow'
status 0
stderr empty
stdout like '*  peek *show what a tensor stream holds, and check that it is whole*'
cp "$WORK/stdout" list
run 'winnow --help'
status 0
stdout exactly "$(cat list)"
for source in "$ROOT"/tools/*.c; do
    name=$(basename "$source" .c)
    if [ "$name" = winnow ]; then continue; fi
    if [ -x "$BIN/$name" ]; then
        ok "$name is in the list, with its summary" grep -q "^  $name  *[a-zA-Z]" list
    else
        skip "$name is not built"
    fi
done

run 'winnow peek --version'
status 0
stdout like 'peek (winnow) *, msgpack-c [1-9]*, xxHash [0-9]*'
run 'winnow peek --rows x'
status 2
stderr like 'peek: --rows: *'
run 'winnow nothing'
status 2
stdout empty
stderr like "winnow: there is no program 'nothing'*"
run 'winnow ../bin/peek'
status 2
run 'winnow --nothing'
status 2
run 'winnow >/dev/full'
status 1
ln -s "$BIN/winnow" elsewhere
run './elsewhere peek --version'
status 0 'found through a link'

# ---- every program ----
library() { # the name that --version has for a shared object; a new one has none yet, and is lost
    case $1 in
    libc.so* | libm.so*) echo glibc ;;
    libfftw3.so*) echo FFTW ;;
    libjpeg.so*) echo libjpeg-turbo ;;
    libmsgpackc.so*) echo msgpack-c ;;
    libpng*.so*) echo libpng ;;
    libprotobuf-c.so*) echo protobuf-c ;;
    libx264.so*) echo x264 ;;
    libxxhash.so*) echo xxHash ;;
    libz.so*) echo zlib ;;
    *) echo "$1" ;;
    esac
}
for program in "$BIN"/*; do
    name=${program##*/}
    [ -f "$ROOT/tools/$name.c" ] || continue
    run "$name --help"
    status 0
    stderr empty
    if [ "$name" != winnow ]; then stdout like "usage: $name \[options\]*$name: *options:*--help*"; fi
    run "$name --version"
    status 0
    stdout like "$name (winnow) *"
    # what comes with the compiler makes no bytes
    for object in $(objdump -p "$program" | awk '$1 == "NEEDED" { print $2 }' | grep -v 'omp\|san\|^ld-'); do
        grep -q ", $(library "$object") [0-9]" "$WORK/stdout" || echo "$object"
    done >lost
    ok "$name --version names the libraries that it is linked with" cmp lost /dev/null
    run "$name --no-such-option"
    status 2
    stdout empty
    stderr like "$name: unknown option --no-such-option
try '$name --help'"
    run "$name --version >/dev/full"
    status 1
done

for named in compress:x264 compress:libjpeg-turbo embed-2d:FFTW save:protobuf-c; do
    run "${named%:*} --version"
    stdout like "*, ${named#*:} [0-9]*"
done

# ---- values ----
run 'pick -o ""'
status 2
stderr like "pick: --output: expected the name of a file, found ''*"
for bytes in 9X K 9KK -1 0 8388608T 9.5K; do
    run "peek --max-memory $bytes </dev/null"
    status 2
    stderr like "peek: --max-memory: expected a number of bytes (9, 9K, 9M, 9G, 9T) of at least 1, found '$bytes'*"
done

# ---- what a wrong word was meant to be ----
run 'mine --mastry 0.5'
status 2
stderr like 'mine: unknown option --mastry; did you mean --mastery?*'
run 'pick --not-id=x'
stderr like 'pick: unknown option --not-id; did you mean --not-ids?*'
run 'load fashion-mnsit'
status 2
stderr like "load: expected one of fashion-mnist|mnist|*, found 'fashion-mnsit'; did you mean fashion-mnist?*"
run 'winnow pikc'
status 2
stderr like "winnow: there is no program 'pikc'; did you mean pick?*"

# ---- no option is taken and ignored ----
idle() { # call, what it says
    run "$1 </dev/null"
    status 2
    stderr like "${1%% *}: --$2*"
}
idle 'train-encoder --loss mse+triplet --gamma 1' 'gamma goes with --loss circle'
idle 'train-encoder --margin 1' 'margin goes with a loss that has one'
idle 'train-encoder --width 8 --profile small' 'profile excludes --width'
idle 'mine --keep-all --random' 'random excludes --keep-all'
idle 'mine --forest forest --random --epsilon 1' 'epsilon excludes --random'
idle 'load idx --root folder images' 'root goes with formats that are a folder'
idle 'evaluate --stream --json' 'json excludes --stream'
idle 'train --arch arch --describe --epochs 3' 'epochs does nothing with --describe'
idle 'train --arch arch --describe samples' 'describe reads no samples, found *samples*'
idle 'train --arch arch --json' 'json goes with --describe and --profile'
idle 'train --arch arch --image 3x3x1' 'image and --classes go with --describe'
idle 'search-step --describe --until 3' 'until does nothing with --describe'
idle 'search-step --state s --validation v --until 3 --epochs 3' 'epochs excludes --until'

# ---- a sum at the end with -v, silence with -q ----
run 'load fashion-mnist test -v -o test'
if [ "$tap_status" = 0 ]; then
    stderr like 'load: winnow *, *.?? s, *.?? s of CPU, *.? MiB at most'
    run 'peek -q test'
    stderr empty
    run 'pick -v --first 3 nothing'
    stderr like $'pick: *No such file or directory\npick: winnow *MiB at most'
    run 'pick -q --first 3 nothing'
    stderr like 'pick: *No such file or directory'
else
    skip 'Debian package dataset-fashion-mnist is missing'
fi
run 'peek -q -v test'
status 2
stderr like 'peek: --verbose excludes --quiet*'

# exec keeps what a process took before, but that is not what the program took
mib() { sed -n 's/.* \([0-9.]*\) MiB at most/\1/p' "$WORK/stderr"; }
run 'perl -e '"'"'$x = "a" x 3e8; exec "peek", "-v", "test"'"'"
ok "peek took $(mib) MiB, less than what became it" eval '[ "$(mib | cut -d . -f 1)" -lt 200 ]'
run 'winnow -v'
stderr like 'winnow: winnow *, *.?? s, *.?? s of CPU, *'
ok 'what it ran took time' eval '! grep -q " 0.00 s of CPU" "$WORK/stderr"'

# ---- a limit of memory ----
array() { # megabytes: a stream with one tensor of so many
    mkdir -p arrays
    {
        printf '\223NUMPY\1\0\166\0%-117s\n' \
            "{'descr': '|u1', 'fortran_order': False, 'shape': (1, $1, 1048576), }"
        head -c "$1M" /dev/zero
    } >arrays/image.npy
    load npy arrays --no-history
}
array 1 >small
array 64 >large
ok 'streams to read' eval 'peek small && peek large'
if grep -q __asan_init "$BIN/peek"; then # whose own memory is terabytes
    skip 'a limit of memory and the address sanitizer exclude each other'
else
    for limit in 40M 41943040; do
        run "peek --max-memory $limit large"
        status 1
        stdout empty
        stderr like 'peek: large: row 1: out of memory: *bytes'
        run "peek --max-memory $limit small"
        status 0
    done
    run 'peek --max-memory 512M large'
    status 0
    run 'train --arch none --max-memory 1 --threads 2 --epochs 1 small'
    status 1
    stderr like 'train: *'
fi

# ---- manual pages ----
mkdir -p man/man{1,5,7}
for program in "$BIN"/*; do
    name=${program##*/}
    [ -f "$ROOT/tools/$name.c" ] || continue
    page=man/man1/winnow-$name.1
    if [ "$name" = winnow ]; then page=man/man1/winnow.1; fi
    ok "$name has a page" eval '"$program" --help=man >"$page"'
done
cp "$ROOT"/man/*.1 man/man1
cp "$ROOT"/man/*.5 man/man5
cp "$ROOT"/man/*.7 man/man7
grep -h '^\.Xr\|^\.It Xr' man/man?/* | sed 's/^\.It //' | sort -u | while read -r _ name section _; do
    [ -e "man/man$section/$name.$section" ] || echo "$name($section)"
done >lost
ok 'every page that a page names is there' cmp lost /dev/null
for page in man/man1/winnow-*; do
    name=$(basename "$page" .1)
    ok "winnow(7) knows $name" grep -qx "\.It Xr $name 1" man/man7/winnow.7
done
options() { grep -o -- '--[a-z][a-z-]*' | sort -u; }
ok "dds-nas' page has the options of its help" cmp <("$ROOT/pipelines/dds-nas" --help | options) \
    <(sed -n 's/^\.It .*Fl \\-\([^ ]*\).*/--\1/p' man/man1/winnow-dds-nas.1 | sed 's/\\-/-/g' | sort)
if command -v mandoc >/dev/null; then
    for page in man/man?/*; do # which looks for the pages named where they are not installed yet
        run "mandoc -Tlint $page | grep -v 'referenced manual not found: Xr winnow'"
        stdout empty
    done
else
    skip 'no mandoc'
fi

done_testing
