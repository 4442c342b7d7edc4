//! What is known of a value before it exists: its element type and its shape.
//!
//! In: dimensions as the spec writes them. Out: [`Fact`], which every edge of a graph carries.
//! A dimension is a number or a polynomial over symbols such as the batch size `B`; two dimensions
//! are equal when their normal forms are. This room knows no operation and no tensor.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// Floating point, in the precision of the device that runs it.
    Float,
    /// Signed integers: time steps, class and token numbers.
    Int,
    /// Truth values, made by comparisons.
    Bool,
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DType::Float => "float",
            DType::Int => "int",
            DType::Bool => "bool",
        })
    }
}

/// With how many bits a device multiplies floating-point numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits, of which the tensor cores of graphics processors use 19 of each factor (TF32).
    #[default]
    F32,
    /// Convolutions, matrix products and attention take and give numbers rounded to bf16, the upper half of those bits.
    /// Weights and all other values keep 32 bits.
    Bf16,
}

/// A text that names no precision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no precision `{0}`; write `f32` or `bf16`")]
pub struct PrecisionError(String);

impl FromStr for Precision {
    type Err = PrecisionError;

    fn from_str(text: &str) -> Result<Precision, PrecisionError> {
        match text {
            "f32" => Ok(Precision::F32),
            "bf16" => Ok(Precision::Bf16),
            _ => Err(PrecisionError(text.to_owned())),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        })
    }
}

/// One factor of a term: a symbol, or a quotient that does not divide exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Atom {
    Symbol(Arc<str>),
    Floor(Box<Dim>, i64),
}

/// A sum of products of atoms, each with an integer coefficient that is not zero.
type Terms = BTreeMap<Vec<Atom>, i64>;

/// The extent of one axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dim(Repr);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Known(i64),
    Symbolic(Arc<Terms>),
}

/// Values of the symbols, known when a graph runs.
pub type Bindings = BTreeMap<Arc<str>, i64>;

/// The symbol of the number of samples.
pub const BATCH: &str = "B";

/// What is known of the symbols if only the number of samples is.
#[must_use]
pub fn batch_of(samples: usize) -> Bindings {
    Bindings::from([(BATCH.into(), i64::try_from(samples).unwrap_or(i64::MAX))])
}

impl Dim {
    /// A free dimension with a name.
    #[must_use]
    pub fn symbol(name: &str) -> Dim {
        Dim::from_terms(Terms::from([(vec![Atom::Symbol(name.into())], 1)]))
    }

    /// The number, if the dimension has no symbol in it.
    #[must_use]
    pub fn known(&self) -> Option<i64> {
        match self.0 {
            Repr::Known(n) => Some(n),
            Repr::Symbolic(_) => None,
        }
    }

    /// The sum of two dimensions.
    #[must_use]
    pub fn plus(&self, other: &Dim) -> Dim {
        if let (Some(a), Some(b)) = (self.known(), other.known()) {
            return Dim::from(a.saturating_add(b));
        }
        let mut terms = self.terms();
        for (atoms, coefficient) in other.terms() {
            let sum = terms.entry(atoms).or_insert(0);
            *sum = sum.saturating_add(coefficient);
        }
        Dim::from_terms(terms)
    }

    /// The number of symbols in its formula; 0 if the dimension is known.
    #[must_use]
    pub fn factors(&self) -> usize {
        match &self.0 {
            Repr::Known(_) => 0,
            Repr::Symbolic(terms) => terms.keys().map(Vec::len).sum(),
        }
    }

    /// The product of two dimensions.
    #[must_use]
    pub fn times(&self, other: &Dim) -> Dim {
        match (&self.0, &other.0) {
            (Repr::Known(a), Repr::Known(b)) => Dim::from(a.saturating_mul(*b)),
            (Repr::Known(1), Repr::Symbolic(_)) => other.clone(),
            (Repr::Symbolic(_), Repr::Known(1)) => self.clone(),
            (Repr::Known(n), Repr::Symbolic(terms)) | (Repr::Symbolic(terms), Repr::Known(n)) => {
                let scaled = terms.iter().map(|(atoms, coefficient)| (atoms.clone(), coefficient.saturating_mul(*n)));
                Dim::from_terms(scaled.collect())
            }
            (Repr::Symbolic(one), Repr::Symbolic(two)) => {
                let mut terms = Terms::new();
                for (left, a) in one.iter() {
                    for (right, b) in two.iter() {
                        let mut atoms = [left.as_slice(), right.as_slice()].concat();
                        atoms.sort();
                        let sum = terms.entry(atoms).or_insert(0);
                        *sum = sum.saturating_add(a.saturating_mul(*b));
                    }
                }
                Dim::from_terms(terms)
            }
        }
    }

