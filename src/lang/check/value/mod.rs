//! The values of expressions while a spec is expanded: compile-time values, and tensors of the graph.

pub(crate) mod environment;

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use diadc_core::fact::{DType, Dim, Fact};
use diadc_core::graph::ValueId;
use diadc_core::span::Span;

use crate::parse::ast::{FnDef, Lambda};
use crate::program::{Init, Optimizer, Schedule};
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::{BlockId, EnumId, ModuleId, Spec};

use self::environment::Environment;

/// The most elements that a list may have.
pub(crate) const LONGEST: i64 = 1_000_000;

/// The number of an instance of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct InstanceId(usize);

impl InstanceId {
    /// The instance of the model itself.
    pub(crate) const MODEL: InstanceId = InstanceId(0);
}

/// A tensor, and the depth of the graph that made it: 0 is the function, 1 the body of a loop in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) depth: usize,
    pub(crate) id: ValueId,
    pub(crate) fact: Rc<Fact>,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A value that is missing because of a reported mistake; what uses it reports nothing more.
    Poison,
    None,
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(Arc<str>),
    /// An extent that is known only when the graph runs.
    Dim(Dim),
    Case(EnumId, usize),
    List(Rc<Vec<Value>>),
    Set(Rc<Vec<Value>>),
    Tuple(Rc<Vec<Value>>),
    Record(Rc<IndexMap<Arc<str>, Value>>),
    /// The ints from the first up to the second, which is not included.
    Range(i64, i64),
    /// The floats from the first to the second, both included.
    Between(f64, f64),
    Tensor(Tensor),
    Closure(Rc<Closure>),
    Function(ModuleId, Arc<FnDef>),
    Method(InstanceId, ModuleId, Arc<FnDef>),
    Block(BlockId),
    Instance(InstanceId),
    Builtin(Builtin),
    /// A built-in function with all arguments except its tensor.
    Partial(Rc<Partial>),
    Init(InitRule),
    Optimizer(Optimizer),
    Schedule(Rc<Schedule>),
    /// Which weights of a training are the best.
    Choice(Rc<Choice>),
}

/// `best(of: ..)`: which weights of a training are the best.
#[derive(Debug)]
pub(crate) struct Choice {
    /// A function from images to a number for each.
    pub(crate) of: Value,
    pub(crate) every: Option<usize>,
    pub(crate) patience: Option<usize>,
}

/// Whose number a variance is divided by: the inputs of an output, or the outputs of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fan {
    In,
    Out,
}

/// A rule for the initial values of a weight whose shape is not known yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum InitRule {
    Is(Init),
    KaimingUniform(Fan),
    KaimingNormal(Fan),
    XavierUniform,
}

/// `|x| ..` with its environment.
#[derive(Debug)]
pub(crate) struct Closure {
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) environment: Environment,
    pub(crate) span: Span,
}

/// A built-in function with all arguments but its tensor.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) builtin: Builtin,
    pub(crate) arguments: Vec<Given>,
    pub(crate) place: Option<WeightPlace>,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) name: Option<(Arc<str>, Span)>,
    pub(crate) value: Value,
    pub(crate) span: Span,
}

/// A place for weights in a checkpoint, relative to the prefix, and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct WeightPlace {
    pub(crate) path: Arc<str>,
    pub(crate) span: Span,
}

impl Value {
    pub(crate) fn list(items: Vec<Value>) -> Value {
        Value::List(Rc::new(items))
    }

    pub(crate) fn is_poison(&self) -> bool {
        matches!(self, Value::Poison)
    }

    /// Whether it is missing because of a reported mistake, or something in it is.
    pub(crate) fn holds_poison(&self) -> bool {
        self.is_poison() || self.inner().any(Value::holds_poison)
    }

    /// The elements, if it is a list, a tuple, a set or a range that is not too long.
    pub(crate) fn elements(&self) -> Option<Vec<Value>> {
        if let Value::List(items) | Value::Set(items) | Value::Tuple(items) = self {
            return Some(items.to_vec());
        }
        let Value::Range(low, high) = self else { return None };
        (high.saturating_sub(*low) <= LONGEST).then(|| (*low..*high).map(Value::Int).collect())
    }

