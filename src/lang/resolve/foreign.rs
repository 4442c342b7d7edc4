//! Words of other languages and of other programs: what this language has in their place.

use crate::parse::foreign::foreign_word;

use super::builtin::Builtin;

/// Names by which programs in Python call libraries of tensors, and modules in them.
const LIBRARIES: &[&str] =
    &["torch", "nn", "F", "np", "numpy", "tf", "jnp", "keras", "layers", "functional", "torchvision"];

/// Whether a word names a library of another language.
pub(super) fn is_library(word: &str) -> bool {
    LIBRARIES.contains(&word)
}

/// What to write in the place of something that a library of another language has, as `torch.relu`.
pub(super) fn of_library(name: &str) -> String {
    match in_other_words(name) {
        _ if is_known(name) => format!("operations stand by themselves: `{name}(..)`"),
        Some(help) => help,
        None => OPERATIONS.to_owned(),
    }
}

/// What to write in the place of a field or method that tensors have in another program.
pub(crate) fn of_tensor(field: &str) -> Option<String> {
    Some(match field {
        "to" | "cuda" | "cpu" | "device" => "a run chooses the device: `--device cuda:0`".to_owned(),
        "item" | "numpy" | "tolist" | "data" | "clone" | "contiguous" => {
            "a tensor is its numbers already: leave it out".to_owned()
        }
        "backward" | "grad" | "zero_grad" | "requires_grad" => {
            "a training computes gradients by itself; as a value, one is `gradient(y, x)`".to_owned()
        }
        "T" | "mT" => "axes change places with `permute(x, [1, 0])`".to_owned(),
        "eval" | "train" => "a model trains in `training` and is fixed elsewhere".to_owned(),
        other => return in_other_words(other),
    })
}

/// How operations are called.
const OPERATIONS: &str = "operations stand by themselves, as in `conv(x, 3)`, `relu(x)` or `matmul(a, b)`";

/// What to write in the place of a word of another language, if it is known.
pub(super) fn in_other_words(word: &str) -> Option<String> {
    if let Some(help) = foreign_word(word).map(|known| known.help).or_else(|| syntax(word)) {
        return Some(help.to_owned());
    }
    // The first that the language has is the nearest by meaning.
    let (builtin, example) = operations(word).iter().find(|(builtin, _)| is_known(builtin))?;
    Some(format!("the nearest here is `{builtin}`, as in `{example}`"))
}

/// Whether the language, or its prelude, has a word.
fn is_known(word: &str) -> bool {
    Builtin::named(word).is_some() || matches!(word, "mse" | "l1" | "cross_entropy" | "cosine")
}

/// Words that are no operation here.
fn syntax(word: &str) -> Option<&'static str> {
    Some(match word {
        "range" | "arange" => "whole numbers that follow each other are written `0..3`",
        "float" | "double" | "half" => "floats of integers are `to_float(x)`",
        "int" | "long" => "integers of floats are `to_int(x)`",
        "tuple" => "values together are written `(a, b)`",
        "list" => "a list is written `[a, b]`; a range such as `0..3` is one already",
        "dict" => "a record is written `{ name: value }`",
        "super" => "a block has all that its base has, as in `block Net from Base { .. }`",
        "True" => "it is written `true`",
        "False" => "it is written `false`",
        "None" | "null" | "nil" => "it is written `none`",
        "self" | "this" => "parts, params and functions of the model are named as they are, without a word before them",
        _ if is_library(word) => OPERATIONS,
        "channel" | "channels" => "axes are numbers: 0 counts images, 1 channels, 2 rows and 3 columns",
        "imagenet" | "IMAGENET" => "write the numbers: `mean = [0.485, 0.456, 0.406]`, `std = [0.229, 0.224, 0.225]`",
        "Sequential" | "sequential" => "layers follow each other by `|>`, as in `x |> conv(3) @ \"a\" |> relu`",
        "map" | "filter" => "as in `for x in xs { f(x) }`, which is a list",
        "enumerate" => "a `for` gives the index too, as in `for i, x in xs { .. }`",
        "str" | "repr" => "a string can hold a value, as in `\"{x}\"`",
        "print" | "println" => "a spec says what is computed, and prints nothing; `diadc graph` shows what there is",
        "pow" => "a power is written `a ^ b`",
        "square" => "a square is written `x ^ 2`",
        "rsqrt" => "as in `1 / sqrt(x)`",
        "std" | "stddev" => "as in `sqrt(mean((x - mean(x)) ^ 2))`",
        "variance" => "as in `mean((x - mean(x)) ^ 2)`",
        "normalize" | "l2_normalize" | "l2norm" => "as in `x / sqrt(sum(x ^ 2, axis: 1, keep: true) + 1e-12)`",
        "log_softmax" | "LogSoftmax" => "as in `log(softmax(x, axis: 1))`",
        "logsumexp" => "as in `log(sum(exp(x), axis: 1))`",
        "kl_div" | "kl_divergence" | "KLDivLoss" => "as in `sum(p * (log(p) - log(q)))`",
        "hinge_loss" | "HingeEmbeddingLoss" => "as in `mean(relu(1 - x))`",
        "roll" => "as in `concat([slice(x, 3, 1, W), slice(x, 3, 0, 1)], axis: 3)`, if `W` is known",
        "relu6" | "ReLU6" => "as in `clamp(x, 0, 6)`",
        "elu" | "ELU" => "as in `where(x > 0, x, exp(x) - 1)`",
        "huber" | "huber_loss" | "smooth_l1" | "smooth_l1_loss" | "HuberLoss" | "SmoothL1Loss" => {
            "as in `let d = abs(a - b)` and `mean(where(d < 1, d ^ 2 / 2, d - 0.5))`"
        }
        "PI" => "it is written `pi`",
        "inf" | "Inf" | "infinity" => "every number is finite: take a large one, as in `1e30`",
        "ceil" => "as in `-floor(-x)`",
        "any" => "as in `max(x)`, of zeros and ones",
        "all" => "as in `min(x)`, of zeros and ones",
        "unfold" | "Unfold" | "im2col" => {
            "neighbours are taken with `pad` and `slice`, or summed with `conv` and `avg_pool`"
        }
        "fft" | "fft2" | "rfft" | "ifft" => {
            "there is no Fourier transform; a fixed one of small size is a `matmul` with a `constant`"
        }
        "Identity" => "a function that changes nothing is `|x| x`",
        "rmsprop" | "RMSprop" | "adagrad" | "Adagrad" | "lamb" | "lion" | "radam" | "RAdam" => {
            "the optimizers are `adam`, `adamw` and `sgd`"
        }
        "unsqueeze" | "squeeze" | "flatten" | "ravel" => {
            "axes come and go with the shape, as in `reshape(x, [B, C * H * W])`"
        }
        "zeros_like" => "as in `full(0.0, shape: shape(x))`",
        "ones_like" => "as in `full(1.0, shape: shape(x))`",
        _ => return None,
    })
}