    /// The product of dimensions. Numbers are multiplied first, so that the formula stays short.
    #[must_use]
    pub fn product<'a>(dims: impl Iterator<Item = &'a Dim> + Clone) -> Dim {
        let known = dims.clone().filter_map(Dim::known).fold(1, i64::saturating_mul);
        dims.filter(|dim| dim.known().is_none()).fold(Dim::from(known), |product, dim| product.times(dim))
    }

    /// `self - other`.
    #[must_use]
    pub fn minus(&self, other: &Dim) -> Dim {
        self.plus(&other.times(&Dim::from(-1)))
    }

    /// `self / other` if it divides without remainder for every value of the symbols.
    #[must_use]
    pub fn divided_exactly(&self, other: &Dim) -> Option<Dim> {
        if self == other && self.known() != Some(0) {
            return Some(Dim::from(1));
        }
        let divisor = other.terms();
        let mut parts = divisor.iter();
        let (Some((by, coefficient)), None) = (parts.next(), parts.next()) else { return None };
        let mut terms = Terms::new();
        for (atoms, c) in self.terms() {
            if c.checked_rem(*coefficient) != Some(0) {
                return None;
            }
            let mut rest = atoms;
            for atom in by {
                let at = rest.iter().position(|a| a == atom)?;
                rest.remove(at);
            }
            terms.insert(rest, c / coefficient);
        }
        Some(Dim::from_terms(terms))
    }

    /// `self / by`, rounded down. Whole multiples of `by` stand outside of the quotient, so that `(h - 2) / 2 + 1` and
    /// `h / 2` have one form.
    #[must_use]
    pub fn divided_floor(&self, by: i64) -> Dim {
        let (mut whole, mut rest) = (self.terms(), self.terms());
        whole.values_mut().for_each(|coefficient| *coefficient = coefficient.div_euclid(by));
        rest.values_mut().for_each(|coefficient| *coefficient = coefficient.rem_euclid(by));
        let (whole, rest) = (Dim::from_terms(whole), Dim::from_terms(rest));
        if rest.known().is_some() {
            return whole;
        }
        whole.plus(&Dim::from_terms(Terms::from([(vec![Atom::Floor(Box::new(rest), by)], 1)])))
    }

    /// The number this dimension has under `bindings`; none if a symbol has no value there or the number is too large.
    #[must_use]
    pub fn value(&self, bindings: &Bindings) -> Option<i64> {
        if let Some(n) = self.known() {
            return Some(n);
        }
        let mut sum = 0;
        for (atoms, coefficient) in self.terms() {
            let mut product = coefficient;
            for atom in &atoms {
                product = product.checked_mul(match atom {
                    Atom::Symbol(name) => *bindings.get(name)?,
                    Atom::Floor(of, by) => of.value(bindings)?.div_euclid(*by),
                })?;
            }
            sum = product.checked_add(sum)?;
        }
        Some(sum)
    }

    /// The name, if the dimension is one bare symbol.
    #[must_use]
    pub fn as_symbol(&self) -> Option<&Arc<str>> {
        let Repr::Symbolic(terms) = &self.0 else { return None };
        let mut entries = terms.iter();
        match (entries.next(), entries.next()) {
            (Some((atoms, 1)), None) => match atoms.as_slice() {
                [Atom::Symbol(name)] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Its terms, each a coefficient and the symbols that it is multiplied by; none if it has a quotient that does not
    /// divide exactly.
    #[must_use]
    pub fn polynomial(&self) -> Option<Vec<(i64, Vec<Arc<str>>)>> {
        let symbol = |atom: Atom| match atom {
            Atom::Symbol(name) => Some(name),
            Atom::Floor(..) => None,
        };
        let term = |(atoms, coefficient): (Vec<Atom>, i64)| {
            Some((coefficient, atoms.into_iter().map(symbol).collect::<Option<_>>()?))
        };
        self.terms().into_iter().map(term).collect()
    }

    fn terms(&self) -> Terms {
        match &self.0 {
            Repr::Known(0) => Terms::new(),
            Repr::Known(n) => Terms::from([(Vec::new(), *n)]),
            Repr::Symbolic(terms) => terms.as_ref().clone(),
        }
    }

    fn from_terms(mut terms: Terms) -> Dim {
        terms.retain(|_, coefficient| *coefficient != 0);
        match terms.len() {
            0 => Dim::from(0),
            1 if terms.contains_key([].as_slice()) => Dim::from(terms[[].as_slice()]),
            _ => Dim(Repr::Symbolic(Arc::new(terms))),
        }
    }
}

impl From<i64> for Dim {
    fn from(n: i64) -> Dim {
        Dim(Repr::Known(n))
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr::Symbolic(terms) = &self.0 else {
            return write!(f, "{}", self.known().expect("a dimension without symbols is a number"));
        };
        for (i, (atoms, coefficient)) in terms.iter().rev().enumerate() {
            let sign = if *coefficient < 0 { "-" } else { "+" };
            match (i, sign) {
                (0, "-") => f.write_str("-")?,
                (0, _) => {}
                (_, sign) => write!(f, " {sign} ")?,
            }
            let size = coefficient.abs();
            if size != 1 || atoms.is_empty() {
                write!(f, "{size}")?;
            }
            for (j, atom) in atoms.iter().enumerate() {
                if j > 0 || size != 1 {
                    f.write_str("*")?;
                }
                match atom {
                    Atom::Symbol(name) => f.write_str(name)?,
                    Atom::Floor(of, by) => write!(f, "floor(({of})/{by})")?,
                }
            }
        }
        Ok(())
    }
}

/// The extents of all axes, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape(pub Vec<Dim>);

impl Shape {
    /// A shape whose extents are all numbers.
    #[must_use]
    pub fn of(dims: &[i64]) -> Shape {
        Shape(dims.iter().map(|&n| Dim::from(n)).collect())
    }

    /// Number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> Dim {
        Dim::product(self.0.iter())
    }

    /// All extents as numbers under `bindings`; none if a symbol has no value there.
    #[must_use]
    pub fn value(&self, bindings: &Bindings) -> Option<Vec<usize>> {
        self.0.iter().map(|dim| dim.value(bindings).and_then(|n| usize::try_from(n).ok())).collect()
    }

    /// All extents as numbers, if none has a symbol in it.
    #[must_use]
    pub fn known(&self) -> Option<Vec<usize>> {
        self.value(&Bindings::new())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, dim) in self.0.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{dim}")?;
        }
        f.write_str("]")
    }
}

