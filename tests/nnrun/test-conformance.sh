#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Our own packages before the conformance kit, in the tier that CI runs. Usage: test-conformance.sh [PACKAGE...]
set -u
cd "${TEST_TMPDIR:-.}" || exit 1
for package in ${*:-ops ops-cpu optimizers schedules datasets formats models}; do
    if [ ! -e "$BUILDDIR/plugins/$package/manifest.yaml" ]; then
        echo "skip $package: it is not built"
    elif "$NNRUN" plugin test --tier ci "$package" > report.tap 2> report.err; then
        echo "ok $package: $(sed -n '$ s/^# //p' report.tap)"
    else
        echo "not ok $package: $(sed -n '$ s/^# //p' report.tap)"
        grep -A6 '^not ok' report.tap
        cat report.err
    fi
done
