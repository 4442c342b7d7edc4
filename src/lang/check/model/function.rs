//! The functions of a model, its objectives and its score: each becomes the graph of a function.

use std::sync::Arc;

use indexmap::IndexMap;

use diadc_core::fact::{BATCH, Dim, Fact, Shape};
use diadc_core::graph::{Function, ScopeId};

use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::parse::ast::{Expr, ExprKind, FnDef, Name, ObjectiveDef, Statement, Type, TypeKind};
use crate::program::ImageFormat;
use crate::resolve::spec::ModuleId;

use super::source::GIVEN;
use crate::check::evaluate::argument::as_int;
use crate::check::report::{Outcome, Reported};
use crate::check::trace::Callee;
use crate::check::value::{Given, InstanceId, Tensor, Value};
use crate::check::{Expander, error};

impl Expander<'_> {
    /// The value of a function of the model for inputs.
    pub(super) fn run(
        &mut self,
        module: ModuleId,
        def: &Arc<FnDef>,
        scope: ScopeId,
        inputs: Vec<(Name, Fact)>,
    ) -> Outcome<Value> {
        let mut env = self.environment_of(InstanceId::MODEL, module, scope);
        env.locals.append(&mut self.function.locals);
        let given = inputs.into_iter().map(|(name, fact)| {
            let tensor = self.input(&name.node, fact, env.origin(name.span))?;
            Ok(Given { name: Some((name.node.clone(), name.span)), value: Value::Tensor(tensor), span: name.span })
        });
        let given: Vec<Given> = given.collect::<Outcome<_>>()?;
        self.function.batch = Some(Dim::symbol(BATCH));
        let entered = self.enter_call(def.name.span)?;
        let value = self.run_function(&mut env, def, given, def.name.span);
        let text = format!("in `{}`", self.function.name);
        self.leave(entered, Callee::Words(&text), &[]);
        value
    }

    /// A function all of whose parameters have shapes can be run by itself.
    pub(crate) fn plain_function(&mut self, module: ModuleId, def: &Arc<FnDef>) -> Outcome<Option<Function>> {
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
        if outputs.is_empty() || value.holds_poison() {
            let what = format!("the result of `{}`", def.name.node);
            return Err(self.refuse_result(&what, "a tensor", value, &def.body, ""));
        }
        Ok(outputs)
    }

    pub(super) fn image_inputs(
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
        let batch = Dim::symbol(BATCH);
        let takes_sources = known.contains(&"other");
        let mut inputs = Vec::new();
        for param in &def.params {
            let fact = match &*param.name.node {
                "image" => image_fact(data),
                "other" if known.contains(&"other") => image_fact(data),
                "class" if known.contains(&"class") => Fact::int(Shape(vec![batch.clone()])),
                "step" if known.contains(&"step") => Fact::int(Shape::default()),
                "progress" if known.contains(&"progress") => Fact::float(Shape::default()),
                name if takes_sources && self.sources.iter().any(|source| source.name == name) => {
                    let source = self.sources.iter().find(|source| source.name == name).expect("it was just found");
                    image_fact(source.format)
                }
                _ if param.default.is_some() => continue,
                // What is wrong with it has been reported.
                name if takes_sources && self.model_block().members.contains_key(&*format!("source {name}")) => {
                    return Err(Reported::before());
                }
                other => {
                    let text = format!("nothing provides `{other}` to `{}`", def.name.node);
                    let sources = self.sources.iter().filter(|_| takes_sources).map(|source| source.name.as_str());
                    let list: Vec<String> =
                        known.iter().copied().chain(sources).map(|name| format!("`{name}`")).collect();
                    let (last, others) = list.split_last().expect("all take images");
                    let help = format!("it can take {} and {last}", others.join(", "));
                    return Err(self.report(Diagnostic::new(Code::UnknownInput, text, param.name.span).help(help)));
                }
            };
            inputs.push((param.name.clone(), fact));
        }
        Ok(inputs)
    }

    pub(crate) fn objective(
        &mut self,
        module: ModuleId,
        def: &Arc<ObjectiveDef>,
        data: Outcome<Option<ImageFormat>>,
    ) -> Outcome<(Function, Vec<InstanceId>)> {
        let name = def.function.name.node.clone();
        let inputs = self.image_inputs(&def.function, data, &GIVEN)?;
        let scope = self.begin(&name);
        self.function.is_objective = true;
        let env = self.environment_of(InstanceId::MODEL, module, scope);
        self.function.trains = self.parts(&env, &def.trains)?;
        self.function.freezes = self.parts(&env, &def.freezes)?;
        let trains = self.function.trains.clone();
        let value = self.run(module, &def.function, scope, inputs)?;
        if let Value::Tensor(loss) = &value
            && *loss.fact == Fact::float(Shape::default())
        {
            return Ok((self.builder.finish(&name, &[("loss".to_owned(), loss.clone())]), trains));
        }
        let (what, help) = (format!("the objective `{name}`"), "reduce it, as in `mean(..)` or `mse(a, b)`");
        Err(self.refuse_result(&what, "a single number", &value, &def.function.body, help))
    }

    pub(crate) fn score(
        &mut self,
        module: ModuleId,
        def: &Arc<FnDef>,
        data: Outcome<Option<ImageFormat>>,
    ) -> Outcome<Function> {
        let inputs = self.image_inputs(def, data, &["image", "class"])?;
        let scope = self.begin("score");
        let value = self.run(module, def, scope, inputs)?;
        let Value::Record(entries) = &value else {
            let help = "as in `{map: map, value: value}`";
            return Err(self.refuse_result("the result of `score`", "a record", &value, &def.body, help));
        };
        self.has_map_and_value(def, entries)?;
        let mut outputs = Vec::new();
        for (name, value) in entries.iter() {
            if let Some(tensor) = shown_as(name, value) {
                outputs.push((name.to_string(), tensor.clone()));
                continue;
            }
            let wanted = match &**name {
                "map" => "an anomaly map [B, h, w] or [B, 1, h, w]",
                "value" => "one number for each image [B]",
                _ => "an image [B, 3, h, w] to show",
            };
            let what = format!("`{name}` of `score`");
            let span = entry(def, name).map_or(def.body.result_span(), |(name, value)| name.span.to(value.span));
            let help = match (&**name, value) {
                ("map", Value::Tensor(_)) => "the mean over channels is `mean(x, axis: 1, keep: true)`",
                ("value", Value::Tensor(_)) => "the largest number of each image is `max(x, axis: [1, 2, 3])`",
                _ => return Err(self.refuse(&what, wanted, value, span)),
            };
            let kind = value.kind(self.spec);
            return Err(self.report(error::wrong_type(&what, wanted, &kind, span).help(help)));
        }
        Ok(self.builder.finish("score", &outputs))
    }

    /// Reports it if a score lacks its map or its value, with the only other entry that could be it.
    fn has_map_and_value(&mut self, def: &FnDef, entries: &IndexMap<Arc<str>, Value>) -> Outcome<()> {
        let mut outcome = Ok(());
        for needed in ["map", "value"] {
            if entries.contains_key(needed) {
                continue;
            }
            let others = entries.iter().filter(|(name, _)| !matches!(&***name, "map" | "value"));
            let meant: Vec<&Arc<str>> =
                others.filter(|(_, value)| shown_as(needed, value).is_some()).map(|(name, _)| name).collect();
            let text = format!("`score` gives no `{needed}`");
            let written = if let [name] = meant.as_slice() { entry(def, name) } else { None };
            let diagnostic = match written {
                Some((name, _)) => Diagnostic::new(Code::MissingKey, text, name.span)
                    .help(format!("is `{}` meant? By its shape it could be the `{needed}`", name.node))
                    .fix(Fix::write(needed, name.span)),
                None => Diagnostic::new(Code::MissingKey, text, def.body.result_span())
                    .help("its result is a record `{map: .., value: ..}`, and further images to show"),
            };
            outcome = Err(self.report(diagnostic));
        }
        outcome
    }
}

