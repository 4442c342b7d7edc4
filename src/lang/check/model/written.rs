//! Facts about the text of a spec, beyond what runs. The lints need them.

use std::collections::HashSet;
use std::sync::Arc;

use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::parse::ast::{MemberKind, ObjectiveDef, PartPath};
use crate::parse::section::Section;
use crate::program::written::{Measure, Named, Objective, Param, Unread, Written};
use crate::resolve::effective_members;
use crate::resolve::spec::ModuleId;

use crate::check::Expander;
use crate::check::value::InstanceId;
use crate::check::value::environment::Environment;

impl Expander<'_> {
    /// The facts about the text of a model and of these objectives.
    pub(crate) fn written(&mut self, model: InstanceId, objectives: &[&Arc<ObjectiveDef>]) -> Written {
        let spec = self.spec;
        let mut written = Written { allows: spec.allows.clone(), ..Written::default() };
        let unread = spec.unread.iter();
        written.unread.extend(unread.map(|unread| Unread {
            name: unread.name.node.to_string(),
            span: unread.name.span,
            is_import: unread.is_import,
        }));
        written.objectives = objectives.iter().map(|def| self.written_objective(model, def)).collect();
        let block = spec.block(self.instances[model.0].block);
        let effective = effective_members(block, &spec.readers);
        for (name, (module, member)) in &block.members {
            let is_own = *module == ModuleId(0);
            match &member.kind {
                MemberKind::Part(def) if is_own => written.parts.push((name.to_string(), def.name.span)),
                MemberKind::Param(def) => {
                    let set = spec.settings.iter().find(|(set, _)| set.node == *name).map(|(set, _)| set.span);
                    let readers = spec.readers.iter().filter(|reader| reader.reads == *name);
                    let mut readers: Vec<String> = readers.map(|reader| reader.member.to_string()).collect();
                    readers.dedup();
                    let is_effective = effective.contains(name);
                    let (name, span) = (name.to_string(), def.name.span);
                    written.params.push(Param { name, span, set, is_own, is_effective, readers });
                }
                MemberKind::Section(def) if def.section == Section::Measure && !def.settings().is_empty() => {
                    let has_protocol = def.settings().iter().any(|setting| &*setting.name.node == "protocol");
                    written.measure = Some(Measure { span: def.place(), has_protocol });
                }
                _ => {}
            }
        }
        written
    }

    fn written_objective(&mut self, model: InstanceId, def: &ObjectiveDef) -> Objective {
        let trains = self.named(model, &def.trains);
        let freezes = self.named(model, &def.freezes);
        let all = |named: &[(Named, Vec<InstanceId>)]| named.iter().flat_map(|(_, ids)| ids.clone()).collect();
        self.function.trains = all(&trains);
        self.function.freezes = all(&freezes);
        let trained: HashSet<WeightId> = self.trained().into_iter().collect();
        let changed = |mut named: Named| {
            named.changed = named.weights.iter().filter(|id| trained.contains(id)).copied().collect();
            named
        };
        let trains = trains.into_iter().map(|(named, _)| changed(named)).collect();
        let freezes = (0..freezes.len()).map(|i| {
            let others = freezes.iter().enumerate().filter(|(other, _)| *other != i);
            self.function.freezes = others.flat_map(|(_, (_, ids))| ids.clone()).collect();
            let without = self.trained();
            let mut named = freezes[i].0.clone();
            named.changed = without.into_iter().filter(|id| !trained.contains(id)).collect();
            named
        });
        Objective { span: def.function.name.span, trains, freezes: freezes.collect() }
    }

    /// The parts that paths name, and their weights.
    fn named(&mut self, model: InstanceId, paths: &[PartPath]) -> Vec<(Named, Vec<InstanceId>)> {
        let scope = self.builder.scope(None, "parts", None);
        let env = Environment::new(ModuleId(0), Some(model), "".into(), scope);
        let mut found = Vec::new();
        for path in paths {
            let Some(span) = path.iter().map(|name| name.span).reduce(Span::to) else { continue };
            let instances = self.parts(&env, model, std::slice::from_ref(path)).unwrap_or_default();
            self.function.trains.clone_from(&instances);
            self.function.freezes.clear();
            let weights = self.trained();
            let path = path.iter().map(|name| &*name.node).collect::<Vec<_>>().join(".");
            found.push((Named { path, span, weights, changed: Vec::new() }, instances));
        }
        found
    }
}
