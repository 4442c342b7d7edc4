#!/bin/sh
# Measures a device with nothing but the program, and keeps what it finds in a folder:
#
#     tests/measure.sh cuda:0 OUT
#     SPEC=tiny SIZE=64 BATCHES=1,2 TURNS=5 tests/measure.sh cpu OUT        a small model, to try the script
#
# parity-*.txt   the device compared with the processor, as tests/device.sh does it
# start.txt      seconds of a command whose kernels are compiled, and of the same command when they are kept
# bench.txt      what `diadc bench` prints, and bench.json what `--against` reads
# kernels-*.txt  milliseconds and launches of each kernel in a turn of the sampler, by CubeCL's profile, which waits for
#                each kernel: sums are right, and gaps between kernels are not seen; nothing for the processor
# card.txt       the card, its driver and its clocks, if nvidia-smi is there
# log.txt        what each part took, and errors.txt what it said
#
# DIADC names the program, `diadc` by default. MINUTES (10) is the time for all: what has not begun by then is left out, and
# what has is stopped. No setting of the card is changed. Exit status 0: every part ended, and all is within tolerance.
set -u
device=${1:?"usage: tests/measure.sh DEVICE FOLDER"}
out=${2:?"usage: tests/measure.sh DEVICE FOLDER"}
# The path of a file from the root, as the current directory changes below; a name that is no file stays a name.
path() { if [ -f "$1" ]; then echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"; else echo "$1"; fi; }
diadc=$(path "${DIADC:-diadc}") spec=$(path "${SPEC:-diad}") size=${SIZE:-256} batches=${BATCHES:-1,8,32} turns=${TURNS:-10}
case $device in cpu*) precisions=f32 parities=f32 ;; *) precisions=f32,bf16 parities='tf32 bf16' ;; esac
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 2
here=$(cd "$(dirname "$0")" && pwd)
# Kernels are compiled anew, and those of the user are left alone.
XDG_CACHE_HOME=$out/cache
export XDG_CACHE_HOME
rm -rf "$XDG_CACHE_HOME"
begun=$(date +%s) failed=0

# part NAME FILE COMMAND ..: runs a command in what is left of the time, and writes what it prints into a file.
part() {
    name=$1 file=$2 from=$(date +%s)
    shift 2
    left=$((begun + 60 * ${MINUTES:-10} - from))
    if [ "$left" -lt 5 ]; then
        echo "$name: left out" | tee -a "$out/log.txt"
        failed=1
        return 1
    fi
    timeout "$left" "$@" > "$out/$file" 2>> "$out/errors.txt"
    status=$?
    echo "$name: $(($(date +%s) - from)) s, exit status $status" | tee -a "$out/log.txt"
    [ $status -eq 0 ] || failed=1
    return $status
}

# call NAME FILE BATCH TURNS: an image of noise, reconstructed in so many turns.
call() {
    part "$1" "$2" "$diadc" call "$spec" "reconstruct(random_uniform(shape: [$3, 3, $size, $size]))" --weights init \
        --device "$device" --set "steps=$4"
}

if command -v nvidia-smi > /dev/null; then
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm --format=csv > "$out/card.txt"
fi

for kernels in compiled kept; do
    from=$(date +%s)
    call "start with kernels $kernels" call.txt 1 1 && echo "$kernels: $(($(date +%s) - from)) s" >> "$out/start.txt"
done

for precision in $parities; do
    part "parity in $precision" "parity-$precision.txt" \
        env PRECISION="$precision" DIADC="$diadc" sh "$here/device.sh" "$device"
done

part bench bench.txt "$diadc" bench "$spec" --batch "$batches" --precision "$precisions" --device "$device" \
    --output "$out/bench.json"

# Sums by kernel of a log, in milliseconds: `| 12.5µs | Name`.
sums() {
    awk '/^\| *[0-9.]+(ns|µs|us|ms|s) *\| / {
        match($0, /[0-9.]+/); number = substr($0, RSTART, RLENGTH); unit = $2; sub(/^[0-9.]+/, "", unit)
        scale = unit == "ns" ? 1e-6 : unit == "ms" ? 1 : unit == "s" ? 1000 : 1e-3
        sub(/^\| *[^ ]+ *\| /, ""); time[$0] += scale * number; launches[$0]++
    } END { for (name in time) printf "%.6f\t%d\t%s\n", time[name], launches[name], name }' "$1"
}

# CubeCL reads its settings from the current directory. What comes before the sampler cancels in the difference.
cd "$out" || exit 2
for batch in $(echo "$batches" | tr , ' '); do
    for count in 1 $((turns + 1)); do
        rm -f profile.log
        printf '[profiling]\nlogger = { level = "basic", file = "profile.log", append = false }\n' > cubecl.toml
        call "profile of $count turns with a batch of $batch" call.txt "$batch" "$count"
        rm -f cubecl.toml
        touch profile.log
        sums profile.log > "sums-$count.txt"
    done
    awk -F '\t' -v turns="$turns" 'FNR == NR { time[$3] = $1; launches[$3] = $2; next }
        { ms = ($1 - time[$3]) / turns; n = ($2 - launches[$3]) / turns; if (n > 0) printf "%10.4f %8.1f  %s\n", ms, n, $3 }' \
        sums-1.txt "sums-$((turns + 1)).txt" | sort -rn > "kernels-$batch.txt"
    rm -f sums-*.txt profile.log
done
rm -rf call.txt "$XDG_CACHE_HOME"
exit $failed
