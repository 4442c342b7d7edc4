//! What is visible at a point of a spec while it is expanded, and the instances of blocks.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::graph::ScopeId;
use diadc_core::span::Span;

use crate::resolve::spec::{BlockId, ByName, ModuleId};

use super::value::{InstanceId, Value};

/// A place that nobody wrote: the name of a part, or the index of an element of a list of parts.
#[derive(Clone, Debug)]
pub(super) struct DefaultPlace {
    pub(super) path: Arc<str>,
    pub(super) is_index: bool,
}

/// A variable of a shape that has got its value.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) name: Arc<str>,
    /// The parameter, in words.
    pub(super) from: Arc<str>,
    /// Where the variable stands in the shape of the parameter.
    pub(super) span: Span,
}

/// The surroundings of an expression.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    /// Where top-level names are looked up.
    pub(super) module: ModuleId,
    /// Whose members are visible.
    pub(super) instance: Option<InstanceId>,
    /// Who owns new weights where no members are visible: in a free function the part that called it.
    pub(super) caller: Option<InstanceId>,
    /// What the paths of new weights begin with.
    pub(super) prefix: Arc<str>,
    /// Whether a block may be made here without a place of its own: in the value of a `part`.
    pub(super) makes_part: bool,
    /// The place that such a block has if it says nothing.
    pub(super) default_place: Option<DefaultPlace>,
    /// The call, for the origin of nodes.
    pub(super) scope: ScopeId,
    /// Names of this function.
    pub(super) locals: Vec<(Arc<str>, Value)>,
    /// Which parameter gave a variable of a shape its value, and where that is written.
    pub(super) bound: Vec<Bound>,
    /// Places that this call of a function has reached.
    pub(super) reached: Rc<RefCell<FxHashMap<Arc<str>, Span>>>,
}

impl Environment {
    pub(super) fn new(module: ModuleId, instance: Option<InstanceId>, prefix: Arc<str>, scope: ScopeId) -> Environment {
        Environment {
            module,
            instance,
            caller: None,
            prefix,
            makes_part: false,
            default_place: None,
            scope,
            locals: Vec::new(),
            bound: Vec::new(),
            reached: Rc::default(),
        }
    }

    /// Who owns the weights that are declared here.
    pub(super) fn owner(&self) -> Option<InstanceId> {
        self.instance.or(self.caller)
    }

    pub(super) fn local(&self, name: &str) -> Option<&Value> {
        self.locals.iter().rev().find(|(local, _)| &**local == name).map(|(_, value)| value)
    }

    pub(super) fn define(&mut self, name: Arc<str>, value: Value) {
        self.locals.push((name, value));
    }

    /// Gives a `var` another value; `resolve` has made sure that there is one.
    pub(super) fn assign(&mut self, name: &str, value: Value) {
        if let Some(slot) = self.locals.iter_mut().rev().find(|(local, _)| &**local == name) {
            slot.1 = value;
        }
    }
}

/// `path` behind `prefix`, with a dot between them if both say something.
pub(super) fn join(prefix: &str, path: &str) -> Arc<str> {
    match (prefix.is_empty(), path.is_empty()) {
        (true, _) => path.into(),
        (_, true) => prefix.into(),
        (false, false) => [prefix, ".", path].concat().into(),
    }
}

/// A block with its parameters, at a place.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) block: BlockId,
    /// Values of the block's parameters.
    pub(super) arguments: ByName<Value>,
    /// What the paths of its weights begin with.
    pub(super) prefix: Arc<str>,
    /// Its own share of that: the place where it was put within its owner.
    pub(super) place: Arc<str>,
    /// The instance within which it was made.
    pub(super) owner: Option<InstanceId>,
    /// The instance whose weights its own start from.
    pub(super) copy_of: Option<InstanceId>,
    /// Members that have been computed; none while one is being computed.
    pub(super) members: FxHashMap<Arc<str>, Option<Value>>,
}
