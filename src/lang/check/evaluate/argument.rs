//! Binds the arguments of a call to parameters, and checks the arguments of built-in functions.

use std::sync::Arc;

use diadc_core::fact::{DType, Dim, Shape};
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::builtin::Builtin;
use crate::resolve::unknown_argument;

use super::site::CallSite;
use crate::check::report::{Outcome, Reported};
use crate::check::value::{Given, Tensor, Value};
use crate::check::{Expander, error};

/// A parameter of what is called: its name, and whether a call may omit it.
pub(crate) struct Formal<'a> {
    pub(crate) name: &'a str,
    pub(crate) optional: bool,
}

impl Expander<'_> {
    /// The argument of each parameter; `None` for a parameter that the call omits.
    pub(crate) fn bind(
        &mut self,
        callee: &str,
        formals: &[Formal<'_>],
        given: Vec<Given>,
        span: Span,
    ) -> Outcome<Vec<Option<Given>>> {
        self.in_order(callee, &given)?;
        let mut bound: Vec<Option<Given>> = formals.iter().map(|_| None).collect();
        let mut outcome = Ok(());
        let mut next = 0;
        let as_list = self.as_list(callee, formals, &given);
        let mut surplus: Option<Span> = None;
        for argument in given {
            if argument.value.is_poison() {
                outcome = Err(Reported::before());
            }
            let at = match &argument.name {
                None => {
                    next += 1;
                    next - 1
                }
                Some((name, at)) => match formals.iter().position(|formal| formal.name == &**name) {
                    Some(index) => index,
                    None => {
                        let known: Vec<&str> = formals.iter().map(|formal| formal.name).collect();
                        outcome = Err(self.report(unknown_argument(callee, &known, name, *at)));
                        continue;
                    }
                },
            };
            match bound.get_mut(at) {
                None => surplus = Some(surplus.map_or(argument.span, |first| first.to(argument.span))),
                Some(Some(_)) => {
                    outcome = Err(self.report(error::argument_twice(formals[at].name, callee, argument.span)));
                }
                Some(free) => *free = Some(argument),
            }
        }
        if let Some(span) = surplus {
            let told = error::too_many_arguments(callee, formals.len(), span).help_if(as_list);
            outcome = Err(self.report(told));
        }
        outcome?;
        match formals.iter().zip(&bound).find(|(formal, value)| value.is_none() && !formal.optional) {
            Some((formal, _)) => Err(self.report(error::missing_argument(formal.name, callee, span))),
            None => Ok(bound),
        }
    }

    /// How a call of a built-in function is written whose list has no brackets, as in `reshape(x, B, 3, 1024)`.
    fn as_list(&self, callee: &str, formals: &[Formal<'_>], given: &[Given]) -> Option<String> {
        Builtin::named(callee).filter(|_| given.len() > formals.len())?;
        if let Some((_, value)) = [("zeros", "0.0"), ("ones", "1.0")].iter().find(|(word, _)| *word == callee) {
            return Some(format!("it says how weights begin; as a tensor, write `full({value}, shape: [..])`"));
        }
        let at = formals.iter().position(|formal| is_list(formal.name))?;
        let item = |given: &Given| {
            let shown = given.value.shown(self.spec);
            // What is written otherwise than its value is a calculation or a name.
            let is_written = (given.span.end - given.span.start) as usize == shown.len();
            if is_written { shown } else { "..".to_owned() }
        };
        let items: Vec<String> = given.get(at..)?.iter().map(item).collect();
        let before: Vec<&str> = formals[..at].iter().map(|formal| formal.name).collect();
        let (name, before) = (formals[at].name, before.join(", "));
        Some(format!("`{name}` is a list: `{callee}({before}, [{}])`", items.join(", ")))
    }

    /// Refuses a call in which a positional argument comes after a named one.
    fn in_order(&mut self, callee: &str, given: &[Given]) -> Outcome<()> {
        let mut named = None;
        for (i, argument) in given.iter().enumerate() {
            match (&argument.name, &named) {
                (Some((name, at)), _) => named = Some((name.clone(), *at)),
                (None, Some((name, at))) => {
                    let diagnostic = error::positional_after_named(callee, argument.span, name, *at);
                    // `0,001` is read as two numbers.
                    let before = given[..i].last().filter(|before| {
                        let are_whole = before.value.int().is_some() && argument.value.int().is_some();
                        are_whole && before.span.end + 1 == argument.span.start
                    });
                    let help = before.map(|_| "a number is written with a point, as in `0.001`".to_owned());
                    return Err(self.report(diagnostic.help_if(help)));
                }
                (None, None) => {}
            }
        }
        Ok(())
    }
}

/// What to do about numbers that stand side by side and belong to one parameter.
const SEVERAL: &str = "several numbers for one parameter stand in brackets, as in `[64, 64]`";

/// Whether a parameter of built-in functions takes a list of numbers.
pub(crate) fn is_list(parameter: &str) -> bool {
    matches!(parameter, "shape" | "order" | "sides")
}

/// The arguments of a call of a built-in function, by name. Omitted ones have the defaults of the table of builtins.
pub(crate) struct Arguments<'a> {
    pub(crate) site: CallSite<'a>,
    pub(crate) values: Vec<(&'static str, Value, Span)>,
}

impl Arguments<'_> {
    /// The value of a parameter of the table, and where its argument is written.
    pub(crate) fn get(&self, name: &str) -> (&Value, Span) {
        let (_, value, span) =
            self.values.iter().find(|(known, ..)| *known == name).expect("the table of builtins has this parameter");
        (value, *span)
    }

    /// Whether the value of a parameter is `none`, which is the default of many.
    pub(crate) fn is_none(&self, name: &str) -> bool {
        matches!(self.get(name).0, Value::None)
    }
}

