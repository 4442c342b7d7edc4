//! Brings the arguments of a call to the parameters that they are for.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};

use super::value::{Given, Value};
use super::{Checker, error};

/// The name of a parameter, and whether a call may leave it out.
pub(super) struct Slot<'a> {
    pub(super) name: &'a str,
    pub(super) optional: bool,
}

impl Checker<'_> {
    /// The argument of each parameter; none for those that are left out. No result if a mistake was reported.
    pub(super) fn bind(
        &mut self,
        callee: &str,
        slots: &[Slot<'_>],
        given: Vec<Given>,
        span: Span,
    ) -> Option<Vec<Option<Given>>> {
        let mut bound: Vec<Option<Given>> = slots.iter().map(|_| None).collect();
        let mut fine = self.in_order(callee, &given);
        if !fine {
            return None;
        }
        let mut next = 0;
        for argument in given {
            fine &= !argument.value.is_poison();
            let at = match &argument.name {
                None => {
                    next += 1;
                    next - 1
                }
                Some((name, at)) => match slots.iter().position(|slot| slot.name == &**name) {
                    Some(index) => index,
                    None => {
                        self.report(error::unknown_argument(name, callee, slots.iter().map(|slot| slot.name), *at));
                        fine = false;
                        continue;
                    }
                },
            };
            match bound.get_mut(at) {
                None => {
                    self.report(error::too_many_arguments(callee, slots.len(), argument.span));
                    fine = false;
                }
                Some(Some(_)) => {
                    self.report(error::argument_twice(slots[at].name, callee, argument.span));
                    fine = false;
                }
                Some(free) => *free = Some(argument),
            }
        }
        for (slot, value) in slots.iter().zip(&bound) {
            if value.is_none() && !slot.optional {
                if fine {
                    self.report(error::missing_argument(slot.name, callee, span));
                }
                fine = false;
            }
        }
        fine.then_some(bound)
    }

    /// Whether no argument without a name stands behind one with a name.
    fn in_order(&mut self, callee: &str, given: &[Given]) -> bool {
        let mut named = None;
        for argument in given {
            match (&argument.name, &named) {
                (Some((name, at)), _) => named = Some((name.clone(), *at)),
                (None, Some((name, at))) => {
                    self.report(error::positional_after_named(callee, argument.span, name, *at));
                    return false;
                }
                (None, None) => {}
            }
        }
        true
    }
}

/// The arguments of a built-in function, by name, with the defaults of its table.
pub(super) struct Arguments {
    pub(super) callee: &'static str,
    pub(super) span: Span,
    pub(super) values: Vec<(&'static str, Value, Span)>,
}

impl Arguments {
    /// The value and place of a parameter of the table.
    pub(super) fn get(&self, name: &str) -> (&Value, Span) {
        let (_, value, span) =
            self.values.iter().find(|(known, ..)| *known == name).expect("the table of builtins has this parameter");
        (value, *span)
    }

    /// Where the tensors among them stand.
    pub(super) fn tensors(&self) -> impl Iterator<Item = Span> {
        let tensors = self.values.iter().filter(|(_, value, _)| matches!(value, Value::Tensor(_)));
        tensors.map(|(.., span)| *span)
    }
}

impl Checker<'_> {
    fn refuse<T>(&mut self, arguments: &Arguments, name: &str, wanted: &str) -> Option<T> {
        let (value, span) = arguments.get(name);
        if !value.is_poison() {
            let kind = value.kind(self.spec);
            let what = format!("`{name}` of `{}`", arguments.callee);
            self.report(error::wrong_type(&what, wanted, &kind, span));
        }
        None
    }

    pub(super) fn tensor_argument(&mut self, arguments: &Arguments, name: &str) -> Option<super::value::Tensor> {
        match arguments.get(name).0 {
            Value::Tensor(tensor) => Some(tensor.clone()),
            _ => self.refuse(arguments, name, "a tensor"),
        }
    }

    /// A tensor that holds floats.
    pub(super) fn float_tensor_argument(&mut self, arguments: &Arguments, name: &str) -> Option<super::value::Tensor> {
        let tensor = self.tensor_argument(arguments, name)?;
        if tensor.fact.dtype == diadc_core::fact::DType::Float {
            return Some(tensor);
        }
        self.refuse(arguments, name, "a tensor of floats")
    }

    pub(super) fn float_argument(&mut self, arguments: &Arguments, name: &str) -> Option<f64> {
        match arguments.get(name).0.number() {
            Some(x) => Some(x),
            None => self.refuse(arguments, name, "a number"),
        }
    }

