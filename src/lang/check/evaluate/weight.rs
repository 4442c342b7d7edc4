//! Declares the weights of layers, and settles their initial values.

use std::sync::Arc;

use diadc_core::fact::{Fact, Shape};
use diadc_core::op::Op;

use crate::diagnostic::{Code, Diagnostic};
use crate::program::{Init, Weight};
use crate::resolve::builtin::Builtin;

use super::argument::Arguments;
use super::builtin::defaults;
use super::site::CallSite;
use crate::check::build::Declared;
use crate::check::report::Outcome;
use crate::check::value::environment::{Environment, join};
use crate::check::value::{Fan, InitRule, Tensor, Value};
use crate::check::{Expander, error};

/// A weight that a layer asks for.
pub(crate) struct Wanted<'a> {
    pub(crate) path: &'a Arc<str>,
    pub(crate) dims: &'a [i64],
    pub(crate) init: InitRule,
    pub(crate) is_statistic: bool,
}

impl Expander<'_> {
    /// The rule for initial values in an argument such as `init`, if there is one.
    pub(crate) fn init_argument(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<Option<InitRule>> {
        let (value, span) = arguments.get(name);
        let Some(value) = value.present() else { return Ok(None) };
        if let Value::Init(rule) = value {
            return Ok(Some(rule.clone()));
        }
        if let Value::Builtin(builtin @ Builtin::Initial(word)) = value
            && let Some(values) = defaults(*builtin, span)
        {
            let site = CallSite { callee: builtin.word(), span, ..arguments.site };
            return self.initial(*word, &Arguments { site, values }).map(Some);
        }
        let kind = value.kind(self.spec);
        let what = format!("`{name}` of `{}`", arguments.site.callee);
        let help = "as in `init: zeros` or `init: normal(0.02)`";
        Err(self.report(error::wrong_type(&what, "an initial value", &kind, span).help(help)))
    }

    /// Declares a weight, or finds it if an earlier call of the same part declared it.
    pub(crate) fn weight(&mut self, site: &CallSite<'_>, wanted: Wanted<'_>) -> Outcome<Tensor> {
        let (key, span) = (wanted.path, site.span);
        let shape: Vec<usize> = wanted.dims.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
        let too_many = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).is_none_or(|n| n > 1 << 40);
        if too_many {
            let text = format!("the weight `{key}` would have more than 2^40 elements");
            return Err(self.report(Diagnostic::new(Code::WeightTooLarge, text, span).here(format!("{shape:?}"))));
        }
        let room = match wanted.init {
            InitRule::Is(Init::Orthogonal) => wanted.dims.len() >= 2,
            InitRule::Is(Init::Permutation) => matches!(wanted.dims, [rows, columns] if rows <= columns),
            InitRule::Is(Init::Choice { of }) => matches!(shape.as_slice(), [n] if *n <= of),
            InitRule::Is(_) | InitRule::KaimingUniform(_) | InitRule::KaimingNormal(_) | InitRule::XavierUniform => {
                true
            }
        };
        if !room {
            let text = format!("{} does not take the initial value that it is given", Shape::of(wanted.dims));
            let help = "`orthogonal` needs two axes or more, `permutation` a shape `[n, m]` with n <= m, `choice(of: m)` a shape `[n]`";
            return Err(self.report(Diagnostic::new(Code::ShapeMismatch, text, span).help(help)));
        }
        if let Some(known) = self.builder.weights.get(key) {
            let known = &known.weight;
            if known.span != span {
                let first = known.span;
                return Err(self.report(error::weight_twice(key, span, first)));
            }
            if known.shape != shape {
                let (now, before) = (format!("{shape:?}"), format!("{:?}", known.shape));
                return Err(self.report(error::weight_of_two_shapes(key, &now, &before, span)));
            }
        } else {
            let init = match self.original(site.env, key) {
                Some(original) => Init::CopyOf(original),
                None => settle(&wanted.init, wanted.dims),
            };
            let weight = Weight { path: key.to_string(), shape, init, is_statistic: wanted.is_statistic, span };
            self.builder.weights.insert(key.clone(), Declared { weight, owner: site.env.owner() });
        }
        let op = Op::Weight { id: self.builder.weight_id(key), fact: Fact::float(Shape::of(wanted.dims)) };
        Ok(self.builder.sure(op, &[], site.origin()))
    }

    /// The weight that a weight of a copy starts from.
    fn original(&self, env: &Environment, path: &str) -> Option<String> {
        let mut at = env.owner();
        while let Some(id) = at {
            let instance = &self.instances[id];
            if let Some(of) = instance.copy_of {
                let rest = path.strip_prefix(&*instance.prefix)?.trim_start_matches('.');
                return Some(join(&self.instances[of].prefix, rest).to_string());
            }
            at = instance.owner;
        }
        None
    }
}

/// The initial values for a shape, with fan-in and fan-out as PyTorch defines them.
fn settle(rule: &InitRule, dims: &[i64]) -> Init {
    let field: f64 = dims.iter().skip(2).map(|&n| n as f64).product();
    let fan_in = dims.get(1).map_or(1.0, |&n| n as f64) * field;
    let fan_out = dims.first().map_or(1.0, |&n| n as f64) * field;
    let of = |fan: &Fan| match fan {
        Fan::In => fan_in,
        Fan::Out => fan_out,
    };
    let within = |bound: f64| Init::Uniform { low: -bound, high: bound };
    match rule {
        InitRule::Is(init) => init.clone(),
        InitRule::KaimingUniform(fan) => within((1.0 / of(fan)).sqrt()),
        InitRule::KaimingNormal(fan) => Init::Normal { mean: 0.0, std: (2.0 / of(fan)).sqrt() },
        InitRule::XavierUniform => within((6.0 / (fan_in + fan_out)).sqrt()),
    }
}
