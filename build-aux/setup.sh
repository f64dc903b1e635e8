# SPDX-License-Identifier: Apache-2.0
# What ./quickstart and ./check share; sourced by both from the top of the source tree.

jobs=$(nproc 2>/dev/null || echo 2)

say() {
    printf '\n== %s\n' "$*"
}

# install_packages GROUP...: install what is missing of these groups of build-aux/packages, or say what to install.
install_packages() {
    local groups=" $* " name group missing=()
    while read -r name group; do
        case $name in '' | '#'*) continue ;; esac
        case $groups in *" $group "*) ;; *) continue ;; esac
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done < build-aux/packages
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "These packages are missing; install them and start again:" >&2
        echo "    sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && return 0
    apt-get update -q
    apt-get install -y --no-install-recommends "${missing[@]}"
}

# build DIR [CONFIGURE OPTION...]: configure and build out of the source tree.
build() {
    local dir=$1
    shift
    [ -x configure ] && [ configure -nt configure.ac ] && [ configure -nt m4/nnrun.m4 ] || autoreconf -fi
    mkdir -p "$dir"
    [ -e "$dir/config.status" ] || (cd "$dir" && ../configure -q "$@")
    make -C "$dir" -s -j"$jobs"
}
