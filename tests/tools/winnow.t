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
    run "$name --help=complete >complete && bash -n complete && grep -q '^complete .* $name$' complete"
    status 0
    run "$name --help=man >page.1"
    status 0
    if command -v mandoc >/dev/null; then
        run 'mandoc -Tlint page.1'
        stdout empty
    else
        skip 'no mandoc'
    fi
done

done_testing