/// The operations that are nearest by meaning to one of another program, each with an example, best first.
fn operations(word: &str) -> &'static [(&'static str, &'static str)] {
    match word {
        "grad" | "autograd" => &[("gradient", "gradient(y, x)")],
        "topk" | "top_k" | "nlargest" => &[("top", "top(x, 5)"), ("max", "max(x, axis: 1)")],
        "argsort" | "sorted" => &[("sort", "sort(x)"), ("max", "max(x, axis: 1)")],
        "kthvalue" | "median" | "percentile" => &[("quantile", "quantile(x, 0.5)"), ("mean", "mean(x, axis: 1)")],
        "cdist" | "knn" | "kneighbors" => &[("nearest", "nearest(x, rows, count: 1)"), ("cosine", "cosine(a, b)")],
        "cat" | "stack" | "hstack" | "vstack" | "concatenate" => &[("concat", "concat([a, b])")],
        "view" => &[("reshape", "reshape(x, [B, C, H * W])")],
        "transpose" | "swapaxes" | "rearrange" => &[("permute", "permute(x, [0, 2, 1])")],
        "broadcast_to" | "tile" => &[("expand", "expand(x, [B, C, H, W])")],
        "interpolate" | "upsample" => &[("resize", "resize(x, [H, W])")],
        "einsum" | "bmm" | "mm" | "dot" | "gemm" => &[("matmul", "matmul(a, b)")],
        "chunk" | "unbind" => &[("split", "split(x, 2)")],
        "clip" | "hardtanh" => &[("clamp", "clamp(x, 0, 1)")],
        "swish" | "SiLU" | "Swish" => &[("silu", "silu(x)")],
        "prelu" | "PReLU" => &[("leaky_relu", "leaky_relu(x, slope: 0.25)")],
        "detach" | "no_grad" | "stopgrad" => &[("stop_gradient", "stop_gradient(x)")],
        "conv1d" | "conv2d" | "Conv2d" => &[("conv", "x |> conv(3, out: 64) @ \"conv\"")],
        "ConvTranspose2d" | "conv_transpose2d" | "deconv" => {
            &[("conv_transpose", "x |> conv_transpose(2, stride: 2) @ \"up\"")]
        }
        "Dense" | "dense" => &[("linear", "x |> linear(64) @ \"fc\"")],
        "BatchNorm2d" | "batchnorm" => &[("batch_norm", "x |> batch_norm() @ \"bn\"")],
        "randn" | "randn_like" | "normal_like" => &[("random_normal", "random_normal(like: x)")],
        "rand" | "rand_like" => &[("random_uniform", "random_uniform(like: x)")],
        "randint" => &[("random_int", "random_int(0, 10)")],
        "mse_loss" | "MSELoss" | "l2_loss" => &[("mse", "mse(a, b)")],
        "l1_loss" | "L1Loss" | "mae" => &[("l1", "l1(a, b)")],
        "binary_cross_entropy" | "bce" | "BCELoss" => &[("cross_entropy", "cross_entropy(logits, target)")],
        "cosine_similarity" | "CosineSimilarity" => &[("cosine", "cosine(a, b)")],
        "scaled_dot_product_attention" => &[("attention", "attention(q, k, v)")],
        _ => &[],
    }
}
