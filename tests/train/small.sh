# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts that train: a training of a second, and how results are compared. Sets nothing but functions and small.yaml.

cat > small.yaml <<'END'
model: {family: mlp, hidden: [8], dropout: 0.2}
data: {loader: glyphs, train: 130, test: 40}
train:
  epochs: 3
  batch: 20
  optimizer: {name: adam, rate: 5e-3}
  schedule: {name: cosine}
  save_every_steps: 1
  log_every_steps: 2
END

# weights RUN: the SHA-256 of the tensors, as the record has it
weights() {
    sed -n 's/^tensors_sha256: "\(.*\)"/\1/p' "$1/record.yaml"
}

# check NAME COMMAND...: does it succeed?
check() {
    check_name=$1
    shift
    if "$@"; then
        echo "ok $check_name"
    else
        echo "not ok $check_name: $*"
    fi
}

# expect NAME CODE TEXT COMMAND...: the exit code, and one line on stderr that holds TEXT
expect() {
    expect_name=$1 expect_code=$2 expect_text=$3
    shift 3
    "$@" >expect.out 2>expect.err
    found=$?
    if [ "$found" -ne "$expect_code" ]; then
        echo "not ok $expect_name: ended with $found, not $expect_code: $(cat expect.err)"
    elif [ -n "$expect_text" ] && ! grep -qF -- "$expect_text" expect.err; then
        echo "not ok $expect_name: expected \"$expect_text\", found: $(cat expect.err)"
    else
        echo "ok $expect_name"
    fi
}