    /// An int that is at least `least`.
    pub(super) fn int_argument(&mut self, arguments: &Arguments, name: &str, least: i64) -> Option<i64> {
        match arguments.get(name).0 {
            Value::Int(n) if *n >= least => Some(*n),
            Value::Int(n) => {
                let (value, span) = (n.to_string(), arguments.get(name).1);
                let text = format!("`{name}` of `{}` must be at least {least}, this is {value}", arguments.callee);
                self.report(Diagnostic::new(Code::TooSmall, text, span));
                None
            }
            _ => self.refuse(arguments, name, "an int"),
        }
    }

    pub(super) fn size_argument(&mut self, arguments: &Arguments, name: &str, least: i64) -> Option<usize> {
        self.int_argument(arguments, name, least).and_then(|n| usize::try_from(n).ok())
    }

    /// One int for both axes, or `[vertical, horizontal]`.
    pub(super) fn pair_argument(&mut self, arguments: &Arguments, name: &str, least: i64) -> Option<[usize; 2]> {
        let value = arguments.get(name).0.clone();
        let size = |value: &Value| match value {
            Value::Int(n) if *n >= least => usize::try_from(*n).ok(),
            _ => None,
        };
        match value.elements().as_deref() {
            Some([h, w]) => match (size(h), size(w)) {
                (Some(h), Some(w)) => Some([h, w]),
                _ => self.refuse(arguments, name, &format!("one or two ints of at least {least}")),
            },
            Some(_) => self.refuse(arguments, name, "one int or `[vertical, horizontal]`"),
            None => self.size_argument(arguments, name, least).map(|n| [n, n]),
        }
    }

    pub(super) fn bool_argument(&mut self, arguments: &Arguments, name: &str) -> Option<bool> {
        match arguments.get(name).0 {
            Value::Bool(b) => Some(*b),
            _ => self.refuse(arguments, name, "`true` or `false`"),
        }
    }

    /// One of a few words.
    pub(super) fn word_argument(&mut self, arguments: &Arguments, name: &str, words: &[&str]) -> Option<Arc<str>> {
        match arguments.get(name).0 {
            Value::Str(word) if words.contains(&&**word) => Some(word.clone()),
            _ => {
                let list: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                self.refuse(arguments, name, &list.join(" or "))
            }
        }
    }

    pub(super) fn list_argument(&mut self, arguments: &Arguments, name: &str) -> Option<Vec<Value>> {
        match arguments.get(name).0.elements() {
            Some(items) if items.iter().any(Value::is_poison) => None,
            Some(items) => Some(items),
            None => self.refuse(arguments, name, "a list"),
        }
    }

    pub(super) fn tensors_argument(&mut self, arguments: &Arguments, name: &str) -> Option<Vec<super::value::Tensor>> {
        let items = self.list_argument(arguments, name)?;
        let tensors: Option<Vec<_>> = items
            .iter()
            .map(|item| match item {
                Value::Tensor(tensor) => Some(tensor.clone()),
                _ => None,
            })
            .collect();
        if tensors.is_none() { self.refuse(arguments, name, "a list of tensors") } else { tensors }
    }

    /// A list of extents, of which one may be -1 if `elements` says how many there are in all.
    pub(super) fn shape_argument(
        &mut self,
        arguments: &Arguments,
        name: &str,
        elements: Option<&diadc_core::fact::Dim>,
    ) -> Option<diadc_core::fact::Shape> {
        use diadc_core::fact::Dim;
        let items = self.list_argument(arguments, name)?;
        let mut dims: Vec<Option<Dim>> = Vec::new();
        for item in &items {
            match item {
                Value::Int(-1) if elements.is_some() && !dims.contains(&None) => dims.push(None),
                Value::Int(n) if *n < 0 => return self.refuse(arguments, name, "extents of at least 0"),
                other => match other.dim() {
                    Some(dim) => dims.push(Some(dim)),
                    None => return self.refuse(arguments, name, "a list of ints"),
                },
            }
        }
        let rest = elements
            .filter(|_| dims.contains(&None))
            .and_then(|elements| elements.divided_exactly(&Dim::product(dims.iter().flatten())));
        let dims: Option<Vec<Dim>> = dims.into_iter().map(|dim| dim.or_else(|| rest.clone())).collect();
        match dims {
            Some(dims) => Some(diadc_core::fact::Shape(dims)),
            None => self.refuse(arguments, name, "a shape that divides the number of elements"),
        }
    }

    /// An axis of a tensor; negative ones count from the end.
    pub(super) fn axis(&mut self, value: &Value, rank: usize, callee: &str, span: Span) -> Option<usize> {
        let count = i64::try_from(rank).unwrap_or(i64::MAX);
        match value {
            Value::Int(n) if (-count..count).contains(n) => usize::try_from(n.rem_euclid(count)).ok(),
            Value::Poison => None,
            other => {
                let shown = other.shown(self.spec);
                let text = format!("`{callee}` has no axis {shown} in a tensor of {rank} axes");
                self.report(Diagnostic::new(Code::NoSuchAxis, text, span));
                None
            }
        }
    }
}
