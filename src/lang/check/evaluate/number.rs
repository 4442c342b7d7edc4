//! Built-in functions of numbers, lists and other compile-time values.

use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic};
use crate::program::{Decay, Init, Optimizer, Point, Schedule};
use crate::resolve::builtin::{CompileTimeWord, InitialWord, TrainingWord};

use super::argument::{Arguments, as_int};
use crate::check::report::Outcome;
use crate::check::value::{Choice, Fan, InitRule, LONGEST, Value};
use crate::check::{Expander, error};

impl Expander<'_> {
    pub(crate) fn compile_time(&mut self, word: CompileTimeWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        match word {
            CompileTimeWord::Len => {
                let items = self.list_argument(arguments, "list")?;
                Ok(Value::Int(as_int(items.len())))
            }
            CompileTimeWord::Zip => self.zip(arguments),
            CompileTimeWord::Reverse => {
                let mut items = self.list_argument(arguments, "list")?;
                items.reverse();
                Ok(Value::list(items))
            }
            CompileTimeWord::Repeated => {
                let count = self.int_argument(arguments, "count", 0)?;
                self.short(count, arguments)?;
                let values = (0..count).map(|_| arguments.get("value").0.clone());
                self.bounded(Value::list(values.collect()), arguments.site.span)
            }
            CompileTimeWord::Linspace => {
                let (from, to) = (self.float_argument(arguments, "from")?, self.float_argument(arguments, "to")?);
                let count = self.int_argument(arguments, "count", 1)?;
                self.short(count, arguments)?;
                self.finite(to - from, &format!("{from} and {to}"), arguments)?;
                let at = |i: i64| {
                    let step = (to - from) / (count - 1).max(1) as f64;
                    if i + 1 == count && count > 1 { to } else { from + step * i as f64 }
                };
                Ok(Value::list((0..count).map(|i| Value::Float(at(i))).collect()))
            }
            CompileTimeWord::Div => {
                let b = self.int_argument(arguments, "b", 1)?;
                if let Value::Dim(extent) = arguments.get("a").0 {
                    return Ok(Value::of_dim(&extent.divided_floor(b)));
                }
                let a = self.int_argument(arguments, "a", i64::MIN)?;
                Ok(Value::Int(a.div_euclid(b)))
            }
            CompileTimeWord::Fail => {
                let (message, _) = arguments.get("message");
                let text = if let Value::Str(text) = message { text.to_string() } else { message.shown(self.spec) };
                Err(self.report(Diagnostic::new(Code::Refused, text, arguments.site.span)))
            }
            CompileTimeWord::ShapeOf => {
                let x = self.tensor_argument(arguments, "x")?;
                Ok(Value::list(x.fact.shape.0.iter().map(Value::of_dim).collect()))
            }
        }
    }

    fn short(&mut self, count: i64, arguments: &Arguments<'_>) -> Outcome<()> {
        if count <= LONGEST {
            return Ok(());
        }
        Err(self.report(error::list_too_long(count, LONGEST, arguments.site.span)))
    }

    fn zip(&mut self, arguments: &Arguments<'_>) -> Outcome<Value> {
        let mut lists = vec![self.list_argument(arguments, "a")?, self.list_argument(arguments, "b")?];
        if !arguments.is_none("c") {
            lists.push(self.list_argument(arguments, "c")?);
        }
        let lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
        if lengths.iter().any(|&length| length != lengths[0]) {
            let text = format!("the lists of `zip` have different lengths: {lengths:?}");
            return Err(self.report(Diagnostic::new(Code::UnequalLengths, text, arguments.site.span)));
        }
        let tuples =
            (0..lengths[0]).map(|i| Value::Tuple(Rc::new(lists.iter().map(|items| items[i].clone()).collect())));
        Ok(Value::list(tuples.collect()))
    }

    pub(crate) fn initial(&mut self, word: InitialWord, arguments: &Arguments<'_>) -> Outcome<InitRule> {
        Ok(match word {
            InitialWord::Zeros => InitRule::Is(Init::Constant(0.0)),
            InitialWord::Ones => InitRule::Is(Init::Constant(1.0)),
            InitialWord::Normal => InitRule::Is(Init::Normal {
                mean: self.float_argument(arguments, "mean")?,
                std: self.float_argument(arguments, "std")?,
            }),
            InitialWord::TruncatedNormal => InitRule::Is(self.truncated_normal(arguments)?),
            InitialWord::Uniform => InitRule::Is(self.uniform(arguments)?),
            InitialWord::KaimingUniform => InitRule::KaimingUniform(self.fan(arguments)?),
            InitialWord::KaimingNormal => InitRule::KaimingNormal(self.fan(arguments)?),
            InitialWord::XavierUniform => InitRule::XavierUniform,
            InitialWord::Orthogonal => InitRule::Is(Init::Orthogonal),
            InitialWord::Permutation => InitRule::Is(Init::Permutation),
            InitialWord::Choice => InitRule::Is(Init::Choice { of: self.size_argument(arguments, "of", 1)? }),
        })
    }

    fn truncated_normal(&mut self, arguments: &Arguments<'_>) -> Outcome<Init> {
        let mut number = |name: &str| self.float_argument(arguments, name);
        let (mean, std, low, high) = (number("mean")?, number("std")?, number("low")?, number("high")?);
        // Otherwise hardly any number that is drawn would lie there.
        if low < high && (low..=high).contains(&mean) {
            return Ok(Init::TruncatedNormal { mean, std, low, high });
        }
        Err(self.refuse_argument(arguments, "high", "above `low`, with the mean between them"))
    }

    fn uniform(&mut self, arguments: &Arguments<'_>) -> Outcome<Init> {
        let bound = self.float_argument(arguments, "bound")?;
        if arguments.is_none("to") {
            return Ok(Init::Uniform { low: -bound, high: bound });
        }
        let high = self.float_argument(arguments, "to")?;
        if bound < high {
            return Ok(Init::Uniform { low: bound, high });
        }
        Err(self.refuse_argument(arguments, "to", &format!("above {bound}")))
    }

    fn fan(&mut self, arguments: &Arguments<'_>) -> Outcome<Fan> {
        Ok(if &*self.word_argument(arguments, "fan", &["in", "out"])? == "in" { Fan::In } else { Fan::Out })
    }

    pub(crate) fn training_rule(&mut self, word: TrainingWord, arguments: &Arguments<'_>) -> Outcome<Value> {
        Ok(match word {
            TrainingWord::AdamW => {
                let [lr, beta1, beta2, epsilon] = self.adam(arguments)?;
                let decay = Decay::OfWeight(self.fraction(arguments, "weight_decay", f64::MAX)?);
                let amsgrad = self.bool_argument(arguments, "amsgrad")?;
                Value::Optimizer(Optimizer::Adam { lr, beta1, beta2, epsilon, decay, amsgrad })
            }
            TrainingWord::Adam => {
                let [lr, beta1, beta2, epsilon] = self.adam(arguments)?;
                let decay = Decay::OfGradient(self.fraction(arguments, "weight_decay", f64::MAX)?);
                let amsgrad = self.bool_argument(arguments, "amsgrad")?;
                Value::Optimizer(Optimizer::Adam { lr, beta1, beta2, epsilon, decay, amsgrad })
            }
            TrainingWord::Sgd => {
                let momentum = self.fraction(arguments, "momentum", 1.0)?;
                let nesterov = self.bool_argument(arguments, "nesterov")?;
                if nesterov && momentum == 0.0 {
                    return Err(self.refuse_argument(arguments, "nesterov", "`false` without a `momentum`"));
                }
                let lr = self.fraction(arguments, "lr", f64::MAX)?;
                let weight_decay = self.fraction(arguments, "weight_decay", f64::MAX)?;
                Value::Optimizer(Optimizer::Sgd { lr, momentum, weight_decay, nesterov })
            }
            TrainingWord::CosineSchedule => Value::Schedule(Rc::new(Schedule::Cosine {
                warmup: self.point_argument(arguments, "warmup")?,
                end: self.fraction(arguments, "end", f64::MAX)?,
            })),
            TrainingWord::ConstantSchedule => {
                Value::Schedule(Rc::new(Schedule::Constant { warmup: self.point_argument(arguments, "warmup")? }))
            }
            TrainingWord::StepSchedule => {
                let warmup = self.point_argument(arguments, "warmup")?;
                let points: Vec<Option<Point>> = self.list_argument(arguments, "at")?.iter().map(point).collect();
                let Some(at) = points.into_iter().collect::<Option<Vec<Point>>>() else {
                    let wanted = "a list of steps, or of shares of the training, as in `[0.8, 0.9]`";
                    return Err(self.refuse_argument(arguments, "at", wanted));
                };
                let factor = self.fraction(arguments, "factor", f64::MAX)?;
                Value::Schedule(Rc::new(Schedule::Steps { warmup, at, factor }))
            }
            TrainingWord::Best => {
                let mut count = |name: &str| {
                    if arguments.is_none(name) { Ok(None) } else { self.size_argument(arguments, name, 1).map(Some) }
                };
                let (every, patience) = (count("every")?, count("patience")?);
                Value::Choice(Rc::new(Choice { of: arguments.get("of").0.clone(), every, patience }))
            }
        })
    }

    /// A number of steps, or a share of a training.
    fn point_argument(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<Point> {
        let wanted = "steps, as in `100`, or a share of the training, as in `0.1`";
        point(arguments.get(name).0).ok_or_else(|| self.refuse_argument(arguments, name, wanted))
    }

    /// The settings of Adam, with and without weight decay: `lr`, `beta1`, `beta2` and `epsilon`.
    fn adam(&mut self, arguments: &Arguments<'_>) -> Outcome<[f64; 4]> {
        Ok([
            self.fraction(arguments, "lr", f64::MAX)?,
            self.fraction(arguments, "beta1", 1.0)?,
            self.fraction(arguments, "beta2", 1.0)?,
            self.fraction(arguments, "epsilon", f64::MAX)?,
        ])
    }

    /// A number of at least 0 and less than `limit`.
    fn fraction(&mut self, arguments: &Arguments<'_>, name: &str, limit: f64) -> Outcome<f64> {
        let x = self.float_argument(arguments, name)?;
        if x >= 0.0 && x < limit {
            return Ok(x);
        }
        let range =
            if limit == f64::MAX { "at least 0".to_owned() } else { format!("at least 0 and less than {limit}") };
        let text = format!("`{name}` of `{}` must be {range}, this is {x}", arguments.site.callee);
        Err(self.report(Diagnostic::new(Code::TooSmall, text, arguments.get(name).1)))
    }
}

/// An int as a number of steps, a float below 1 as a share of all.
fn point(value: &Value) -> Option<Point> {
    if let Value::Float(share) = value {
        return Some(Point::Share(*share)).filter(|_| (0.0..1.0).contains(share));
    }
    value.int().and_then(|steps| usize::try_from(steps).ok()).map(Point::Step)
}
