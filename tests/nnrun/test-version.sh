#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nnrun says what it is, and refuses what it does not know with exit code 2.
set -u
case $("$NNRUN" --version) in
nnrun\ [0-9]*) echo "ok --version" ;;
*) echo "not ok --version" ;;
esac
"$NNRUN" nosuchcommand 2>/dev/null
[ $? -eq 2 ] && echo "ok unknown command exits 2" || echo "not ok unknown command exits 2"
