//! The words that the language knows by itself, with their parameters.
//!
//! A table and nothing else: what each word does is decided in `check`, family by family; only the elementwise
//! functions say here which operation they are. Functions that can be written in the language are not here but in the
//! standard library's prelude.

use diadc_core::op::{Binary, Unary};

/// The types that are a word by itself.
pub const TYPES: &[&str] = &["int", "float", "bool", "string", "pair", "tensor"];
/// The types that are written with the type of their elements, as in `list<int>`.
pub const GENERIC_TYPES: &[&str] = &["list", "set"];

/// The value of a parameter for which the call gives none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// There is none: the call must give one.
    Required,
    /// `none`
    None,
    /// A number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A string.
    Str(&'static str),
}

/// A parameter of a built-in function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its default.
    pub default: Default,
}

macro_rules! default {
    () => {
        Default::Required
    };
    (none) => {
        Default::None
    };
    (true) => {
        Default::Bool(true)
    };
    (false) => {
        Default::Bool(false)
    };
    (int $value:literal) => {
        Default::Int($value)
    };
    (float $value:literal) => {
        Default::Float($value)
    };
    ($value:literal) => {
        Default::Str($value)
    };
}

macro_rules! builtins {
    (@params [$($done:expr,)*] $(,)?) => { &[$($done,)*] };
    (@params [$($done:expr,)*] $param:ident = int $value:literal, $($rest:tt)*) => {
        builtins!(@params [$($done,)* Parameter { name: stringify!($param), default: default!(int $value) },] $($rest)*)
    };
    (@params [$($done:expr,)*] $param:ident = float $value:literal, $($rest:tt)*) => {
        builtins!(@params [$($done,)* Parameter { name: stringify!($param), default: default!(float $value) },] $($rest)*)
    };
    (@params [$($done:expr,)*] $param:ident = $value:tt, $($rest:tt)*) => {
        builtins!(@params [$($done,)* Parameter { name: stringify!($param), default: default!($value) },] $($rest)*)
    };
    (@params [$($done:expr,)*] $param:ident, $($rest:tt)*) => {
        builtins!(@params [$($done,)* Parameter { name: stringify!($param), default: default!() },] $($rest)*)
    };
    (@operation $words:ident [] $rows:tt) => {};
    (@operation $words:ident [Unary] {
        $( $id:ident [x $(, $setting:ident $(= float $default:literal)?)*] [$operation:expr] )*
    }) => {
        impl $words {
            /// The operation with its settings, which `number` looks up by their names.
            ///
            /// # Errors
            /// What `number` returns for a setting that it can't give.
            pub fn operation<E>(self, mut number: impl FnMut(&'static str) -> Result<f64, E>) -> Result<Unary, E> {
                Ok(match self {
                    $( $words::$id => {
                        $( let $setting = number(stringify!($setting))?; )*
                        $operation
                    } )*
                })
            }
        }
    };
    (@operation $words:ident [Binary] { $( $id:ident [a, b] [$operation:expr] )* }) => {
        impl $words {
            /// The operation.
            #[must_use]
            pub fn operation(self) -> Binary {
                match self { $( $words::$id => $operation, )* }
            }
        }
    };
    ($( $(#[doc = $about:literal])+ $family:ident($words:ident) $(is $operation:ident)? {
        $( $(#[doc = $doc:literal])+ $id:ident = $word:literal ( $($params:tt)* ) $(=> $value:expr,)? )*
    } )*) => {
        /// A word that the language knows by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Builtin { $( $(#[doc = $about])+ $family($words), )* }

        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub enum $words { $( $(#[doc = $doc])+ $id, )* }

            builtins!(@operation $words [$($operation)?] { $( $id [$($params)*] [$($value)?] )* });
        )*

        impl Builtin {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Builtin] = &[$($( Builtin::$family($words::$id), )*)*];

            /// The builtin with a word.
            #[must_use]
            pub fn named(word: &str) -> Option<Builtin> {
                match word { $($( $word => Some(Builtin::$family($words::$id)), )*)* _ => None }
            }

            /// The word.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $($( Builtin::$family($words::$id) => $word, )*)* }
            }

            /// Its parameters.
            #[must_use]
            pub fn parameters(self) -> &'static [Parameter] {
                match self { $($( Builtin::$family($words::$id) => builtins!(@params [] $($params)* ,), )*)* }
            }

            /// What it does, in a line or two.
            #[must_use]
            pub fn doc(self) -> &'static str {
                match self { $($( Builtin::$family($words::$id) => concat!($($doc),+).trim_ascii(), )*)* }
            }
        }
    };
}

builtins! {
    /// A function of numbers, lists and strings, computed while the spec is compiled.
    CompileTime(CompileTimeWord) {
        /// The number of elements of a list.
        Len = "len"(list)
        /// The list of pairs (or triples) of elements at the same index; the lists must have the same length.
        Zip = "zip"(a, b, c = none)
        /// The list in reverse order.
        Reverse = "reverse"(list)
        /// A list of one value, several times.
        Repeated = "repeated"(value, count)
        /// `count` evenly spaced floats from `from` to `to`, both included.
        Linspace = "linspace"(from, to, count)
        /// The integer quotient, rounded down.
        Div = "div"(a, b)
        /// Stops the compilation with a message, as for a case that a block does not support.
        Fail = "fail"(message)
        /// The extents of a tensor, as a list.
        ShapeOf = "shape"(x)
    }

    /// A function of one number, or of each element of a tensor. After `=>` stands its operation, whose settings are floats.
    Unary(UnaryWord) is Unary {
        /// `e^x`, of a number or of each element of a tensor.
        Exp = "exp"(x) => Unary::Exp,
        /// Natural logarithm.
        Log = "log"(x) => Unary::Log,
        /// Square root.
        Sqrt = "sqrt"(x) => Unary::Sqrt,
        /// Absolute value.
        Abs = "abs"(x) => Unary::Abs,
        /// Sine of radians.
        Sin = "sin"(x) => Unary::Sin,
        /// Cosine of radians.
        Cos = "cos"(x) => Unary::Cos,
        /// Hyperbolic tangent.
        Tanh = "tanh"(x) => Unary::Tanh,
        /// `1 / (1 + e^-x)`
        Sigmoid = "sigmoid"(x) => Unary::Sigmoid,
        /// `max(x, 0)`
        Relu = "relu"(x) => Unary::Relu,
        /// `max(x, 0)`, whose gradient is cut where it is negative itself (guided backpropagation, Springenberg et al., 2015).
        GuidedRelu = "guided_relu"(x) => Unary::GuidedRelu,
        /// `x` if positive, else `slope * x`.
        LeakyRelu = "leaky_relu"(x, slope = float 0.01) => Unary::LeakyRelu(slope),
        /// `x * sigmoid(x)` (Elfwing et al., 2018).
        Silu = "silu"(x) => Unary::Silu,
        /// `x * Phi(x)`, exact (Hendrycks and Gimpel, 2016).
        Gelu = "gelu"(x) => Unary::Gelu,
        /// GELU in its tanh approximation.
        GeluTanh = "gelu_tanh"(x) => Unary::GeluTanh,
        /// `log(1 + e^x)` (Dugas et al., 2001).
        Softplus = "softplus"(x) => Unary::Softplus,
        /// The largest whole number that is not larger: an int of a number, floats of a tensor.
        Floor = "floor"(x) => Unary::Floor,
        /// The nearest whole number, of two equally near ones the even one: an int of a number, floats of a tensor.
        Round = "round"(x) => Unary::Round,
        /// 1, 0 or -1.
        Sign = "sign"(x) => Unary::Sign,
        /// Limits each element to `low..=high`.
        Clamp = "clamp"(x, low, high) => Unary::Clamp(low, high),
    }

    /// A function of two numbers, or of the elements of two tensors. After `=>` stands its operation.
    Binary(BinaryWord) is Binary {
        /// The larger of two tensors or numbers, element by element.
        Maximum = "maximum"(a, b) => Binary::Max,
        /// The smaller of two tensors or numbers, element by element.
        Minimum = "minimum"(a, b) => Binary::Min,
    }

    /// A choice between elements, or another form of them.
    Element(ElementWord) {
        /// `a` where the condition holds, else `b`.
        Where = "where"(condition, a, b)
        /// Floats from integers, truth values or numbers.
        ToFloat = "to_float"(x)
        /// Integers from floats, rounded towards zero.
        ToInt = "to_int"(x)
        /// The same numbers, through which no gradient flows back.
        StopGradient = "stop_gradient"(x)
    }

    /// A reduction of a list, or of a tensor over axes.
    Reduction(ReductionWord) {
        /// The sum of a list, or of a tensor over axes (all, if none is given).
        Sum = "sum"(x, axis = none, keep = false)
        /// The mean of a tensor over axes.
        Mean = "mean"(x, axis = none, keep = false)
        /// The largest of a list, or of a tensor over axes.
        Max = "max"(x, axis = none, keep = false)
        /// The smallest of a list, or of a tensor over axes.
        Min = "min"(x, axis = none, keep = false)
    }

    /// A tensor made of the elements of others, or of numbers.
    Layout(LayoutWord) {
        /// The same elements in another shape; one extent may be `-1`.
        Reshape = "reshape"(x, shape)
        /// Axes in another order.
        Permute = "permute"(x, order)
        /// Repeats axes of extent 1 up to a shape.
        Expand = "expand"(x, shape)
        /// Tensors one after the other along an axis.
        Concat = "concat"(list, axis = int 1)
        /// `count` tensors of equal extent along an axis.
        Split = "split"(x, count, axis = int 1)
        /// Elements `from..to` along an axis.
        Slice = "slice"(x, axis, from, to)
        /// Rows of a table (a tensor or a list of numbers) by integers.
        Gather = "gather"(table, index)
        /// Rows and columns around an image: `[left, right, top, bottom]`; mode `zero`, `reflect` or `edge`.
        Pad = "pad"(x, sides, mode = "zero")
        /// A tensor with the numbers of a list, or of one number.
        Constant = "constant"(values)
        /// A tensor of one number.
        Full = "full"(value, shape)
    }

    /// The order of numbers along an axis, neighbours among rows, and inverses.
    Order(OrderWord) {
        /// The `count` largest numbers along an axis, the largest first.
        Top = "top"(x, count, axis = int -1)
        /// The numbers along an axis in ascending order.
        Sort = "sort"(x, axis = int -1)
        /// The place of the largest number along an axis; of equal ones, the first.
        ArgMax = "argmax"(x, axis = int -1)
        /// The place of the smallest number along an axis; of equal ones, the first.
        ArgMin = "argmin"(x, axis = int -1)
        /// The number below which a share `q` of the numbers along axes lies (all axes, if none is given), by linear interpolation.
        Quantile = "quantile"(x, q, axis = none, keep = false)
        /// For each place along an axis the sum of the numbers up to it.
        CumSum = "cumsum"(x, axis = int -1)
        /// The elements at the places `index` along an axis, as torch's `take_along_dim`.
        Take = "take"(x, index, axis = int -1)
        /// `count` of the rows `[N, C]` that stand for all: each lies farthest from those before it, the first is drawn at random. Distances are taken after a random projection to `project` numbers, and of more than `at_most` rows a random choice is kept.
        Coreset = "coreset"(rows, count, project = none, at_most = int 100_000)
        /// The distances of each row of `x: [.., C]` from the `count` nearest of `rows: [M, C]`, ascending: `[.., count]`.
        Nearest = "nearest"(x, rows, count = int 1)
        /// Which of `rows: [M, C]` are the `count` nearest to each row of `x: [.., C]`, the nearest first: `int[.., count]`.
        NearestIndex = "nearest_index"(x, rows, count = int 1)
        /// The inverse of each matrix of `[.., n, n]`.
        Inverse = "inverse"(x)
        /// The identity matrix with so many rows.
        Eye = "eye"(size)
    }

    /// A function of whole tensors that has no weights.
    Tensor(TensorWord) {
        /// `e^x / sum(e^x)` along an axis.
        Softmax = "softmax"(x, axis = int -1)
        /// Matrix product, batched over leading axes.
        MatMul = "matmul"(a, b)
        /// `softmax(q k^T * scale) v` for `[B, heads, n, d]`; the scale is `1/sqrt(d)` unless given. Which keys a query sees: the earlier ones with `causal`, or those that `mask: bool[n, m]` says.
        Attention = "attention"(q, k, v, scale = none, causal = false, mask = none)
        /// Average over windows.
        AvgPool = "avg_pool"(x, window, stride = none, padding = int 0)
        /// Maximum over windows.
        MaxPool = "max_pool"(x, window, stride = none, padding = int 0)
        /// Means over windows that cover the image evenly, as many as a size says (a number, `[h, w]`).
        AdaptiveAvgPool = "adaptive_avg_pool"(x, size)
        /// The image at another size (a number, `[h, w]`); mode `bilinear`, `bicubic` or `nearest`.
        Resize = "resize"(x, size, mode = "bilinear", align_corners = false)
        /// Gaussian blur as `scipy.ndimage.gaussian_filter`.
        GaussianBlur = "gaussian_blur"(x, sigma, truncate = float 4.0)
        /// The gradient of `sum(y)` by a tensor that `y` is made of, or by a weight, which is named as in a checkpoint: `gradient(loss, "decoder.out.weight")`. In the shape of `x`; it can be differentiated again.
        Gradient = "gradient"(y, x)
        /// Instance normalisation, without weights.
        InstanceNorm = "instance_norm"(x, epsilon = float 1e-5)
    }

    /// A layer: a function of tensors with weights of its own.
    Layer(LayerWord) {
        /// A trained tensor of a shape. It is a weight and needs a place: `weight([8]) @ "scale"`.
        Weight = "weight"(shape, init = none)
        /// A tensor that a `fit` computes from the training images, and that the checkpoint keeps: `stored([8]) @ "mean"`. It has no first value and no gradient.
        Stored = "stored"(shape)
        /// A tensor that is drawn once, is never trained, and that the checkpoint keeps: `fixed([8, 8], init: normal(0.1)) @ "projection"`.
        Fixed = "fixed"(shape, init = none)
        /// Convolution. Weights `weight: [out, in/groups, k, k]` and `bias: [out]`. Without `padding` it pads so that the size stays the same at stride 1.
        Conv = "conv"(x, kernel, out = none, stride = int 1, padding = none, dilation = int 1, groups = int 1, bias = true, init = none, bias_init = none)
        /// Transposed convolution. Weights `weight: [in, out/groups, k, k]` and `bias: [out]`.
        ConvTranspose = "conv_transpose"(x, kernel, out = none, stride = int 1, padding = int 0, output_padding = int 0, dilation = int 1, groups = int 1, bias = true, init = none, bias_init = none)
        /// `x weight^T + bias` along the last axis. Weights `weight: [out, in]` and `bias: [out]`.
        Linear = "linear"(x, out, bias = true, init = none, bias_init = none)
        /// Rows of a trained table by integers. Weight `weight: [count, width]`.
        Embedding = "embedding"(x, count, width, init = none)
        /// Group normalisation. Weights `weight: [C]` and `bias: [C]`.
        GroupNorm = "group_norm"(x, groups, epsilon = float 1e-5, init = none, bias_init = none)
        /// Layer normalisation along the last axis. Weights `weight: [C]` and `bias: [C]`.
        LayerNorm = "layer_norm"(x, epsilon = float 1e-5, init = none, bias_init = none)
        /// Batch normalisation. Weights `weight`, `bias`, and `running_mean`, `running_var`, which are updated where the part is trained, at each call once more, and used where it is not.
        BatchNorm = "batch_norm"(x, epsilon = float 1e-5, momentum = float 0.1, init = none, bias_init = none)
    }

    /// What draws random numbers.
    Random(RandomWord) {
        /// Sets elements to zero with probability `p` and scales the others; only in an objective that trains the part.
        Dropout = "dropout"(x, p)
        /// Normal random numbers, in the shape of a tensor or in a given one.
        RandomNormal = "random_normal"(like = none, shape = none)
        /// Uniform random numbers in `0..1`.
        RandomUniform = "random_uniform"(like = none, shape = none)
        /// Random integers in `low..high`: one for each sample of the batch, or in a shape.
        RandomInt = "random_int"(low, high, shape = none)
    }

    /// A rule for the first values of a weight.
    Initial(InitialWord) {
        /// Initial value: all zero.
        Zeros = "zeros"()
        /// Initial value: all one.
        Ones = "ones"()
        /// Initial value: normal with a standard deviation.
        Normal = "normal"(std, mean = float 0.0)
        /// Initial value: normal, drawn again where it does not lie in `low..=high`, as torch's `trunc_normal_`.
        TruncatedNormal = "truncated_normal"(std, mean = float 0.0, low = float -2.0, high = float 2.0)
        /// Initial value: uniform in `-bound..bound`, or in `bound..to`.
        Uniform = "uniform"(bound, to = none)
        /// Initial value: uniform with variance `1 / (3 fan)`, the default of torch's layers; `fan` is "in" or "out".
        KaimingUniform = "kaiming_uniform"(fan = "in")
        /// Initial value: normal with variance `2 / fan` (He et al., 2015); `fan` is "in" or "out".
        KaimingNormal = "kaiming_normal"(fan = "in")
        /// Initial value: uniform with variance `2 / (fan_in + fan_out)` (Glorot and Bengio, 2010).
        XavierUniform = "xavier_uniform"()
        /// Initial value: rows (or columns, if there are more rows) that are orthogonal and of length 1, as torch's `orthogonal_`.
        Orthogonal = "orthogonal"()
        /// Initial value of `[n, m]`: in each row a 1 in another column, drawn at random, and zeros.
        Permutation = "permutation"()
        /// Initial value of `[n]`: `n` different ones of the integers from 0 to below `of`, drawn at random.
        Choice = "choice"(of)
    }

    /// An optimiser, a learning-rate schedule, or a choice of weights.
    Training(TrainingWord) {
        /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as torch's `AdamW`.
        AdamW = "adamw"(lr, beta1 = float 0.9, beta2 = float 0.999, epsilon = float 1e-8, weight_decay = float 0.01, amsgrad = false)
        /// Adam (Kingma and Ba, 2015), as torch's `Adam`: weight decay is added to the gradient. With `amsgrad` the means of squares never fall (Reddi et al., 2018).
        Adam = "adam"(lr, beta1 = float 0.9, beta2 = float 0.999, epsilon = float 1e-8, weight_decay = float 0.0, amsgrad = false)
        /// Stochastic gradient descent with momentum, as torch's `SGD`.
        Sgd = "sgd"(lr, momentum = float 0.0, weight_decay = float 0.0, nesterov = false)
        /// Learning rate: rises over `warmup` steps (a share of all if below 1), then falls to `end` times its value along half a cosine.
        CosineSchedule = "cosine_schedule"(warmup = int 0, end = float 0.0)
        /// Learning rate: rises over `warmup` steps (a share of all if below 1), then stays.
        ConstantSchedule = "constant_schedule"(warmup = int 0)
        /// Learning rate: rises over `warmup` steps, then is multiplied by `factor` at each step, or share of all steps, in the list `at`.
        StepSchedule = "step_schedule"(at, factor = float 0.1, warmup = int 0)
        /// For `keep`: the weights for which a function from images to a number for each is lowest, on average over the held-out training images. It is evaluated after each epoch, or `every` so many steps; the training ends early when `patience` evaluations in a row were no better.
        Best = "best"(of, every = none, patience = none)
    }
}