    /// The values in a list, a set, a tuple or a record; none in anything else.
    pub(crate) fn inner(&self) -> impl Iterator<Item = &Value> {
        let items = if let Value::List(items) | Value::Set(items) | Value::Tuple(items) = self {
            items.as_slice()
        } else {
            &[]
        };
        let entries = if let Value::Record(entries) = self { Some(entries.values()) } else { None };
        items.iter().chain(entries.into_iter().flatten())
    }

    /// The value, unless it is `none`.
    pub(crate) fn present(&self) -> Option<&Value> {
        if let Value::None = self { None } else { Some(self) }
    }

    /// The int, if it is one.
    pub(crate) fn int(&self) -> Option<i64> {
        if let Value::Int(n) = self { Some(*n) } else { None }
    }

    /// The number, if it is one.
    pub(crate) fn number(&self) -> Option<f64> {
        if let Value::Float(x) = self { Some(*x) } else { self.int().map(|n| n as f64) }
    }

    /// The extent, if it is one.
    pub(crate) fn dim(&self) -> Option<Dim> {
        if let Value::Dim(dim) = self { Some(dim.clone()) } else { self.int().map(Dim::from) }
    }

    /// An extent as a value: a number if it is known.
    pub(crate) fn of_dim(dim: &Dim) -> Value {
        dim.known().map_or_else(|| Value::Dim(dim.clone()), Value::Int)
    }

    /// The number of values in it, itself and those in nested lists included. Counting stops soon after `most`.
    pub(crate) fn count(&self, most: usize) -> usize {
        let mut count = 1;
        let mut items = self.inner();
        while let Some(item) = items.next().filter(|_| count <= most) {
            count += item.count(most - count);
        }
        count
    }

    /// Whether a tensor is in it.
    pub(crate) fn holds_tensor(&self) -> bool {
        let may_be_one = matches!(self, Value::Tensor(_) | Value::Closure(_) | Value::Partial(_));
        may_be_one || self.inner().any(Value::holds_tensor)
    }

