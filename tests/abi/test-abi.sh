#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The contract keeps its promises: every field is where layout.txt recorded it, and a plug-in built with the headers of an
# earlier day, kept beside this, is loaded and used. Headers change by appending; see doc/abi.md.
set -u
here=$SRCDIR/tests/abi
unset MAKEFLAGS MFLAGS MAKELEVEL

# One assertion a line of the list, so that the compiler names the field; and no struct has a field that the list does not name.
awk 'BEGIN { print "#include \"nn/plugin.h\"" }
    split($1, part, ".") == 2 {
        printf "_Static_assert(offsetof(%s, %s) == %d, \"%s is not at %d\");\n", part[1], part[2], $2, $1, $2
        last[part[1]] = part[2]
        next
    }
    { printf "_Static_assert(sizeof(%s) == %d, \"%s has not %d bytes\");\n", $1, $2, $1, $2 }
    END {
        for (s in last)
            printf "_Static_assert(sizeof(%s) - offsetof(%s, %s) - sizeof(((%s *)0)->%s) < _Alignof(%s), \"%s has a field that the list does not name\");\n", s, s, last[s], s, last[s], s, s
    }' "$here/layout.txt" > layout.c
printf '_Static_assert(sizeof(void *) == 8, "");\n' > wide.c
if ! cc -std=c11 -fsyntax-only wide.c 2>/dev/null; then
    echo "skip layout: the list is of a machine with 64-bit pointers"
elif cc -std=c11 -fsyntax-only -I"$SRCDIR/core" layout.c 2>layout.log; then
    echo "ok every field is where it was recorded ($(grep -c . "$here/layout.txt") entries)"
else
    echo "not ok layout: the contract changed; if a field was appended, name it in tests/abi/layout.txt and run tests/abi/record"
    grep 'error:' layout.log
fi

# Built with the headers of that day, loaded by the program of today.
for old in "$here"/[0-9]*; do
    version=$(basename "$old")
    mkdir -p "$version"
    if ! cc -std=c11 -fPIC -shared -Wall -Werror -I"$old" -o "$version/add.so" "$here/add.c" 2>cc.log; then
        echo "not ok fixture $version does not build"
        cat cc.log
        continue
    fi
    "$NNRUN" -q plugin manifest --name "abi-$version" -o "$version/manifest.yaml" "$version" >out 2>&1 &&
        "$NNRUN" ops com.example.abi/Add --plugin-path "$version" >out 2>&1
    if [ $? -eq 0 ] && grep -q 'com.example.abi/Add, version 1, primitive, differentiable' out; then
        echo "ok a plug-in built with the headers of $version loads and starts"
    else
        echo "not ok a plug-in built with the headers of $version:"
        cat out
    fi
done
