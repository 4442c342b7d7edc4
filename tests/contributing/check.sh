#!/usr/bin/env bash
# Adds an elementwise operation, `softsign`, to a copy of the tree and uses it. CONTRIBUTING.md lists the files that this
# takes; the script fails if the sample needs others. Builds go into CARGO_TARGET_DIR, or else into `target`.
set -euo pipefail
cd "$(dirname "$0")/../.."

export LC_ALL=C
files=$(sed -n '/^\*\*An elementwise operation\*\*/,/^\*\*Another/p' CONTRIBUTING.md | sed -n 's/^[0-9]*\. `\([^`]*\)`.*/\1/p' | sort)

sample=$PWD/tests/contributing
export CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create --ignore-failed-read | tar --extract --directory="$copy"
cd "$copy"

touched=$(git apply --numstat "$sample/softsign.patch" | cut -f3 | sort)
if [ "$touched" != "$files" ]; then
    printf 'CONTRIBUTING.md lists\n%s\nbut the sample touches\n%s\n' "$files" "$touched" >&2
    exit 1
fi
git apply "$sample/softsign.patch"
# Another version, so that what is built here is not taken for the tree's own.
sed -i '0,/^version = "\(.*\)"/s//version = "\1-sample"/' Cargo.toml

# The sample runs its kernel in an example of the crate of the CPU.
mkdir -p src/execute/cpu/examples
cp "$sample/softsign.rs" src/execute/cpu/examples/
printf '\n[[example]]\nname = "softsign"\n' >> src/execute/cpu/Cargo.toml

cargo check --release -p diadc-core -p diadc-lang -p diadc-execute -p diadc-cpu
cargo run --release -p diadc-lang --example check -- "$sample/softsign.diad"
cargo run --release -p diadc-cpu --example softsign
echo "an elementwise operation takes these files:"
echo "$files"
