#!/bin/sh
# Writes order.txt: the functions that `connect -c Check` and `list` execute, as
# patterns of the names that the linker sees. Run it after a change of what a short
# run does, or of the compiler; needs valgrind. A list that is out of date costs
# memory, nothing else.
set -eu
export LC_ALL=C
command -v valgrind > /dev/null || { echo "valgrind is not installed" >&2; exit 1; }
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -r "$folder"' EXIT

CARGO_PROFILE_DIST_STRIP=none cargo build --profile dist --bin kata-agent-ctl
tool=${CARGO_TARGET_DIR:-target}/dist/kata-agent-ctl
socket=$folder/agent.sock
"$tool" serve --address "unix://$socket" < /dev/null > /dev/null 2>&1 &
server=$!
until test -S "$socket"; do
    kill -0 "$server"
    sleep 0.1
done

executed() {
    valgrind --tool=callgrind --demangle=no --callgrind-out-file="$folder/profile" \
        "$tool" "$@" > /dev/null 2> "$folder/said" || { cat "$folder/said" >&2; exit 1; }
    sed -n "s/^c\{0,1\}fn=([0-9]*) //p" "$folder/profile" | sed "s/'[0-9]*$//" >> "$folder/executed"
}
executed connect --server-address "unix://$socket" -c Check
executed list

# The first expressions take out what differs from build to build: hashes, numbers of copies,
# and where a crate is first named. Of the modules after them nearly all is needed, or it is
# small, or which of the equal copies gave its name is chance: they are taken whole, so that
# the list stays right longer.
nm --defined-only "$tool" | cut -d ' ' -f 3 | sort -u > "$folder/own"
sort -u "$folder/executed" | comm -12 - "$folder/own" | sed -E \
    -e 's/\.(llvm\.)?[0-9]+$//' \
    -e '/^_ZN/s/17h[0-9a-f]{16}E.*/*/' \
    -e '/^_R/{s/Cs[0-9A-Za-z]+_/*/g; s/^_R[^*]*/_R/; s/$/*/}' \
    -e 's/^_ZN(14kata_agent_ctl(3cli|3run|4main|4wire|6client|7command|7request|7session|9interrupt|9transport)|12clap_builder(4util|6parser|7builder)|8protobuf|4core(3cmp|3ptr|3str|4iter|6option)|5alloc(3vec|7raw_vec)|3nix3sys).*/_ZN\1*/' \
    -e 's/^_ZN[0-9]+_\$LT\$(alloc\.\.vec|clap_builder|core\.\.(iter|ops|str)|kata_agent_ctl\.\.(cli|transport)|protobuf)\.\..*/_ZN*_$LT$\1..*/' \
    -e 's/^_R\*(4core(3str|4char|5slice)|5alloc(6string|7raw_vec)|3std(4path|4sync)).*/_R*\1*/' \
    -e 's/\*+/*/g' | sort -u > "$folder/order"
test -s "$folder/order"
{
    echo "# Written by measure.sh; build.rs has the linker place these functions first."
    cat "$folder/order"
} > link/order.txt
