//! Instances of blocks: makes them, copies them, and computes their members.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::graph::ScopeId;
use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{FnDef, LetDef, MemberKind, SectionContent};
use crate::resolve::spec::{BlockId, ByName, ModuleId};
use crate::resolve::unknown_member;

use crate::check::report::{Outcome, Reported};
use crate::check::value::environment::{DefaultPlace, Environment, Instance, join};
use crate::check::value::{Given, InstanceId, Value, WeightPlace};
use crate::check::{Expander, error};

impl Expander<'_> {
    /// `Block(arguments) @ place`
    pub(crate) fn construct(
        &mut self,
        env: &Environment,
        block_id: BlockId,
        given: Vec<Given>,
        place: Option<WeightPlace>,
        span: Span,
    ) -> Outcome<Value> {
        let block = self.spec.block(block_id);
        let name = &block.name.node;
        let bound = self.bind_params(name, &block.params, given, span)?;
        let mut inner = Environment::new(block.module, None, "".into(), env.scope);
        let mut arguments = ByName::default();
        for (param, argument) in block.params.iter().zip(bound) {
            let value = self.argument(&mut inner, name, param, argument)?;
            self.saw(param.name.span, &value);
            inner.define(param.name.node.clone(), value.clone());
            arguments.insert(param.name.node.clone(), value);
        }
        let place = match (place, &env.default_place) {
            (Some(place), _) => place.path,
            (None, Some(place)) if env.makes_part => place.path.clone(),
            (None, None) if env.makes_part => "".into(),
            (None, _) => return Err(self.report(error::no_place(name, span))),
        };
        let prefix = join(&env.prefix, &place);
        self.reach(env, &prefix, span, false)?;
        let id = self.instances.add(Instance {
            block: block_id,
            arguments,
            prefix,
            place,
            owner: env.owner(),
            copy_of: None,
            members: FxHashMap::default(),
        });
        Ok(Value::Instance(id))
    }

    /// Notes that a call has reached a place for weights. A call may reach a place once, and one spot of the source alone
    /// may use it.
    pub(crate) fn reach(&mut self, env: &Environment, prefix: &Arc<str>, span: Span, is_copy: bool) -> Outcome<()> {
        // What lies where its owner does has no place of its own; its layers have.
        if env.owner().is_some_and(|owner| self.instances[owner].prefix == *prefix) {
            return Ok(());
        }
        if !env.makes_part
            && let Some(first) = env.reached.borrow_mut().insert(prefix.clone(), span)
        {
            return Err(self.report(error::place_reached_twice(prefix, span, first)));
        }
        match self.placed.insert(prefix.clone(), span) {
            Some(first) if first != span => Err(self.report(error::place_taken(prefix, span, first, is_copy))),
            _ => Ok(()),
        }
    }

    /// `copy original`
    pub(crate) fn copy(&mut self, env: &mut Environment, original: &Value, span: Span) -> Outcome<Value> {
        if let Value::List(items) = original {
            let copy = |(i, item)| self.element(env, i, |this, env| Value::or_poison(this.copy(env, item, span)));
            return Ok(Value::list((0..).zip(items.iter()).map(copy).collect()));
        }
        let Value::Instance(id) = original else {
            return Err(if original.is_poison() {
                Reported::before()
            } else {
                self.refuse("what is copied", "a part", original, span)
            });
        };
        let of = &self.instances[*id];
        let own: Arc<str> = match &env.default_place {
            Some(DefaultPlace { path, is_index: true }) => path.clone(),
            Some(_) => of.place.clone(),
            None => "".into(),
        };
        let prefix = join(&env.prefix, &own);
        let around = env.owner().map_or("", |owner| &*self.instances[owner].prefix);
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
            let diagnostic = Diagnostic::new(Code::CopyOutsidePart, "a copy must be a `part`", span);
            return Err(self.report(diagnostic.help("write `part name = copy ..` in the block or model")));
        }
        self.reach(env, &prefix, span, true)?;
        Ok(Value::Instance(self.instances.add(instance)))
    }

    pub(crate) fn block_name(&self, instance: InstanceId) -> Arc<str> {
        self.spec.block(self.instances[instance].block).name.node.clone()
    }

    pub(crate) fn main_function(&self, instance: InstanceId) -> Option<(ModuleId, Arc<FnDef>)> {
        let block = self.spec.block(self.instances[instance].block);
        let (module, member) = block.members.get("fn")?;
        let MemberKind::Fn(def) = &member.kind else { return None };
        Some((*module, def.clone()))
    }

    pub(crate) fn has_member(&self, instance: InstanceId, name: &str) -> bool {
        let instance = &self.instances[instance];
        instance.arguments.contains_key(name) || self.spec.block(instance.block).members.contains_key(name)
    }

    /// The value of a member; `None` if there is no such member.
    pub(crate) fn member(
        &mut self,
        id: InstanceId,
        name: &Arc<str>,
        span: Span,
        env: &Environment,
    ) -> Option<Outcome<Value>> {
        let instance = &self.instances[id];
        if let Some(value) = instance.arguments.get(name) {
            return Some(value.clone().sound());
        }
        match instance.members.get(name) {
            Some(Some(value)) => return Some(value.clone().sound()),
            Some(None) => return Some(Err(self.report(error::cycle(name, span)))),
            None => {}
        }
        let spec = self.spec;
        let (module, member) = spec.block(instance.block).members.get(name)?;
        let (value, name) = match &member.kind {
            MemberKind::Fn(def) => return Some(Ok(Value::Method(id, *module, def.clone()))),
            MemberKind::Objective(def) => return Some(Ok(Value::Method(id, *module, def.function.clone()))),
            MemberKind::Section(def) => match &def.content {
                SectionContent::Function(def) => return Some(Ok(Value::Method(id, *module, def.clone()))),
                SectionContent::Settings(_) => return None,
            },
            MemberKind::Param(def) => (self.computed(id, name, |this| this.param(id, *module, def)), &def.name),
            MemberKind::Let(def) => {
                let make = |this: &mut Self| {
                    let mut inner = this.environment_of(id, *module, env.scope);
                    this.expr(&mut inner, &def.value)
                };
                let is_model = id == InstanceId::MODEL;
                let value = if is_model { self.shared(id, name, make) } else { self.computed(id, name, make) };
                (value, &def.name)
            }
            MemberKind::Part(def) => {
                (self.computed(id, name, |this| this.part(id, *module, def, env.scope)), &def.name)
            }
        };
        if let Ok(value) = &value {
            self.saw(name.span, value);
        }
        Some(value)
    }

    fn part(&mut self, id: InstanceId, module: ModuleId, def: &LetDef, scope: ScopeId) -> Outcome<Value> {
        let mut inner = self.environment_of(id, module, scope);
        inner.makes_part = true;
        inner.default_place = Some(DefaultPlace { path: def.name.node.clone(), is_index: false });
        let value = self.expr(&mut inner, &def.value)?;
        let is_parts = |value: &Value| matches!(value, Value::Instance(_) | Value::Poison);
        if is_parts(&value) || value.elements().is_some_and(|items| items.iter().all(is_parts)) {
            return Ok(value);
        }
        let kind = value.kind(self.spec);
        let what = format!("the part `{}`", def.name.node);
        let diagnostic = error::wrong_type(&what, "a block with its parameters", &kind, def.value.span);
        let help = if let Value::Block(id) = &value {
            format!("write `{}()`: its brackets make a part of a block", self.spec.block(*id).name.node)
        } else {
            "a part is made by calling a block; other values are given a name with `let`".to_owned()
        };
        Err(self.report(diagnostic.help(help)))
    }

    /// Computes a member, and keeps its value unless that holds a tensor, which belongs to one function.
    fn computed(
        &mut self,
        id: InstanceId,
        name: &Arc<str>,
        make: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        self.instances[id].members.insert(name.clone(), None);
        let value = make(self);
        let members = &mut self.instances[id].members;
        match &value {
            Ok(value) if value.holds_tensor() => members.remove(name),
            _ => members.insert(name.clone(), Some(Value::or_poison(value.clone()))),
        };
        value
    }

    /// Computes a member of the model. One that holds a tensor is computed once for each function, outside of its loops:
    /// it can't depend on their steps.
    fn shared(
        &mut self,
        id: InstanceId,
        name: &Arc<str>,
        make: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        if let Some(value) = self.function.shared.get(name) {
            return Ok(value.clone());
        }
        let loops = self.builder.leave_loops();
        let value = self.computed(id, name, make);
        self.builder.enter_loops(loops);
        if let Ok(value) = &value
            && value.holds_tensor()
        {
            self.function.shared.insert(name.clone(), value.clone());
        }
        value
    }

    pub(crate) fn unknown_member(&mut self, id: InstanceId, name: &str, span: Span) -> Reported {
        if self.is_partial(Some(id)) {
            return Reported::before();
        }
        let block = self.spec.block(self.instances[id].block);
        self.report(unknown_member(block, name, span))
    }
}
