//! The values and parts that names stood for while a spec was expanded. An editor shows them beside the source.
//!
//! Kept only when a caller asks for it. It also says what fields and named arguments refer to, which `resolve` can't know:
//! it depends on values.

use std::collections::BTreeMap;

use diadc_core::span::Span;

use crate::parse::ast::Name;
use crate::resolve::spec::{BlockId, Spec, member_name};
use crate::resolve::{Definition, Index};

use super::Expander;
use super::value::{Given, InstanceId, Value};

/// At most this many different values of a name are kept.
const KEPT: usize = 4;
/// A value in words is cut to this many characters.
const SHOWN: usize = 60;

/// What was seen, by the span of the name.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Different values that a name had, in words, in the order in which they came; at most four.
    pub values: BTreeMap<Span, Vec<String>>,
    /// The results of functions, by the span of the function's name.
    pub results: BTreeMap<Span, Vec<String>>,
    /// For each name of a part, the part's block.
    pub blocks: BTreeMap<Span, BlockId>,
    /// The definitions of fields and of named arguments.
    pub index: Index,
}

impl Record {
    /// The same record with other spans; an entry whose span has no other is left out.
    #[must_use]
    pub fn moved(&self, to: &impl Fn(Span) -> Option<Span>) -> Record {
        fn places<T: Clone>(map: &BTreeMap<Span, T>, to: &impl Fn(Span) -> Option<Span>) -> BTreeMap<Span, T> {
            map.iter().filter_map(|(span, value)| Some((to(*span)?, value.clone()))).collect()
        }
        Record {
            values: places(&self.values, to),
            results: places(&self.results, to),
            blocks: places(&self.blocks, to),
            index: self.index.moved(to),
        }
    }
}

fn add(values: &mut Vec<String>, value: String) {
    if values.len() < KEPT && !values.contains(&value) {
        values.push(value);
    }
}

impl Expander<'_> {
    /// Notes the value of a name.
    pub(super) fn saw(&mut self, name: Span, value: &Value) {
        if self.record.is_none() || value.is_poison() {
            return;
        }
        let text = self.described(value);
        let block = if let Value::Instance(id) = value { Some(self.instances[*id].block) } else { None };
        if let Some(record) = &mut self.record {
            add(record.values.entry(name).or_default(), text);
            if let Some(block) = block {
                record.blocks.insert(name, block);
            }
        }
    }

    /// Notes the result of a function.
    pub(super) fn saw_result(&mut self, name: Span, value: &Value) {
        if self.record.is_none() || value.is_poison() {
            return;
        }
        let text = self.described(value);
        if let Some(record) = &mut self.record {
            add(record.results.entry(name).or_default(), text);
        }
    }

    /// Notes the definition of a field of an instance.
    pub(super) fn saw_field(&mut self, id: InstanceId, name: &str, span: Span) {
        if self.record.is_none() {
            return;
        }
        let definition = member(self.spec, self.instances[id].block, name);
        if let (Some(record), Some(definition)) = (&mut self.record, definition) {
            record.index.note(span, Definition::Name(definition), 0);
        }
    }

    /// Notes the definitions of the parameters that arguments name.
    pub(super) fn saw_arguments<'a>(
        &mut self,
        given: &[Given],
        params: impl Iterator<Item = (&'a str, Definition)> + Clone,
    ) {
        let Some(record) = &mut self.record else { return };
        for (name, span) in given.iter().filter_map(|argument| argument.name.as_ref()) {
            if let Some((_, definition)) = params.clone().find(|(param, _)| *param == &**name) {
                record.index.note(*span, definition, 0);
            }
        }
    }

    /// A value in words: its shape if it is a tensor, its block if it is a part.
    fn described(&self, value: &Value) -> String {
        let text = if let Value::Tensor(tensor) = value {
            tensor.fact.to_string()
        } else if let Value::Instance(id) = value {
            self.block_name(*id).to_string()
        } else if let Value::List(items) | Value::Tuple(items) = value
            && (value.holds_tensor() || items.iter().any(is_part))
        {
            let items: Vec<String> = items.iter().map(|item| self.described(item)).collect();
            match items.as_slice() {
                [first, rest @ ..] if rest.len() > 1 && rest.iter().all(|item| item == first) => {
                    format!("[{first}; {}]", items.len())
                }
                _ if matches!(value, Value::Tuple(_)) => format!("({})", items.join(", ")),
                _ => format!("[{}]", items.join(", ")),
            }
        } else if let Value::Record(entries) = value {
            let entries: Vec<String> =
                entries.iter().map(|(name, item)| format!("{name}: {}", self.described(item))).collect();
            format!("{{ {} }}", entries.join(", "))
        } else if let Value::List(items) = value
            && items.len() > 12
        {
            value.kind(self.spec) + &format!(" from {}", self.described(&items[0]))
        } else {
            value.shown(self.spec)
        };
        if text.chars().count() <= SHOWN {
            return text;
        }
        text.chars().take(SHOWN - 2).chain("..".chars()).collect()
    }
}

fn is_part(value: &Value) -> bool {
    matches!(value, Value::Instance(_))
}

/// Where a member or parameter of a block is defined.
fn member(spec: &Spec, block: BlockId, name: &str) -> Option<Span> {
    let block = spec.block(block);
    let param = block.params.iter().find(|param| &*param.name.node == name).map(|param| param.name.span);
    param.or_else(|| block.members.get(name).map(|(_, member)| member_name(member).1))
}

/// Names with their definitions.
pub(super) fn named<'a>(
    names: impl Iterator<Item = &'a Name> + Clone,
) -> impl Iterator<Item = (&'a str, Definition)> + Clone {
    names.map(|name| (&*name.node, Definition::Name(name.span)))
}
