#!/bin/sh
# Compares a device with the processor of the same machine, with nothing but the program:
#
#     tests/device.sh cuda:0                     TF32, as tensor cores multiply f32: differences up to 1e-2 of the
#                                                largest number, 5e-2 for gradients
#     PRECISION=bf16 tests/device.sh cuda:0      bf16: 1e-1 and 2.5e-1
#     PRECISION=f32 tests/device.sh cpu          f32 as it is: 1e-4 and 1e-3
#
# DIADC names the program, `diadc` by default. Weights and inputs are made from a seed by the program itself, the same
# on every device. Exit status 0: all within tolerance.
set -eu
device=${1:?"usage: tests/device.sh DEVICE"}
diadc=${DIADC:-diadc}
case ${PRECISION:-tf32} in
    f32) precision=f32 near=1e-4 far=1e-3 ;;
    tf32) precision=f32 near=1e-2 far=5e-2 ;;
    bf16) precision=bf16 near=1e-1 far=2.5e-1 ;;
    *) echo "PRECISION is f32, tf32 or bf16" >&2; exit 2 ;;
esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# compare SPEC EXPRESSION TOLERANCE [MORE ..]
compare() {
    spec=$1 expression=$2 tolerance=$3
    shift 3
    echo "== $spec: $expression"
    "$diadc" call "$spec" "$expression" --weights init --output "$folder/cpu.safetensors" "$@" >/dev/null
    "$diadc" call "$spec" "$expression" --weights init --device "$device" --precision "$precision" \
        --expect "$folder/cpu.safetensors" --tolerance "$tolerance" "$@" || failed=1
}

# The denoiser ends in weights of zero, behind which there is no gradient: its blocks are compared by themselves too.
cat > "$folder/block.diad" <<'SPEC'
//! One of the denoiser's blocks.
use std::unet::{TransformerBlock}

model Block {
    part layer = TransformerBlock(4)

    fn attended(x: [B, N, 32], context: [B, M, 16]) { layer(x, context) }
}
SPEC

image='random_uniform(shape: [2, 3, 64, 64])'
latent='random_normal(shape: [2, 4, 16, 16])'
compare tiny "random_normal(shape: [2, 1000])" 0
compare tiny "ae.encode($image)" "$near"
compare tiny "ae.decode($latent)" "$near"
compare tiny "psi($image)" "$near"
compare tiny "denoise($latent, constant([10, 300]), $image)" "$near"
compare tiny "reconstruct($image)" "$far"
# All gradients but those that cancel, of which rounding is all there is: of a bias of attention's keys, and of the first
# bias.
grads='--grad first_stage_model.quant_conv --grad first_stage_model.post_quant_conv'
for weight in encoder.conv_in.weight encoder.down decoder.conv_in decoder.up; do
    grads="$grads --grad first_stage_model.$weight"
done
for part in mid.block_1 mid.block_2 mid.attn_1.norm mid.attn_1.q mid.attn_1.k.weight mid.attn_1.v mid.attn_1.proj_out \
    norm_out conv_out; do
    grads="$grads --grad first_stage_model.encoder.$part --grad first_stage_model.decoder.$part"
done
# shellcheck disable=SC2086 # a list of words
compare tiny "mse(ae.decode(latent_mean(ae.encode($image))), $image)" "$far" $grads
compare tiny "mse(denoise($latent, constant([10, 300]), $image), $latent)" "$far" --grad model.diffusion_model --grad control_model
tokens='random_normal(shape: [2, 96, 32])'
attended="attended($tokens, random_normal(shape: [2, 7, 16]))"
compare "$folder/block.diad" "$attended" "$near"
compare "$folder/block.diad" "mean($attended * $tokens)" "$far" --grad layer
exit $failed
