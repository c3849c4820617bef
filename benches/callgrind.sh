#!/usr/bin/env bash
# What benches/compare costs in instructions, counted by callgrind, against its bars:
#   - a segment of a bulk transfer, both ends together, beside smoltcp's;
#   - a connection set up among 10,000 idle connections, beside one set up alone;
#   - a packet through ten routers, beside ten times one through one; and through one with 100,000 routes more, beside
#     one through one with none;
#   - an event of a transfer over a switch with 1,000 idle hosts, beside one with none;
#   - a datagram of 64 KiB put together from fragments in reverse order, beside one in order;
#   - with --observer, a segment beside one in a build without any observation (builds twice).
# Usage: benches/callgrind.sh [--observer]
#
# Each number is a difference of two runs that differ only in how much they do, so start, handshake and warming
# do not count.
set -euo pipefail
cd "$(dirname "$0")/.."

segments=4000
connections=100
packets=1000
thousand_octets=2000
datagrams=100
# At most, in percent: of smoltcp's; of a connection alone; of a build without observation.
bar_with_checksums=50
bar_without_checksums=100
bar_connections=105
bar_observer=101
bar_routers=105
bar_routes=120
bar_idle=101
bar_reverse=150

# Callgrind counts a `rep movsb`, glibc's way for copies of 2 KiB and more, as an instruction an octet; with vector
# copies of every length a copy counts what it is.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=0x40000000

build() {
  cargo bench --quiet --locked --bench compare --no-run --message-format=json "$@" 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*compare[^"]*\)".*/\1/p' | tail -1
}

# Instructions that `PROGRAM NAME COUNT` executes, and what it says that it moved.
count() {
  local said instructions moved
  said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" "$2" "$3" 2>&1)
  instructions=$(sed -n 's/^==.*Collected : *//p' <<<"$said")
  moved=$(sed -n "s/^$2 \([0-9]*\) .*/\1/p" <<<"$said")
  [ -n "$instructions" ] && [ -n "$moved" ] || { echo "$said" >&2; return 1; }
  echo "$instructions $moved"
}

# Instructions a unit of what `PROGRAM NAME` moves, from runs of COUNT and three times COUNT.
each() {
  local few many
  few=$(count "$1" "$2" "$3")
  many=$(count "$1" "$2" "$((3 * $3))")
  echo $(((${many% *} - ${few% *}) / (${many#* } - ${few#* })))
}

failed=0
# WHAT OURS THEIRS BAR: a row fails above its bar.
row() {
  local tenths=$((1000 * $2 / $3)) note=
  [ $((100 * $2)) -le $(($4 * $3)) ] || { note=' BAR NOT MET'; failed=1; }
  printf '%-44s %10d %10d %6d.%d%% %5d%%%s\n' "$1" "$2" "$3" $((tenths / 10)) $((tenths % 10)) "$4" "$note"
}

program=$(build)
[ -x "$program" ] || { echo 'benches/callgrind.sh: the comparison does not build' >&2; exit 1; }

printf '%-44s %10s %10s %8s %6s\n' instructions ours against ratio bar
ours=$(each "$program" wirelab $segments)
row 'segment, smoltcp'"'"'s' "$ours" "$(each "$program" smoltcp $segments)" $bar_with_checksums
row 'segment without checksums, smoltcp'"'"'s' "$(each "$program" wirelab-unchecked $segments)" \
  "$(each "$program" smoltcp-unchecked $segments)" $bar_without_checksums
row 'connection beside 10,000 idle, alone' "$(each "$program" setup-10000 $connections)" \
  "$(each "$program" setup-0 $connections)" $bar_connections
router=$(each "$program" routers-1 $packets)
row 'packet through ten routers, ten times one' "$(each "$program" routers-10 $packets)" $((10 * router)) $bar_routers
row 'packet among 100,000 routes, among none' "$(each "$program" routes-100000 $packets)" "$router" $bar_routes
row 'event among 1,000 idle hosts, among none' "$(each "$program" idle-1000 $thousand_octets)" \
  "$(each "$program" idle-0 $thousand_octets)" $bar_idle
row '64 KiB from fragments in reverse, in order' "$(each "$program" pieces-in-reverse $datagrams)" \
  "$(each "$program" pieces-in-order $datagrams)" $bar_reverse
if [ "${1:-}" = --observer ]; then
  blind=$(RUSTFLAGS='--cfg wirelab_unobserved' build --target-dir "${CARGO_TARGET_DIR:-target}/unobserved")
  row 'segment, without any observation' "$ours" "$(each "$blind" wirelab $segments)" $bar_observer
fi
[ "$failed" = 0 ] || echo 'benches/callgrind.sh: above a bar' >&2
exit "$failed"
