#!/bin/sh
# Runs a sweep on a real Slurm of one node, which this script starts and ends, and compares its table with that of the same
# sweep without Slurm. Needs the rights of root and Debian's `slurm-wlm` and `munge`.
#
#     tests/slurm.sh target/release/diadc
set -eu

program=$(realpath "${1:?the program, as in tests/slurm.sh target/release/diadc}")
for needed in munged slurmctld slurmd sbatch squeue scontrol; do
    command -v "$needed" > /dev/null || { echo "skipped: there is no $needed here"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: only root can start the daemons of Slurm"; exit 77; }

home=$(mktemp -d)
node=$(hostname -s)
processes=""
finish() {
    for process in $processes; do kill "$process" 2> /dev/null || true; done
    wait
    rm -rf "$home"
}
trap finish EXIT INT TERM
fail() {
    echo "failed: $1"
    tail -n 20 "$home"/*.log
    exit 1
}

mkdir -p "$home/spool" "$home/state"
chmod 755 "$home"
head -c 1024 /dev/urandom > "$home/munge.key"
chmod 400 "$home/munge.key"
cat > "$home/slurm.conf" << END
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=5,sched_min_interval=0,bf_interval=5
ReturnToService=2
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF="$home/slurm.conf"
munged --foreground --force --key-file="$home/munge.key" --socket="$home/munge.socket" --pid-file="$home/munge.pid" \
    --log-file="$home/munged.log" --seed-file="$home/munge.seed" &
processes="$processes $!"
sleep 1
slurmctld -D -L "$home/slurmctld.log" &
processes="$processes $!"
slurmd -D -N "$node" -L "$home/slurmd.log" &
processes="$processes $!"
tries=0
until sinfo --noheader --format=%T 2> /dev/null | grep -q idle; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "the node does not become idle"
    sleep 1
done
sinfo

cat > "$home/small.diad" << 'END'
use std::autoencoder::{ConvAutoencoder}
model Small {
    param width: int in [4, 8] = 4
    param power: int in 1..=9 = 2
    data { size = 16 }
    part ae = ConvAutoencoder(widths: [width, 4])
    objective rebuilding(image) trains ae { mse(ae(image), image) }
    training rebuilding { optimizer = adamw(lr: 2e-3)  batch = 4  steps = 20 }
    score(image) {
        let map = mean(abs(image - ae(image)) ^ power, axis: 1)
        { map: map, value: 1.0 / ((4 - power) * max(map, axis: [1, 2])) }
    }
}
END
# With a power of 4 the score is not finite: that point fails.
sweep() {
    "$program" sweep "$home/small.diad" --classes tile --over width=4,8 --over power=2,3,4 "$@"
}
# Two waves: the point of each width that trains, and then those that only score.
sweep --out "$home/slurm" --slurm --slurm-option=--time=10 --slurm-option=--mem=0 --jobs 2 || fail "it can't be submitted"
squeue
"$program" sweep "$home/slurm" --collect > "$home/early.txt"
tries=0
while squeue --noheader | grep -q .; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail "the jobs do not end"
    sleep 1
done
if "$program" sweep "$home/slurm" --collect > "$home/table.txt"; then fail "two points have failed, and it does not say so"; fi
cat "$home/table.txt"
[ "$(grep -c 'is not finite' "$home/table.txt")" = 2 ] || fail "the table does not say why points have failed"
[ "$(find "$home/slurm/shared" -name '*.safetensors' | wc -l)" = 2 ] || fail "each width is to be trained once"
if sweep --out "$home/alone"; then fail "two points fail here too"; fi
cmp "$home/slurm/results.csv" "$home/alone/results.csv" || fail "the numbers are not those of a sweep without Slurm"
# Only what has failed is submitted again.
"$program" sweep "$home/slurm" --slurm > "$home/again.txt"
cat "$home/again.txt"
grep -q 'array=3,6' "$home"/slurm/slurm-1.sh || fail "other points than those that failed are submitted again"
echo "passed"