/// What is known of one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// Element type.
    pub dtype: DType,
    /// Extents of the axes.
    pub shape: Shape,
}

impl Fact {
    /// A floating-point value of a shape.
    #[must_use]
    pub fn float(shape: Shape) -> Fact {
        Fact { dtype: DType::Float, shape }
    }

    /// An integer value of a shape.
    #[must_use]
    pub fn int(shape: Shape) -> Fact {
        Fact { dtype: DType::Int, shape }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dtype != DType::Float {
            write!(f, "{}", self.dtype)?;
        }
        write!(f, "{}", self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_have_one_normal_form() {
        let (b, h) = (Dim::symbol("B"), Dim::symbol("h"));
        let left = b.plus(&Dim::from(2)).times(&h);
        let right = h.times(&Dim::from(2)).plus(&h.times(&b));
        assert_eq!(left, right);
        assert_eq!(left.minus(&right), Dim::from(0));
    }

    #[test]
    fn exact_division_refuses_a_remainder() {
        let h = Dim::symbol("h");
        let eight = h.times(&Dim::from(8));
        assert_eq!(eight.divided_exactly(&Dim::from(4)), Some(h.times(&Dim::from(2))));
        assert_eq!(eight.plus(&Dim::from(2)).divided_exactly(&Dim::from(4)), None);
        assert_eq!(eight.divided_exactly(&h), Some(Dim::from(8)));
    }

    #[test]
    fn a_floor_is_evaluated_when_its_symbol_is_known() {
        let half = Dim::symbol("h").plus(&Dim::from(1)).divided_floor(2);
        assert_eq!(half.value(&Bindings::from([("h".into(), 6)])), Some(3));
        assert_eq!(half.to_string(), "floor((h + 1)/2)");
    }

    #[test]
    fn quotients_have_one_form_and_the_value_of_what_is_divided() {
        let h = Dim::symbol("h");
        let one = Dim::from(1);
        assert_eq!(h.minus(&Dim::from(2)).divided_floor(2).plus(&one), h.divided_floor(2));
        assert_eq!(h.minus(&one).divided_floor(2).plus(&one).to_string(), "floor((h + 1)/2)");
        assert_eq!(h.times(&Dim::from(2)).plus(&one).divided_floor(2), h);
        for (factor, offset, by) in [(1, -7, 3), (-1, 2, 2), (5, 1, 3), (3, -4, 2), (4, 8, 4)] {
            let divided = h.times(&Dim::from(factor)).plus(&Dim::from(offset)).divided_floor(by);
            for n in 0..20 {
                let value = divided.value(&Bindings::from([("h".into(), n)]));
                assert_eq!(value, Some((factor * n + offset).div_euclid(by)), "({factor} * {n} + {offset}) / {by}");
            }
        }
    }
}
