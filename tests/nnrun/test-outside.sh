#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A third party's view: nnrun is installed somewhere, and examples/third-party-op is built against that with pkg-config alone.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL NN_PLUGIN_PATH
stage=$PWD/stage
if ! make -s -C "$BUILDDIR" install DESTDIR="$stage" >install.log 2>&1; then
    echo "not ok make install DESTDIR"
    tail -20 install.log
    exit 1
fi
echo "ok make install DESTDIR"
pc=$(dirname "$(find "$stage" -name nn.pc)")
export PKG_CONFIG_PATH="$pc" PKG_CONFIG_SYSROOT_DIR="$stage"
plugins=$stage$(PKG_CONFIG_SYSROOT_DIR= pkg-config --variable=pluginsdir nn)
lib=$(dirname "$(find "$stage" -name libnn.so)")
program=$(find "$stage" -name nnrun -type f -perm -u+x | head -1)
export LD_LIBRARY_PATH="$lib" XDG_DATA_HOME="$PWD/none"

cp "$SRCDIR"/examples/third-party-op/* . && chmod u+w swish.c Makefile
if make -s NNRUN="$program" >make.log 2>&1; then
    echo "ok the example builds with pkg-config alone"
else
    echo "not ok the example builds with pkg-config alone"
    cat make.log
fi
grep -q '^nn_plugin_entry$' <<EOF && echo "ok it exports its entry only" || echo "not ok it exports more than its entry"
$(nm -D --defined-only swish.so | awk '{ print $3 }')
EOF
if make -s install NNRUN="$program" FOLDER="$plugins/swish" >make.log 2>&1 &&
    "$program" ops com.example/Swish --plugin-path "$plugins" >out 2>&1 && grep -q 'How steep the gate is' out; then
    echo "ok it is installed beside the others and found"
else
    echo "not ok it is installed beside the others and found"
    cat make.log out
fi
if "$program" plugin test --plugin-path "$plugins" swish >kit.tap 2>&1; then
    echo "ok it passes the conformance kit"
else
    echo "not ok it passes the conformance kit"
    cat kit.tap
fi
cat >net.yaml <<EOF
model:
  family: net
  layers:
    - Flatten
    - Dense: {units: 16}
    - com.example/Swish: {beta: 1.5}
    - Dense: {name: output, units: 10}
data: {loader: glyphs, train: 640, test: 64}
train: {epochs: 2, batch: 64}
EOF
if "$program" train net.yaml --plugin-path "$plugins" >out 2>&1 && ls runs/*/*/weights/* >>out; then
    echo "ok a network of a YAML file is trained with its operator"
else
    echo "not ok a network of a YAML file is trained with its operator"
    cat out
fi
if [ ! -e "$BUILDDIR/plugins/formats/onnx.la" ]; then
    echo "skip the network is exported and comes back: the format onnx is not built"
elif "$program" -q export runs/train/net -o net.onnx --plugin-path "$plugins" >out 2>&1 &&
    "$program" -q import net.onnx back 'data={loader: glyphs, train: 640, test: 64}' --plugin-path "$plugins" >out 2>&1 &&
    "$program" eval runs/train/net --plugin-path "$plugins" >went 2>>out &&
    "$program" eval back --plugin-path "$plugins" >came 2>>out && cmp -s went came; then
    echo "ok the network is exported and comes back, the operator under its own domain"
else
    echo "not ok the network is exported and comes back"
    cat out
fi
"$program" plugin list --plugin-path "$plugins" --json >out 2>&1
if grep -q '"name": "ops"' out && ! grep -q '"problem": "' out; then
    echo "ok the installed packages are whole after stripping and relinking"
else
    echo "not ok the installed packages are whole"
    cat out
fi
