//! The values of names: locals, members, top-level items and builtins.

use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::{Binding, Meaning};

use crate::check::report::{Outcome, Reported};
use crate::check::value::Value;
use crate::check::value::environment::Environment;
use crate::check::{Expander, error};

impl Expander<'_> {
    /// The value of a name: of a local, a member, a top-level name, or a builtin.
    pub(crate) fn name(&mut self, env: &Environment, name: &Arc<str>, span: Span) -> Outcome<Value> {
        if let Some(value) = env.local(name) {
            return value.clone().sound();
        }
        if let Some(instance) = env.instance
            && let Some(value) = self.member(instance, name, span, env)
        {
            return value;
        }
        match self.meanings.get(&span) {
            Some(Meaning::Case(id, case)) => return Ok(Value::Case(*id, *case)),
            Some(Meaning::Reported) => return Err(Reported::before()),
            None => {}
        }
        if let Some(binding) = self.spec.module(env.module).scope.get(name) {
            return self.binding(binding, name, span);
        }
        if &**name == "pi" {
            return Ok(Value::Float(std::f64::consts::PI));
        }
        if let Some(builtin) = Builtin::named(name) {
            return Ok(Value::Builtin(builtin));
        }
        if self.is_partial(env.instance) {
            return Err(Reported::before());
        }
        // `resolve` knows the name as a variable of a shape, and no shape has bound it yet.
        let text = format!("the extent `{name}` is not known here");
        let help = "write it plainly in the shape of a parameter, as in `[B, C, H, W]`";
        Err(self.report(Diagnostic::new(Code::UnboundExtent, text, span).help(help)))
    }

    fn binding(&mut self, binding: &Binding, name: &Arc<str>, span: Span) -> Outcome<Value> {
        Ok(match binding {
            Binding::Fn(module, def) => Value::Function(*module, def.clone()),
            Binding::Block(id) => Value::Block(*id),
            Binding::Case(id, case) => Value::Case(*id, *case),
            Binding::Broken => return Err(Reported::before()),
            Binding::Let(module, def) => {
                let key = (*module, def.name.node.clone());
                return match self.constants.get(&key) {
                    Some(Some(value)) => value.clone(),
                    Some(None) => Err(self.report(error::cycle(name, span))),
                    None => {
                        self.constants.insert(key.clone(), None);
                        let scope = self.builder.scope(None, name, None);
                        let mut env = Environment::new(*module, None, "".into(), scope);
                        let value = self.constant(span, |this| this.expr(&mut env, &def.value));
                        if let Ok(value) = &value {
                            self.saw(def.name.span, value);
                        }
                        self.constants.insert(key, Some(value.clone()));
                        value
                    }
                };
            }
            Binding::Enum(_) | Binding::Ambiguous(_) => {
                let text = format!("`{name}` is an enum, not a value");
                let help = format!("write one of its cases, as in `{name}::..`");
                return Err(self.report(Diagnostic::new(Code::EnumAsValue, text, span).help(help)));
            }
        })
    }

    /// A case of an enum; `resolve` has reported an unknown one.
    pub(crate) fn case(&mut self, env: &Environment, owner: &str, case: &str) -> Outcome<Value> {
        let Some(Binding::Enum(id)) = self.spec.module(env.module).scope.get(owner) else {
            return Err(Reported::before());
        };
        let index = self.spec.enumeration(*id).cases.iter().position(|known| &*known.node == case);
        index.map(|index| Value::Case(*id, index)).ok_or(Reported::before())
    }
}
