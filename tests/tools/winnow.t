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
stdout like 'peek (winnow) *xxHash*msgpack-c*'
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
    run "$name --no-such-option"
    status 2
    stdout empty
    stderr like "$name: unknown option --no-such-option
try '$name --help'"
    run "$name --version >/dev/full"
    status 1
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
