#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Our own packages before the conformance kit, in the tier that CI runs; and the asynchronous device of the contract tests.
# Usage: test-conformance.sh [PACKAGE...]
set -u
cd "${TEST_TMPDIR:-.}" || exit 1

# judge NAME TIER PLUGIN
judge() {
    if "$NNRUN" plugin test --tier "$2" "$3" > report.tap 2> report.err; then
        echo "ok $1: $(sed -n '$ s/^# //p' report.tap)"
    else
        echo "not ok $1: $(sed -n '$ s/^# //p' report.tap)"
        grep -A6 '^not ok' report.tap
        cat report.err
    fi
}

for package in ${*:-ops ops-cpu optimizers schedules datasets formats models}; do
    if [ -e "$BUILDDIR/plugins/$package/manifest.yaml" ]; then
        judge "$package" ci "$package"
    else
        echo "skip $package: it is not built"
    fi
done
[ $# -gt 0 ] || judge toy smoke "$BUILDDIR/tests/contract/toy"
