//! Instances of blocks: how they are made, copied, and what their members are.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{FnDef, MemberKind, SectionContent};
use crate::resolve::spec::{BlockId, ByName, ModuleId};

use super::argument::Slot;
use super::environment::{DefaultPlace, Environment, Instance, join};
use super::record::named;
use super::value::{Given, InstanceId, Place, Value};
use super::{Checker, error, list};

impl Checker<'_> {
    /// `Block(arguments) @ place`
    pub(super) fn construct(
        &mut self,
        env: &mut Environment,
        block_id: BlockId,
        given: Vec<Given>,
        place: &mut Option<Place>,
        span: Span,
    ) -> Value {
        let block = self.spec.block(block_id);
        let name = block.name.node.clone();
        let slots: Vec<Slot<'_>> = block
            .params
            .iter()
            .map(|param| Slot { name: &param.name.node, optional: param.default.is_some() })
            .collect();
        self.saw_arguments(&given, named(block.params.iter().map(|param| &param.name)));
        let Some(bound) = self.bind(&name, &slots, given, span) else {
            place.take();
            return Value::Poison;
        };
        let mut inner = Environment::new(block.module, None, "".into(), env.scope);
        let mut arguments = ByName::default();
        for (param, argument) in block.params.iter().zip(bound) {
            let (value, at) = match (argument, &param.default) {
                (Some(given), _) => (given.value, given.span),
                (None, Some(default)) => (self.expr(&mut inner, default), default.span),
                (None, None) => (Value::Poison, span),
            };
            let is_default_none = matches!(value, Value::None) && param.default.is_some();
            let value = match &param.ty {
                Some(ty) if !is_default_none => {
                    let what = format!("`{}` of `{name}`", param.name.node);
                    match self.matches(&mut inner, ty, value, &what, at) {
                        Some(value) => value,
                        None => {
                            place.take();
                            return Value::Poison;
                        }
                    }
                }
                _ => value,
            };
            self.saw(param.name.span, &value);
            inner.define(param.name.node.clone(), value.clone());
            arguments.insert(param.name.node.clone(), value);
        }
        let Some(own_place) = self.own_place(env, place, &name, span) else { return Value::Poison };
        let prefix = join(&env.prefix, &own_place);
        if !self.reach(env, &prefix, span, false) {
            return Value::Poison;
        }
        let instance = Instance {
            block: block_id,
            arguments,
            prefix,
            place: own_place,
            owner: env.owner(),
            copy_of: None,
            members: FxHashMap::default(),
        };
        self.instance(instance)
    }

    fn instance(&mut self, instance: Instance) -> Value {
        self.instances.push(instance);
        Value::Instance(InstanceId(self.instances.len() - 1))
    }

    fn own_place(&mut self, env: &Environment, place: &mut Option<Place>, what: &str, span: Span) -> Option<Arc<str>> {
        if let Some(place) = place.take() {
            return Some(place.path);
        }
        if env.makes_part {
            return Some(env.default_place.as_ref().map_or_else(|| "".into(), |place| place.path.clone()));
        }
        self.report(error::no_place(what, span));
        None
    }

    /// Notes that a call has reached a place; each may be reached once in a call, and made at one place of the source.
    pub(super) fn reach(&mut self, env: &Environment, prefix: &Arc<str>, span: Span, is_copy: bool) -> bool {
        // What lies where its owner does has no place of its own; its layers have.
        if env.owner().is_some_and(|owner| self.instances[owner.0].prefix == *prefix) {
            return true;
        }
        if !env.makes_part
            && let Some(first) = env.reached.borrow_mut().insert(prefix.clone(), span)
        {
            self.report(error::place_reached_twice(prefix, span, first));
            return false;
        }
        match self.placed.insert(prefix.clone(), span) {
            Some(first) if first != span => {
                self.report(error::place_taken(prefix, span, first, is_copy));
                false
            }
            _ => true,
        }
    }

    /// `copy original`
    pub(super) fn copy(&mut self, env: &mut Environment, original: &Value, span: Span) -> Value {
        match original {
            Value::Poison => Value::Poison,
            Value::Instance(id) => {
                let of = &self.instances[id.0];
                let own: Arc<str> = match &env.default_place {
                    Some(DefaultPlace { path, is_index: true }) => path.clone(),
                    Some(_) => of.place.clone(),
                    None => "".into(),
                };
                let prefix = join(&env.prefix, &own);
                let around = env.owner().map_or("", |owner| &*self.instances[owner.0].prefix);
                let place = prefix.strip_prefix(around).map_or(&*prefix, |rest| rest.trim_start_matches('.'));
                let instance = Instance {
                    block: of.block,
                    arguments: of.arguments.clone(),
                    prefix: prefix.clone(),
                    place: place.into(),
                    owner: env.owner(),
                    copy_of: Some(*id),
                    members: FxHashMap::default(),
                };
                if !env.makes_part {
                    return self.report(
                        Diagnostic::new(Code::CopyOutsidePart, "a copy must be a `part`", span)
                            .help("write `part name = copy ..` in the block or model"),
                    );
                }
                if !self.reach(env, &prefix, span, true) {
                    return Value::Poison;
                }
                self.instance(instance)
            }
            Value::List(items) => {
                let (outer_prefix, outer) = (env.prefix.clone(), env.default_place.take());
                if let Some(name) = &outer {
                    env.prefix = join(&outer_prefix, &name.path);
                }
                let mut copies = Vec::new();
                for (i, item) in items.iter().enumerate() {
                    env.default_place = Some(DefaultPlace { path: i.to_string().into(), is_index: true });
                    copies.push(self.copy(env, item, span));
                }
                env.prefix = outer_prefix;
                env.default_place = outer;
                list(copies)
            }
            other => {
                let kind = other.kind(self.spec);
                self.report(error::wrong_type("what is copied", "a part", &kind, span))
            }
        }
    }

    pub(super) fn block_name(&self, instance: InstanceId) -> Arc<str> {
        self.spec.block(self.instances[instance.0].block).name.node.clone()
    }

    pub(super) fn main_function(&self, instance: InstanceId) -> Option<(ModuleId, Arc<FnDef>)> {
        let block = self.spec.block(self.instances[instance.0].block);
        match block.members.get("fn") {
            Some((module, member)) => match &member.kind {
                MemberKind::Fn(def) => Some((*module, def.clone())),
                _ => None,
            },
            None => None,
        }
    }

    pub(super) fn has_member(&self, instance: InstanceId, name: &str) -> bool {
        let instance = &self.instances[instance.0];
        instance.arguments.contains_key(name) || self.spec.block(instance.block).members.contains_key(name)
    }

    /// The value of a member; none if there is no such member.
    pub(super) fn member(&mut self, id: InstanceId, name: &Arc<str>, span: Span, env: &Environment) -> Option<Value> {
        let instance = &self.instances[id.0];
        if let Some(value) = instance.arguments.get(name) {
            return Some(value.clone());
        }
        match instance.members.get(name) {
            Some(Some(value)) => return Some(value.clone()),
            Some(None) => return Some(self.report(error::cycle(name, span))),
            None => {}
        }
        let spec = self.spec;
        let (module, member) = spec.block(instance.block).members.get(name)?;
        Some(match &member.kind {
            MemberKind::Fn(def) => Value::Method(id, *module, def.clone()),
            MemberKind::Objective(def) => Value::Method(id, *module, def.function.clone()),
            MemberKind::Section(def) => match &def.content {
                SectionContent::Function(def) => Value::Method(id, *module, def.clone()),
                SectionContent::Settings(_) => return None,
            },
            MemberKind::Param(def) => {
                let def = def.clone();
                let value = self.computed(id, name, |this| this.param(id, *module, &def));
                self.saw(def.name.span, &value);
                value
            }
            MemberKind::Let(def) => {
                let def = def.clone();
                let scope = env.scope;
                let make = |this: &mut Self| {
                    let mut inner = this.environment_of(id, *module, scope);
                    this.expr(&mut inner, &def.value)
                };
                let value =
                    if id == InstanceId(0) { self.shared(id, name, make) } else { self.computed(id, name, make) };
                self.saw(def.name.span, &value);
                value
            }
            MemberKind::Part(def) => {
                let def = def.clone();
                let scope = env.scope;
                let value = self.computed(id, name, |this| this.part(id, *module, &def, scope));
                self.saw(def.name.span, &value);
                value
            }
        })
    }

    fn part(
        &mut self,
        id: InstanceId,
        module: ModuleId,
        def: &crate::parse::ast::LetDef,
        scope: diadc_core::graph::ScopeId,
    ) -> Value {
        let mut inner = self.environment_of(id, module, scope);
        inner.makes_part = true;
        inner.default_place = Some(DefaultPlace { path: def.name.node.clone(), is_index: false });
        let value = self.expr(&mut inner, &def.value);
        let is_parts = |value: &Value| matches!(value, Value::Instance(_) | Value::Poison);
        let fine = is_parts(&value) || value.elements().is_some_and(|items| items.iter().all(is_parts));
        if fine {
            return value;
        }
        let kind = value.kind(self.spec);
        let help = "a part is made by calling a block; other values are given a name with `let`";
        self.report(
            error::wrong_type(
                &format!("the part `{}`", def.name.node),
                "a block with its parameters",
                &kind,
                def.value.span,
            )
            .help(help),
        )
    }

    /// Computes a member and keeps it, unless a tensor of one function is in it.
    fn computed(&mut self, id: InstanceId, name: &Arc<str>, make: impl FnOnce(&mut Self) -> Value) -> Value {
        self.instances[id.0].members.insert(name.clone(), None);
        let value = make(self);
        if value.holds_tensor() {
            self.instances[id.0].members.remove(name);
        } else {
            self.instances[id.0].members.insert(name.clone(), Some(value.clone()));
        }
        value
    }

    /// Computes a member of the model. A tensor is computed once for the whole function, outside of its loops, whose
    /// steps it can't depend on.
    fn shared(&mut self, id: InstanceId, name: &Arc<str>, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if let Some(value) = self.function.shared.get(name) {
            return value.clone();
        }
        let loops = self.builders.split_off(self.builders.len().min(1));
        let value = self.computed(id, name, make);
        self.builders.extend(loops);
        if value.holds_tensor() {
            self.function.shared.insert(name.clone(), value.clone());
        }
        value
    }

    pub(super) fn unknown_member(&mut self, id: InstanceId, name: &str, span: Span) -> Value {
        if self.is_partial(Some(id)) {
            return Value::Poison;
        }
        let block = self.spec.block(self.instances[id.0].block);
        let known = block.params.iter().map(|param| &*param.name.node).chain(block.members.keys().map(|key| &**key));
        let owner = format!("a `{}`", block.name.node);
        let diagnostic = error::unknown_field(name, &owner, known.filter(|key| *key != "fn"), span);
        self.report(diagnostic)
    }
}
