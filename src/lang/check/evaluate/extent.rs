//! Extents that are known only when the graph runs, as numbers in the arithmetic of tensors.

use diadc_core::fact::{Dim, Shape};
use diadc_core::op::{Binary, Op, Reduction};

use super::site::CallSite;
use crate::check::Expander;
use crate::check::report::Outcome;
use crate::check::value::{Tensor, Value};

impl Expander<'_> {
    /// An extent as a tensor without axes: of each symbol in it, a one for each element along such an axis is summed.
    pub(crate) fn extent_as_tensor(&mut self, site: &CallSite<'_>, dim: &Dim) -> Outcome<Tensor> {
        let Some(terms) = dim.polynomial() else {
            let what = format!("`{dim}`");
            return Err(self.refuse(&what, "a sum of products of extents", &Value::Dim(dim.clone()), site.span));
        };
        let origin = site.origin();
        let mut sum = None;
        for (coefficient, symbols) in terms {
            let mut term = self.builder.scalar(coefficient as f64, origin);
            for symbol in symbols {
                let one = self.builder.scalar(1.0, origin);
                let ones = self.builder.sure(Op::Expand(Shape(vec![Dim::symbol(&symbol)])), &[one], origin);
                let count = Op::Reduce { kind: Reduction::Sum, axes: vec![0], keep: false };
                let count = self.builder.sure(count, &[ones], origin);
                term = self.builder.binary(Binary::Mul, &term, &count, origin);
            }
            sum = Some(match sum {
                None => term,
                Some(sum) => self.builder.binary(Binary::Add, &sum, &term, origin),
            });
        }
        Ok(sum.unwrap_or_else(|| self.builder.scalar(0.0, origin)))
    }
}