    /// Whether two compile-time values are equal; `None` if they can't be compared.
    pub(crate) fn equals(&self, other: &Value) -> Option<bool> {
        Some(match (self, other) {
            (Value::Tensor(_), Value::None) | (Value::None, Value::Tensor(_)) => false,
            (Value::Poison | Value::Tensor(_) | Value::Closure(_) | Value::Partial(_), _)
            | (_, Value::Poison | Value::Tensor(_) | Value::Closure(_) | Value::Partial(_)) => return None,
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Case(a, i), Value::Case(b, j)) if a == b => i == j,
            (Value::None, Value::None) => true,
            (Value::None, _) | (_, Value::None) => false,
            (Value::Instance(a), Value::Instance(b)) => a == b,
            (Value::Dim(a), Value::Dim(b)) if a == b => true,
            (Value::Set(a), Value::Set(b)) => {
                // Both are looked at to the end, so that what can't be compared is found.
                let (first, second) = (other.holds_all(a)?, self.holds_all(b)?);
                first && second
            }
            (Value::Record(a), Value::Record(b)) => {
                let mut equal = a.len() == b.len();
                for (name, x) in a.iter() {
                    equal &= b.get(name).map_or(Some(false), |y| x.equals(y))?;
                }
                equal
            }
            (a, b) => {
                if let (Some(x), Some(y)) = (a.number(), b.number()) {
                    return Some(x == y);
                }
                let (x, y) = (a.elements()?, b.elements()?);
                let mut equal = x.len() == y.len();
                for (x, y) in x.iter().zip(&y) {
                    equal &= x.equals(y)?;
                }
                equal
            }
        })
    }

    /// Whether it is equal to one of these values; `None` if it can't be compared with one of them.
    pub(crate) fn is_among(&self, items: &[Value]) -> Option<bool> {
        items.iter().try_fold(false, |found, item| Some(self.equals(item)? || found))
    }

    /// Whether each of these values is an element of this set.
    fn holds_all(&self, items: &[Value]) -> Option<bool> {
        let own = self.elements()?;
        items.iter().try_fold(true, |all, item| Some(item.is_among(&own)? && all))
    }

    /// The name of its kind, with an article.
    pub(crate) fn sort(&self, spec: &Spec) -> String {
        match self {
            Value::Int(_) => "an int".into(),
            Value::Float(_) => "a float".into(),
            Value::Bool(_) => "a bool".into(),
            Value::Str(_) => "a string".into(),
            Value::Case(id, _) => format!("a case of `{}`", spec.enumeration(*id).name.node),
            Value::List(_) => "a list".into(),
            Value::Tuple(_) => "a tuple".into(),
            Value::Poison
            | Value::None
            | Value::Dim(_)
            | Value::Set(_)
            | Value::Record(_)
            | Value::Range(..)
            | Value::Between(..)
            | Value::Tensor(_)
            | Value::Closure(_)
            | Value::Function(..)
            | Value::Method(..)
            | Value::Block(_)
            | Value::Instance(_)
            | Value::Builtin(_)
            | Value::Partial(_)
            | Value::Init(_)
            | Value::Optimizer(_)
            | Value::Schedule(_)
            | Value::Choice(_) => self.kind(spec),
        }
    }

    /// What it is, in words with an article.
    pub(crate) fn kind(&self, spec: &Spec) -> String {
        match self {
            Value::Poison => "a mistake".into(),
            Value::None => "`none`".into(),
            Value::Int(n) => format!("the int {n}"),
            Value::Float(x) => format!("the float {x:?}"),
            Value::Bool(b) => format!("`{b}`"),
            Value::Str(text) if text.chars().count() > 30 => "a string".into(),
            Value::Str(text) => format!("the string \"{text}\""),
            Value::Dim(dim) => format!("the extent `{dim}`"),
            Value::Case(id, case) => {
                let owner = spec.enumeration(*id);
                format!("`{}` of enum `{}`", owner.cases[*case].node, owner.name.node)
            }
            Value::List(items) => format!("a list of {}", items.len()),
            Value::Set(_) => "a set".into(),
            Value::Tuple(items) => format!("a tuple of {}", items.len()),
            Value::Record(_) => "a record".into(),
            Value::Range(low, high) if high.saturating_sub(*low) > LONGEST => {
                format!("a range of {} numbers, which is more than {LONGEST}", high.saturating_sub(*low))
            }
            Value::Range(..) => "a range".into(),
            Value::Between(..) => "a range of floats".into(),
            Value::Tensor(Tensor { fact, .. }) if fact.shape.rank() == 0 => match fact.dtype {
                DType::Float => "a tensor of a single number".into(),
                DType::Int | DType::Bool => format!("a tensor of a single {}", fact.dtype),
            },
            Value::Tensor(tensor) => format!("a tensor {}", tensor.fact),
            Value::Closure(_) | Value::Function(..) | Value::Method(..) | Value::Builtin(_) => "a function".into(),
            Value::Partial(partial) => format!("`{}` without its tensor", partial.builtin.word()),
            Value::Block(id) => format!("the block `{}` itself", spec.block(*id).name.node),
            Value::Instance(_) => "a part".into(),
            Value::Init(_) => "an initial value".into(),
            Value::Optimizer(_) => "an optimizer".into(),
            Value::Schedule(_) => "a schedule".into(),
            Value::Choice(_) => "a choice of weights".into(),
        }
    }

    /// The value as a spec would write it, for reports and messages.
    pub(crate) fn shown(&self, spec: &Spec) -> String {
        let join = |items: &[Value]| items.iter().map(|item| item.shown(spec)).collect::<Vec<_>>().join(", ");
        match self {
            Value::Int(n) => n.to_string(),
            Value::Float(x) => format!("{x:?}"),
            Value::Bool(b) => b.to_string(),
            Value::Str(s) => format!("\"{s}\""),
            Value::None => "none".into(),
            Value::Dim(dim) => dim.to_string(),
            Value::Case(id, case) => spec.enumeration(*id).cases[*case].node.to_string(),
            Value::List(items) => format!("[{}]", join(items)),
            Value::Set(items) => format!("{{{}}}", join(items)),
            Value::Tuple(items) => format!("({})", join(items)),
            Value::Range(low, high) if low == high => format!("{low}..{high}"),
            Value::Range(low, high) => format!("{low}..={}", high.saturating_sub(1)),
            Value::Between(low, high) => format!("{low:?}..={high:?}"),
            Value::Poison
            | Value::Record(_)
            | Value::Tensor(_)
            | Value::Closure(_)
            | Value::Function(..)
            | Value::Method(..)
            | Value::Block(_)
            | Value::Instance(_)
            | Value::Builtin(_)
            | Value::Partial(_)
            | Value::Init(_)
            | Value::Optimizer(_)
            | Value::Schedule(_)
            | Value::Choice(_) => self.kind(spec),
        }
    }
}
