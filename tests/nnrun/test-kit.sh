#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The conformance kit, judged: it has to find in each plug-in of tests/broken the one defect that its file is named for,
# up to the first dot, and in `right` none. Usage: test-kit.sh [NAME...]
set -u

# judge NAME: prints the names of the failed checks, sorted, on one line; the report is in NAME.tap
judge() {
    seconds=20
    [ "$1" = hangs ] && seconds=2
    "$NNRUN" plugin test --tier ci --timeout "$seconds" "$1" > "$1.tap" 2> "$1.err"
    echo $? > "$1.code"
    sed -n 's/^not ok [0-9]* - .*: //p' "$1.tap" | sort -u | tr '\n' ' '
}

cd "${TEST_TMPDIR:-.}" || exit 1
names=${*:-$(cd "$SRCDIR/tests/broken" && ls *.c | sed 's/\.c$//')}
for name in $names; do
    if ! sh "$SRCDIR/tests/broken/package" "$NNRUN" "$BUILDDIR" "$name" "$name"; then
        echo "not ok $name: no package could be made of it"
        continue
    fi
    found=$(judge "$name")
    found=${found% }
    [ "$name" = right ] && expected='' code=0 || expected=${name%%.*} code=1
    if [ "$found" = "$expected" ] && [ "$(cat "$name.code")" -eq "$code" ]; then
        echo "ok $name"
    else
        echo "not ok $name: exit code $(cat "$name.code") instead of $code; found '$found' instead of '$expected'"
        grep -A4 '^not ok' "$name.tap"
        cat "$name.err"
    fi
done

# refused NAME TEXT ARGUMENT...: what is no plug-in ends in one sentence and exit code 2
refused() {
    name=$1 text=$2
    shift 2
    "$NNRUN" plugin test "$@" > refused.tap 2> refused.err
    code=$?
    if [ "$code" -eq 2 ] && grep -qF -- "$text" refused.err; then
        echo "ok $name"
    else
        echo "not ok $name: exit code $code instead of 2, or no '$text' in:"
        cat refused.err
    fi
}
[ $# -gt 0 ] && exit
echo text > text
mkdir -p none
refused "a file that is no object" "is neither a folder nor an object (.so)" ./text
refused "an empty folder" "holds neither a manifest nor an object" none
refused "nothing of that name" "there is no plug-in 'sidelong'" sidelong
refused "no such path" "No such file or directory" ./sidelong
refused "no such export" "plug-in right exports no 'Rela'; did you mean 'Relu'?" right --only Rela
refused "no such tier" "--tier is smoke, ci or all, found 'big'" right --tier big
refused "no definitions" "operators and kernels are judged by the package ops, which is not found" right --deny ops
