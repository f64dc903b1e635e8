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
