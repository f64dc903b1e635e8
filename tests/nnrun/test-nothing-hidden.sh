#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The core knows no operator, device, model or loader: none of their names is a string of the libraries, and no object
# gives away more than its entry. Debug information is taken off first, it holds the names of variables.
set -u
lib=$TEST_TMPDIR/lib
mkdir -p "$lib"

names() {
    for topic in ops devices models datasets; do
        "$NNRUN" "$topic" --json 2>/dev/null | tr ',{' '\n\n' | sed -n 's/^ *"name": *"\(.*\)".*/\1/p'
    done | sed 's|.*/||' | sort -u
}
names >"$TEST_TMPDIR/names"
count=$(wc -l <"$TEST_TMPDIR/names")
if [ "$count" -lt 20 ]; then
    echo "not ok names: only $count names are registered"
    exit 1
fi

for so in "$BUILDDIR"/.libs/libnn.so "$BUILDDIR"/.libs/libnn-train.so; do
    name=$(basename "$so")
    strip --strip-unneeded -o "$lib/$name" "$so"
    strings "$lib/$name" | sort -u >"$lib/$name.txt"
    awk 'length($0) >= 4' "$TEST_TMPDIR/names" | grep -Fxf - "$lib/$name.txt" >"$lib/$name.found"
    if [ -s "$lib/$name.found" ]; then
        echo "not ok strings-of-$name: it holds $(tr '\n' ' ' <"$lib/$name.found")"
    else
        echo "ok strings-of-$name"
    fi
done

short=$(awk 'length($0) < 4' "$TEST_TMPDIR/names" | while read -r n; do
    grep -nrF --include='*.[ch]' "\"$n\"" "$SRCDIR/core" "$SRCDIR/train" | grep -v '/core/nn/' | grep -vE '^[^:]*:[0-9]*: *(/?\*|//)'
done)
if [ -n "$short" ]; then
    echo "not ok short-names: $short"
else
    echo "ok short-names"
fi

bad=
for so in "$BUILDDIR"/plugins/*/.libs/*.so "$BUILDDIR"/plugins/models/.libs/*.so; do
    [ -f "$so" ] || continue
    found=$(nm -D --defined-only "$so" | awk '{print $3}' | tr '\n' ' ')
    [ "$found" = "nn_plugin_entry " ] || bad="$bad $(basename "$so"): $found"
done
if [ -n "$bad" ]; then
    echo "not ok one-export:$bad"
else
    echo "ok one-export"
fi
