//! The model of an experiment: builds a graph for each of its functions and objectives and for its score.

pub(crate) mod image_format;
pub(crate) mod measure;
mod query;
pub(crate) mod settings;
mod written;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::fact::{BATCH, Dim, Fact, Shape};
use diadc_core::graph::Function;
use diadc_core::op::WeightId;
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{FnDef, MemberKind, Name, ObjectiveDef, PartPath, SectionContent};
use crate::parse::section::Section;
use crate::program::{ImageFormat, Init, Objective, Part, Program};
use crate::resolve::spec::{BlockId, ByName, ModuleId};

use crate::check::evaluate::argument::as_int;
use crate::check::report::{Outcome, Reported};
use crate::check::trace::Callee;
use crate::check::value::environment::{Environment, Instance};
use crate::check::value::{Given, InstanceId, Tensor, Value};
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
        let (mut functions, mut objectives, mut phases) = (Vec::new(), Vec::new(), Vec::new());
        for (name, (module, member)) in &block.members {
            if self.probed.is_some() && self.reports.has_new() {
                return Err(Reported::before());
            }
            match &member.kind {
                MemberKind::Fn(def) if is_whole(def) => {
                    functions.extend(self.plain_function(*module, def).ok().flatten());
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
                    (Section::Training, SectionContent::Settings(_)) => phases.extend(self.phase(*module, def)),
                    // The settings of `data` and `measure` have been read above.
                    (Section::Score | Section::Training | Section::Data | Section::Measure, _) => {}
                },
                // Members that no function asks for are looked at all the same.
                MemberKind::Fn(_) => {}
                MemberKind::Param(_) => {}
                MemberKind::Let(def) | MemberKind::Part(def) => self.look_at(name, def.name.span),
            }
        }
        let definitions: Vec<&Arc<ObjectiveDef>> = objectives.iter().map(|(_, def)| *def).collect();
        let objectives = self.trained_weights(objectives);
        self.check_copies();
        let written = self.written(&definitions);
        Ok(Program {
            name: block.name.node.to_string(),
            doc: spec.modules[0].doc.clone(),
            params,
            weights: self.builder.declared(),
            parts: self.named_parts(InstanceId::MODEL, None, false),
            functions,
            objectives,
            phases,
            data: data.ok().flatten(),
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

    /// The value of a function of the model for inputs.
    fn run(
        &mut self,
        module: ModuleId,
        def: &Arc<FnDef>,
        scope: diadc_core::graph::ScopeId,
        inputs: Vec<(Name, Fact)>,
    ) -> Outcome<Value> {
        let mut env = self.environment_of(InstanceId::MODEL, module, scope);
        let given: Vec<Given> = inputs
            .into_iter()
            .map(|(name, fact)| {
                let tensor = self.builder.input(&name.node, fact, env.origin(name.span));
                Given { name: Some((name.node.clone(), name.span)), value: Value::Tensor(tensor), span: name.span }
            })
            .collect();
        self.function.batch = Some(Dim::symbol(BATCH));
        let entered = self.enter_call(def.name.span)?;
        let value = self.run_function(&mut env, def, given, def.name.span);
        let text = format!("in `{}`", self.function.name);
        self.leave(entered, Callee::Words(&text), &[]);
        value
    }

    /// A function all of whose parameters have shapes can be run by itself.
    fn plain_function(&mut self, module: ModuleId, def: &Arc<FnDef>) -> Outcome<Option<Function>> {
        let name = def.name.node.clone();
        let scope = self.begin(&name);
        let mut env = self.environment_of(InstanceId::MODEL, module, scope);
        let mut inputs = Vec::new();
        for param in &def.params {
            let Some(ty) = &param.ty else { return Ok(None) };
            let Some(fact) = self.input_fact(&mut env, ty)? else { return Ok(None) };
            inputs.push((param.name.clone(), fact));
        }
        let value = self.run(module, def, scope, inputs)?;
        let outputs = self.outputs(&value, def)?;
        Ok(Some(self.builder.finish(&name, &outputs)))
    }

    /// The tensors in the result of a function, with their names.
    fn outputs(&mut self, value: &Value, def: &FnDef) -> Outcome<Vec<(String, Tensor)>> {
        let mut outputs = Vec::new();
        collect("", value, &mut outputs);
        if outputs.is_empty() {
            let what = format!("the result of `{}`", def.name.node);
            return Err(self.refuse(&what, "a tensor", value, def.body.result_span()));
        }
        Ok(outputs)
    }

    fn image_inputs(
        &mut self,
        def: &FnDef,
        data: Outcome<Option<ImageFormat>>,
        known: &[&str],
    ) -> Outcome<Vec<(Name, Fact)>> {
        let Some(data) = data? else {
            if self.is_partial(Some(InstanceId::MODEL)) {
                return Err(Reported::before());
            }
            let text = format!("`{}` takes images, and the model does not say how they come", def.name.node);
            let help = "add `data { size = 256 }` to the model";
            return Err(self.report(Diagnostic::new(Code::NoData, text, def.name.span).help(help)));
        };
        let [h, w] = [data.height, data.width].map(|n| Dim::from(as_int(n)));
        let batch = Dim::symbol(BATCH);
        let mut inputs = Vec::new();
        for param in &def.params {
            let fact = match &*param.name.node {
                "image" => Fact::float(Shape(vec![batch.clone(), Dim::from(3), h.clone(), w.clone()])),
                "class" if known.contains(&"class") => Fact::int(Shape(vec![batch.clone()])),
                _ if param.default.is_some() => continue,
                other => {
                    let text = format!("nothing provides `{other}` to `{}`", def.name.node);
                    let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                    let help = format!("it can take {}", list.join(" and "));
                    return Err(self.report(Diagnostic::new(Code::UnknownInput, text, param.name.span).help(help)));
                }
            };
            inputs.push((param.name.clone(), fact));
        }
        Ok(inputs)
    }

    fn objective(
        &mut self,
        module: ModuleId,
        def: &Arc<ObjectiveDef>,
        data: Outcome<Option<ImageFormat>>,
    ) -> Outcome<(Function, Vec<InstanceId>)> {
        let name = def.function.name.node.clone();
        let inputs = self.image_inputs(&def.function, data, &["image", "class"])?;
        let scope = self.begin(&name);
        self.function.is_objective = true;
        let env = self.environment_of(InstanceId::MODEL, module, scope);
        self.function.trains = self.parts(&env, &def.trains)?;
        self.function.freezes = self.parts(&env, &def.freezes)?;
        let trains = self.function.trains.clone();
        match self.run(module, &def.function, scope, inputs)? {
            Value::Tensor(loss) if *loss.fact == Fact::float(Shape::default()) => {
                Ok((self.builder.finish(&name, &[("loss".to_owned(), loss)]), trains))
            }
            other => {
                let kind = other.kind(self.spec);
                let what = format!("the objective `{name}`");
                let diagnostic = error::wrong_type(&what, "a single number", &kind, def.function.body.result_span());
                Err(self.report(diagnostic.help("reduce it, as in `mean(..)` or `mse(a, b)`")))
            }
        }
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
            let items = match &value {
                Value::List(items) => items.to_vec(),
                other => vec![other.clone()],
            };
            for item in items {
                match item {
                    Value::Instance(id) => instances.push(id),
                    other => return Err(self.refuse("what is trained", "a part", &other, span)),
                }
            }
        }
        Ok(instances)
    }

    fn score(&mut self, module: ModuleId, def: &Arc<FnDef>, data: Outcome<Option<ImageFormat>>) -> Outcome<Function> {
        let inputs = self.image_inputs(def, data, &["image"])?;
        let scope = self.begin("score");
        let value = self.run(module, def, scope, inputs)?;
        let Value::Record(entries) = &value else {
            let kind = value.kind(self.spec);
            let diagnostic = error::wrong_type("the result of `score`", "a record", &kind, def.body.result_span());
            return Err(self.report(diagnostic.help("as in `{map: map, value: value}`")));
        };
        let batch = Dim::symbol(BATCH);
        let mut outputs = Vec::new();
        for (name, value) in entries.iter() {
            let fits = |shape: &Shape| match (&**name, shape.0.as_slice()) {
                ("map", [b, _, _]) | ("value", [b]) => *b == batch,
                ("map", [b, one, _, _]) => *b == batch && *one == Dim::from(1),
                ("map" | "value", _) => false,
                (_, [b, three, _, _]) => *b == batch && *three == Dim::from(3),
                _ => false,
            };
            match value {
                Value::Tensor(tensor) if fits(&tensor.fact.shape) && tensor.depth == 0 => {
                    outputs.push((name.to_string(), tensor.clone()));
                }
                other => {
                    let wanted = match &**name {
                        "map" => "an anomaly map [B, h, w] or [B, 1, h, w]",
                        "value" => "one number for each image [B]",
                        _ => "an image [B, 3, h, w] to show",
                    };
                    let what = format!("`{name}` of `score`");
                    return Err(self.refuse(&what, wanted, other, def.body.result_span()));
                }
            }
        }
        for needed in ["map", "value"] {
            if !entries.contains_key(needed) {
                let text = format!("`score` gives no `{needed}`");
                let help = "its result is a record `{map: .., value: ..}`, and further images to show";
                return Err(self.report(Diagnostic::new(Code::MissingKey, text, def.body.result_span()).help(help)));
            }
        }
        Ok(self.builder.finish("score", &outputs))
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
                let text = format!("`{}` trains nothing: its parts have no weights", def.function.name.node);
                self.report(Diagnostic::new(Code::TrainsNothing, text, def.function.name.span));
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

/// Whether a function can be run by itself: every parameter says its shape.
fn is_whole(def: &FnDef) -> bool {
    use crate::parse::ast::TypeKind;
    let has_shape = |ty: &crate::parse::ast::Type| matches!(ty.kind, TypeKind::Shape(..));
    !def.params.is_empty() && def.params.iter().all(|param| param.ty.as_ref().is_some_and(has_shape))
}

/// All tensors in a value, with the path that leads to each.
pub(crate) fn collect(path: &str, value: &Value, into: &mut Vec<(String, Tensor)>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Tensor(tensor) => {
            into.push((if path.is_empty() { "result".to_owned() } else { path.to_owned() }, tensor.clone()));
        }
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(&join(&i.to_string()), item, into);
            }
        }
        Value::Record(entries) => {
            for (key, item) in entries.iter() {
                collect(&join(key), item, into);
            }
        }
        _ => {}
    }
}
