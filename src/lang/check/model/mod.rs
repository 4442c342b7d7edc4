//! The members of a model: reads its settings, makes its parts, and asks for the graph of each of its functions.

mod export;
mod fit;
mod function;
mod image_format;
mod measure;
mod query;
mod settings;
mod source;
mod training;
mod written;

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{Ignores, MemberKind, ObjectiveDef, PartPath, SectionContent};
use crate::parse::section::Section;
use crate::program::{Ignored, Init, Objective, Part, Program};
use crate::resolve::spec::{BlockId, ByName, ModuleId};

use self::fit::Begun;
use self::function::is_whole;
pub(crate) use self::settings::{LARGEST_BATCH, MOST_STEPS};
use crate::check::report::{Outcome, Reported};
use crate::check::value::environment::{Environment, Instance};
use crate::check::value::{InstanceId, Value};
use crate::check::{Expander, error};

impl Expander<'_> {
    /// Expands everything that the model can run.
    pub(crate) fn program(&mut self) -> Outcome<Program> {
        let spec = self.spec;
        let Some(model_block) = spec.model else {
            return Err(if spec.lost_model { Reported::before() } else { self.report(crate::resolve::no_model(spec)) });
        };
        let block = spec.block(model_block);
        self.make_model(model_block);
        let params = self.shown_params();
        let data = self.image_format();
        let measure = self.measure();
        // What is wrong with one is among the reports.
        self.sources = self.sources().unwrap_or_default();
        let (mut functions, mut objectives, mut stages) = (Vec::new(), Vec::new(), Vec::new());
        let mut unfit = Vec::new();
        for (name, (module, member)) in &block.members {
            if !self.probed.is_empty() && self.reports.has_new() {
                return Err(Reported::before());
            }
            match &member.kind {
                MemberKind::Fn(def) if is_whole(def) => {
                    functions.extend(self.exported(*module, def, &mut unfit));
                }
                MemberKind::Objective(def) => {
                    if let Ok((function, objective)) = self.objective(*module, def, data) {
                        functions.push(function);
                        objectives.push((objective, def));
                    }
                }
                MemberKind::Section(def) => match (def.section, &def.content) {
                    (Section::Score, SectionContent::Function(function)) => {
                        functions.extend(self.score(*module, function, data));
                    }
                    (Section::Fit, SectionContent::Function(function)) => {
                        stages.extend(self.fitting(*module, def, function, data).map(Begun::Fit));
                    }
                    (Section::Training, SectionContent::Settings(_)) => {
                        if let Ok(mut training) = self.phase(*module, def) {
                            functions.extend(self.chosen_by(&mut training, data).ok().flatten());
                            stages.push(Begun::Training(training));
                        }
                    }
                    // The settings of `data`, `measure` and sources have been read above.
                    (
                        Section::Score
                        | Section::Fit
                        | Section::Training
                        | Section::Data
                        | Section::Source
                        | Section::Measure,
                        _,
                    ) => {}
                },
                // Members that no function asks for are looked at all the same.
                MemberKind::Fn(_) => {}
                MemberKind::Param(_) => {}
                MemberKind::Let(def) | MemberKind::Part(def) => self.look_at(name, def.name.span),
            }
        }
        let definitions: Vec<&Arc<ObjectiveDef>> = objectives.iter().map(|(_, def)| *def).collect();
        let objectives = self.trained_weights(objectives);
        let stages = self.stages(stages, &objectives, &mut functions);
        self.report_unfit(unfit, &functions);
        self.check_copies();
        let written = self.written(&definitions);
        Ok(Program {
            name: block.name.node.to_string(),
            doc: spec.modules[0].doc.clone(),
            params,
            weights: self.builder.declared(),
            parts: self.named_parts(InstanceId::MODEL, None, false),
            ignored: self.ignored(),
            functions,
            objectives,
            stages,
            data: data.ok().flatten(),
            sources: self.sources.clone(),
            measure: measure.unwrap_or_default(),
            scopes: self.builder.scopes.clone(),
            written,
        })
    }

    /// Makes the instance of the model itself, which is the first of all.
    pub(crate) fn make_model(&mut self, block: BlockId) {
        self.instances.add(Instance {
            block,
            arguments: ByName::default(),
            prefix: "".into(),
            place: "".into(),
            owner: None,
            copy_of: None,
            members: FxHashMap::default(),
        });
    }

    /// Computes a member that no function asks for, to find its mistakes. The graph is thrown away.
    fn look_at(&mut self, name: &Arc<str>, span: Span) {
        let scope = self.begin(name);
        let env = self.environment_of(InstanceId::MODEL, ModuleId(0), scope);
        // A mistake in it is among the reports.
        let _ = self.member(InstanceId::MODEL, name, span, &env);
        self.builder.discard();
    }

    /// What the blocks of all instances say that they do not use, in the order of their paths.
    fn ignored(&self) -> Vec<Ignored> {
        let instances = self.instances.iter();
        let all = instances.flat_map(|instance| {
            let ignores = &self.spec.block(instance.block).ignores;
            ignores.iter().map(|Ignores { patterns, reason }| Ignored {
                path: instance.prefix.to_string(),
                patterns: patterns.clone(),
                reason: reason.clone(),
            })
        });
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The parts of an instance that have been made, each before the parts within it. Parts within a fresh one are fresh.
    fn named_parts(&self, id: InstanceId, owner: Option<&str>, is_fresh: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        for (name, (_, member)) in &self.spec.block(self.instances[id].block).members {
            let (MemberKind::Part(def), Some(Some(value))) = (&member.kind, self.instances[id].members.get(name))
            else {
                continue;
            };
            let name = owner.map_or_else(|| name.to_string(), |owner| format!("{owner}.{name}"));
            let made: Vec<(String, Value)> = match value.elements() {
                Some(items) => (0..).zip(items).map(|(i, item): (usize, _)| (format!("{name}.{i}"), item)).collect(),
                None => vec![(name, value.clone())],
            };
            for (name, value) in made {
                let Value::Instance(id) = value else { continue };
                let is_fresh = is_fresh || def.is_fresh;
                let (block, path) = (self.block_name(id).to_string(), self.instances[id].prefix.to_string());
                let inner = self.named_parts(id, Some(&name), is_fresh);
                parts.push(Part { name, owner: owner.map(str::to_owned), block, path, is_fresh });
                parts.extend(inner);
            }
        }
        parts
    }

    /// The instances that paths such as `sd.decoder` name.
    pub(crate) fn parts(&mut self, env: &Environment, paths: &[PartPath]) -> Outcome<Vec<InstanceId>> {
        let mut instances = Vec::new();
        for path in paths {
            let mut value = Value::Instance(InstanceId::MODEL);
            for name in path {
                value = self.field(env, &value, &name.node, name.span)?;
            }
            // A path without a name is one that could not be read.
            let span = path.iter().map(|name| name.span).reduce(Span::to).ok_or(Reported::before())?;
            let items = if let Value::List(items) = &value { items.to_vec() } else { vec![value.clone()] };
            for item in items {
                let Value::Instance(id) = item else {
                    return Err(self.refuse("what is trained", "a part", &item, span));
                };
                instances.push(id);
            }
        }
        Ok(instances)
    }

    /// The weights of each objective: those of the parts it trains, without statistics and without what it freezes.
    fn trained_weights(&mut self, objectives: Vec<(Vec<InstanceId>, &Arc<ObjectiveDef>)>) -> Vec<Objective> {
        let mut result = Vec::new();
        for (trains, def) in objectives {
            let env = self.model_environment("trains", ModuleId(0));
            self.function.freezes = self.parts(&env, &def.freezes).unwrap_or_default();
            self.function.trains = trains;
            let ids = self.trained();
            if ids.is_empty() && self.reports.is_empty() {
                self.function.freezes.clear();
                let (why, help) = if self.trained().is_empty() {
                    ("its parts have no weights", None)
                } else {
                    ("all that it trains is frozen", Some("leave out of `freezes` what is to be trained".to_owned()))
                };
                let text = format!("`{}` trains nothing: {why}", def.function.name.node);
                self.report(Diagnostic::new(Code::TrainsNothing, text, def.function.name.span).help_if(help));
            }
            result.push(Objective { name: def.function.name.node.to_string(), trains: ids });
        }
        result
    }

    /// The weights that the present objective trains; statistics are not among them.
    pub(crate) fn trained(&self) -> Vec<WeightId> {
        let weights = (0..).zip(self.builder.weights.values());
        let trained = weights
            .filter(|(_, declared)| !declared.weight.is_statistic && self.is_trained(declared.owner))
            .map(|(id, _)| WeightId(id));
        trained.collect()
    }

    /// Reports each weight of a copy whose original is missing or has another shape.
    fn check_copies(&mut self) {
        let mut wrong = Vec::new();
        for declared in self.builder.weights.values() {
            let Init::CopyOf(original) = &declared.weight.init else { continue };
            match self.builder.weights.get(original.as_str()) {
                Some(of) if of.weight.shape == declared.weight.shape => {}
                Some(of) => wrong.push(error::copy_of_other_shape(&declared.weight, &of.weight)),
                None => wrong.push(error::copy_of_unused(&declared.weight.path, original, declared.weight.span)),
            }
        }
        for diagnostic in wrong {
            self.report(diagnostic);
        }
    }
}