/// The tensor in an entry of a score, if it can be shown as what the entry is called.
fn shown_as<'a>(name: &str, value: &'a Value) -> Option<&'a Tensor> {
    let Value::Tensor(tensor) = value else { return None };
    let batch = Dim::symbol(BATCH);
    let fits = match (name, tensor.fact.shape.0.as_slice()) {
        ("map", [b, _, _]) | ("value", [b]) => *b == batch,
        ("map", [b, one, _, _]) => *b == batch && *one == Dim::from(1),
        ("map" | "value", _) => false,
        (_, [b, three, _, _]) => *b == batch && *three == Dim::from(3),
        _ => false,
    };
    (fits && tensor.depth == 0).then_some(tensor)
}

/// An entry of the record that is written as the value of a function.
fn entry<'a>(def: &'a FnDef, name: &str) -> Option<&'a (Name, Expr)> {
    let Some(Statement::Expr(Expr { kind: ExprKind::Record(entries), .. })) = def.body.statements.last() else {
        return None;
    };
    entries.iter().find(|(entry, _)| &*entry.node == name)
}

/// A batch of images as they reach the model.
pub(super) fn image_fact(data: ImageFormat) -> Fact {
    let [h, w] = [data.height, data.width].map(|n| Dim::from(as_int(n)));
    Fact::float(Shape(vec![Dim::symbol(BATCH), Dim::from(3), h, w]))
}

/// Whether a function can be run by itself: every parameter says its shape.
pub(crate) fn is_whole(def: &FnDef) -> bool {
    let has_shape = |ty: &Type| matches!(ty.kind, TypeKind::Shape(..));
    !def.params.is_empty() && def.params.iter().all(|param| param.ty.as_ref().is_some_and(has_shape))
}

/// All tensors in a value, with the path that leads to each.
pub(crate) fn collect(path: &str, value: &Value, into: &mut Vec<(String, Tensor)>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    if let Value::Tensor(tensor) = value {
        into.push((if path.is_empty() { "result".to_owned() } else { path.to_owned() }, tensor.clone()));
    } else if let Value::Record(entries) = value {
        for (key, item) in entries.iter() {
            collect(&join(key), item, into);
        }
    } else {
        for (i, item) in value.inner().enumerate() {
            collect(&join(&i.to_string()), item, into);
        }
    }
}