impl Expander<'_> {
    /// Reports that an argument is not what is wanted, unless it stands for a mistake itself.
    pub(crate) fn refuse_argument(&mut self, arguments: &Arguments<'_>, name: &str, wanted: &str) -> Reported {
        let (value, span) = arguments.get(name);
        self.refuse(&format!("`{name}` of `{}`", arguments.site.callee), wanted, value, span)
    }

    pub(crate) fn tensor_argument(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<Tensor> {
        if let Value::Tensor(tensor) = arguments.get(name).0 {
            return Ok(tensor.clone());
        }
        let (value, span) = arguments.get(name);
        if name == "like" && matches!(value, Value::Int(_) | Value::Dim(_)) {
            let callee = arguments.site.callee;
            let told = error::wrong_type(&format!("`like` of `{callee}`"), "a tensor", &value.kind(self.spec), span);
            return Err(self.report(told.help(format!("a shape is given by name: `{callee}(shape: [..])`"))));
        }
        Err(self.refuse_argument(arguments, name, "a tensor"))
    }

    /// A tensor that holds floats.
    pub(crate) fn float_tensor_argument(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<Tensor> {
        let tensor = self.tensor_argument(arguments, name)?;
        match tensor.fact.dtype {
            DType::Float => Ok(tensor),
            DType::Int | DType::Bool => Err(self.refuse_argument(arguments, name, "a tensor of floats")),
        }
    }

    pub(crate) fn float_argument(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<f64> {
        arguments.get(name).0.number().ok_or_else(|| self.refuse_argument(arguments, name, "a number"))
    }

    /// An int that is at least `least`.
    pub(crate) fn int_argument(&mut self, arguments: &Arguments<'_>, name: &str, least: i64) -> Outcome<i64> {
        let (value, span) = arguments.get(name);
        let Some(n) = value.int() else {
            return Err(self.refuse_argument(arguments, name, "an int"));
        };
        if n < least {
            let text = format!("`{name}` of `{}` must be at least {least}, this is {n}", arguments.site.callee);
            return Err(self.report(Diagnostic::new(Code::TooSmall, text, span)));
        }
        Ok(n)
    }

    pub(crate) fn size_argument(&mut self, arguments: &Arguments<'_>, name: &str, least: usize) -> Outcome<usize> {
        let n = self.int_argument(arguments, name, as_int(least))?;
        Ok(usize::try_from(n).expect("it is at least `least`"))
    }

    /// One int for both axes, or `[vertical, horizontal]`.
    pub(crate) fn pair_argument(&mut self, arguments: &Arguments<'_>, name: &str, least: usize) -> Outcome<[usize; 2]> {
        let size = |value: &Value| usize::try_from(value.int()?).ok().filter(|&n| n >= least);
        let (value, span) = arguments.get(name);
        let what = || format!("`{name}` of `{}`", arguments.site.callee);
        match value.elements().as_deref() {
            Some([h, w]) => match (size(h), size(w)) {
                (Some(h), Some(w)) => Ok([h, w]),
                (None, _) | (_, None) => match [h, w].into_iter().find(|extent| matches!(extent, Value::Dim(_))) {
                    Some(open) => Err(self.refuse(&what(), "one or two ints", open, span)),
                    None => Err(self.refuse_argument(arguments, name, &format!("one or two ints of at least {least}"))),
                },
            },
            Some(_) => Err(self.refuse_argument(arguments, name, "one int or `[vertical, horizontal]`")),
            None => self.size_argument(arguments, name, least).map(|n| [n, n]),
        }
    }

    pub(crate) fn bool_argument(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<bool> {
        if let Value::Bool(b) = arguments.get(name).0 {
            return Ok(*b);
        }
        let known = self.reports.all.len();
        let refused = self.refuse_argument(arguments, name, "`true` or `false`");
        if let (Some(told), Value::Int(_)) = (self.reports.all.get_mut(known), arguments.get(name).0) {
            told.help = Some(SEVERAL.to_owned());
        }
        Err(refused)
    }

    /// One of a few words.
    pub(crate) fn word_argument(&mut self, arguments: &Arguments<'_>, name: &str, words: &[&str]) -> Outcome<Arc<str>> {
        if let Value::Str(word) = arguments.get(name).0
            && words.contains(&&**word)
        {
            return Ok(word.clone());
        }
        let list: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let (value, span) = arguments.get(name);
        if matches!(value, Value::Int(_)) {
            let what = format!("`{name}` of `{}`", arguments.site.callee);
            let diagnostic = error::wrong_type(&what, &list.join(" or "), &value.kind(self.spec), span);
            return Err(self.report(diagnostic.help(SEVERAL)));
        }
        Err(self.refuse_argument(arguments, name, &list.join(" or ")))
    }

    pub(crate) fn list_argument(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<Vec<Value>> {
        match arguments.get(name).0.elements() {
            Some(items) => items.into_iter().map(Value::sound).collect(),
            None if matches!(arguments.get(name).0, Value::Tensor(_)) && arguments.site.callee == "len" => {
                let (value, span) = arguments.get(name);
                let diagnostic = error::wrong_type("`list` of `len`", "a list", &value.kind(self.spec), span);
                Err(self.report(diagnostic.help("the extents of a tensor are `shape(x)`, the first is `shape(x)[0]`")))
            }
            None => {
                let (value, span) = arguments.get(name);
                if !matches!(value, Value::Int(_) | Value::Dim(_)) {
                    return Err(self.refuse_argument(arguments, name, "a list"));
                }
                let what = format!("`{name}` of `{}`", arguments.site.callee);
                let told = error::wrong_type(&what, "a list", &value.kind(self.spec), span);
                Err(self.report(told.help(error::in_brackets(&format!("[{}]", value.shown(self.spec))))))
            }
        }
    }

    pub(crate) fn tensors_argument(&mut self, arguments: &Arguments<'_>, name: &str) -> Outcome<Vec<Tensor>> {
        let items = self.list_argument(arguments, name)?.into_iter().map(|item| {
            let Value::Tensor(tensor) = item else { return None };
            Some(tensor)
        });
        let tensors: Option<Vec<Tensor>> = items.collect();
        tensors.ok_or_else(|| self.refuse_argument(arguments, name, "a list of tensors"))
    }

    /// A list of extents, of which one may be -1 if `elements` says how many there are in all.
    pub(crate) fn shape_argument(
        &mut self,
        arguments: &Arguments<'_>,
        name: &str,
        elements: Option<&Dim>,
    ) -> Outcome<Shape> {
        let items = self.list_argument(arguments, name)?;
        let mut dims: Vec<Option<Dim>> = Vec::new();
        for item in &items {
            match (item.int(), item.dim()) {
                (Some(-1), _) if elements.is_some() && !dims.contains(&None) => dims.push(None),
                (Some(-1), _) if elements.is_some() => {
                    let text = format!("more than one extent of `{}` is -1", arguments.site.callee);
                    let told = Diagnostic::new(Code::WrongType, text, arguments.get(name).1);
                    return Err(self.report(told.help("one follows from the others, as in `reshape(x, [B, -1])`")));
                }
                (Some(..0), _) => return Err(self.refuse_argument(arguments, name, "extents of at least 0")),
                (_, Some(dim)) => dims.push(Some(dim)),
                (_, None) => return Err(self.refuse_argument(arguments, name, "a list of ints")),
            }
        }
        let rest = elements
            .filter(|_| dims.contains(&None))
            .and_then(|elements| elements.divided_exactly(&Dim::product(dims.iter().flatten())));
        let dims: Option<Vec<Dim>> = dims.into_iter().map(|dim| dim.or_else(|| rest.clone())).collect();
        dims.map(Shape)
            .ok_or_else(|| self.refuse_argument(arguments, name, "a shape that divides the number of elements"))
    }

    /// The axes that a function works over: one, a list of them, or all.
    pub(crate) fn axes_argument(&mut self, arguments: &Arguments<'_>, x: &Tensor) -> Outcome<Vec<usize>> {
        let rank = x.fact.shape.rank();
        let (axis, at) = arguments.get("axis");
        match axis.present() {
            None => Ok((0..rank).collect()),
            Some(axis) => {
                let given = axis.elements().unwrap_or_else(|| vec![axis.clone()]);
                given.iter().map(|axis| self.axis(axis, rank, arguments.site.callee, at)).collect()
            }
        }
    }

    /// The axis of a tensor that a function works along.
    pub(crate) fn axis_argument(&mut self, arguments: &Arguments<'_>, x: &Tensor) -> Outcome<usize> {
        let (axis, at) = arguments.get("axis");
        self.axis(axis, x.fact.shape.rank(), arguments.site.callee, at)
    }

    /// An axis of a tensor; negative ones count from the end.
    pub(crate) fn axis(&mut self, value: &Value, rank: usize, callee: &str, span: Span) -> Outcome<usize> {
        let count = as_int(rank);
        match value.int() {
            Some(n) if (-count..count).contains(&n) => {
                Ok(usize::try_from(n.rem_euclid(count)).expect("it is at least 0"))
            }
            None if value.is_poison() => Err(Reported::before()),
            Some(_) | None => {
                let shown = value.shown(self.spec);
                let text = format!("`{callee}` has no axis {shown} in a tensor of {rank} axes");
                let last = rank.checked_sub(1).filter(|_| value.int().is_some());
                let help = last.map(|last| format!("axes are counted from 0: the last is {last}, or -1"));
                let twins = [("max", "the larger", "maximum"), ("min", "the smaller", "minimum")];
                let twin = twins.iter().find(|(own, ..)| *own == callee && matches!(value, Value::Tensor(_)));
                let of_two = twin.map(|(_, which, of)| format!("{which} of two tensors is `{of}(a, b)`"));
                Err(self.report(Diagnostic::new(Code::NoSuchAxis, text, span).help_if(help.or(of_two))))
            }
        }
    }
}

/// A size as an int of the language.
pub(crate) fn as_int(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
