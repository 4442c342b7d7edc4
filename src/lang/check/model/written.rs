//! Facts about the text of a spec, beyond what runs. The lints need them.

use std::collections::HashSet;
use std::sync::Arc;

use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::parse::ast::{MemberKind, ObjectiveDef, PartPath};
use crate::program::written::{Named, Objective, Written};
use crate::resolve::spec::ModuleId;

use crate::check::Expander;
use crate::check::value::InstanceId;

impl Expander<'_> {
    /// The facts about the text of a model and of these objectives.
    pub(crate) fn written(&mut self, objectives: &[&Arc<ObjectiveDef>]) -> Written {
        let parts = self.model_block().members.iter().filter_map(|(name, (module, member))| {
            let MemberKind::Part(def) = &member.kind else { return None };
            (*module == ModuleId(0)).then(|| (name.to_string(), def.name.span))
        });
        let parts = parts.collect();
        Written { parts, objectives: objectives.iter().map(|def| self.written_objective(def)).collect() }
    }

    fn written_objective(&mut self, def: &ObjectiveDef) -> Objective {
        let trains = self.named(&def.trains);
        let freezes = self.named(&def.freezes);
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
    fn named(&mut self, paths: &[PartPath]) -> Vec<(Named, Vec<InstanceId>)> {
        let env = self.model_environment("parts", ModuleId(0));
        let mut found = Vec::new();
        for path in paths {
            let Some(span) = path.iter().map(|name| name.span).reduce(Span::to) else { continue };
            let instances = self.parts(&env, std::slice::from_ref(path)).unwrap_or_default();
            self.function.trains.clone_from(&instances);
            self.function.freezes.clear();
            let weights = self.trained();
            let path = path.iter().map(|name| &*name.node).collect::<Vec<_>>().join(".");
            found.push((Named { path, span, weights, changed: Vec::new() }, instances));
        }
        found
    }
}
