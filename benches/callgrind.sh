#!/usr/bin/env bash
# Instructions per segment of a bulk transfer, both ends together, of this stack and of smoltcp, counted by
# callgrind, and their ratio against its bars. Usage: benches/callgrind.sh [SEGMENTS]
#
# Each number is a difference of two runs that differ only in the segments they move, so start, handshake and
# warming do not count.
set -euo pipefail
cd "$(dirname "$0")/.."

segments=${1:-4000}
# Ours over smoltcp's, at most, in percent.
bar_with_checksums=50
bar_without_checksums=100

build() {
  cargo bench --quiet --locked --bench compare --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*compare[^"]*\)".*/\1/p' | tail -1
}

# Callgrind counts a `rep movsb`, glibc's way for copies of 2 KiB and more, as an instruction an octet; with vector
# copies of every length a copy counts what it is.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=0x40000000

# Instructions that `compare NAME SEGMENTS` executes, and the segments it moved.
count() {
  local said instructions moved
  said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1)
  instructions=$(sed -n 's/^==.*Collected : *//p' <<<"$said")
  moved=$(sed -n "s/^$1 \([0-9]*\) .*/\1/p" <<<"$said")
  echo "$instructions $moved"
}

per_segment() {
  local few many
  read -r -a few < <(count "$1" "$segments")
  read -r -a many < <(count "$1" "$((3 * segments))")
  echo $(((many[0] - few[0]) / (many[1] - few[1])))
}

per_connection() {
  local few many
  read -r -a few < <(count "$1" 100)
  read -r -a many < <(count "$1" 300)
  echo $(((many[0] - few[0]) / (many[1] - few[1])))
}

program=$(build)
[ -x "$program" ] || { echo "benches/callgrind.sh: the comparison does not build" >&2; exit 1; }

failed=0
printf '%-22s %10s %10s %8s %6s\n' 'instructions/segment' wirelab smoltcp ratio bar
for suffix in '' -unchecked; do
  bar=$([ -z "$suffix" ] && echo "$bar_with_checksums" || echo "$bar_without_checksums")
  ours=$(per_segment "wirelab$suffix")
  theirs=$(per_segment "smoltcp$suffix")
  ratio=$((100 * ours / theirs))
  printf '%-22s %10d %10d %7d%% %5d%%\n' "${suffix:+no }checksums" "$ours" "$theirs" "$ratio" "$bar"
  [ $((100 * ours)) -le $((bar * theirs)) ] || failed=1
done

# A connection costs the same beside ten thousand idle ones. (Within noise: tables are deeper, lists longer.)
alone=$(per_connection setup-0)
beside=$(per_connection setup-10000)
printf '\n%-32s %10s\n' 'instructions/connection set up' ''
printf '%-32s %10d\n' 'alone' "$alone" 'beside 10,000 idle connections' "$beside"
[ $((100 * beside)) -le $((105 * alone)) ] || failed=1

[ "$failed" = 0 ] || echo 'benches/callgrind.sh: above the bar' >&2
exit "$failed"
