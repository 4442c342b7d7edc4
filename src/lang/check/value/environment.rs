//! The environment in which an expression is evaluated: visible names, and where new weights go. Instances of blocks.

use std::cell::RefCell;
use std::ops::{Index, IndexMut};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use diadc_core::graph::{Origin, ScopeId};
use diadc_core::span::Span;

use crate::resolve::spec::{BlockId, ByName, ModuleId};

use super::{InstanceId, Value};

/// A place for weights that the spec does not write: the name of a part, or the index of an element of a list of parts.
#[derive(Clone, Debug)]
pub(crate) struct DefaultPlace {
    pub(crate) path: Arc<str>,
    pub(crate) is_index: bool,
}

/// A variable of a shape, bound to an extent.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) name: Arc<str>,
    /// The parameter that bound it, in words.
    pub(crate) from: Arc<str>,
    /// Where the variable stands in the shape of the parameter.
    pub(crate) span: Span,
}

/// The environment of an expression.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// The module in which top-level names are looked up.
    pub(crate) module: ModuleId,
    /// The instance whose members are visible.
    pub(crate) instance: Option<InstanceId>,
    /// In a free function, where no members are visible: the part that called it, which owns new weights.
    pub(crate) caller: Option<InstanceId>,
    /// What the paths of new weights begin with.
    pub(crate) prefix: Arc<str>,
    /// Whether a block may be made here without a place of its own: in the value of a `part`.
    pub(crate) makes_part: bool,
    /// The place of such a block if the spec writes none.
    pub(crate) default_place: Option<DefaultPlace>,
    /// The scope of this call, which its nodes keep.
    pub(crate) scope: ScopeId,
    /// The local names of this function.
    pub(crate) locals: Vec<(Arc<str>, Value)>,
    /// The variables of shapes that parameters have bound.
    pub(crate) bound: Vec<Bound>,
    /// Places for weights that this call of a function has reached, and where.
    pub(crate) reached: Rc<RefCell<FxHashMap<Arc<str>, Span>>>,
}

impl Environment {
    pub(crate) fn new(module: ModuleId, instance: Option<InstanceId>, prefix: Arc<str>, scope: ScopeId) -> Environment {
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

    /// The origin of a node that is written at `span`.
    pub(crate) fn origin(&self, span: Span) -> Origin {
        Origin { span, scope: self.scope }
    }

    /// Who owns the weights that are declared here.
    pub(crate) fn owner(&self) -> Option<InstanceId> {
        self.instance.or(self.caller)
    }

    pub(crate) fn local(&self, name: &str) -> Option<&Value> {
        self.locals.iter().rev().find(|(local, _)| &**local == name).map(|(_, value)| value)
    }

    pub(crate) fn define(&mut self, name: Arc<str>, value: Value) {
        self.locals.push((name, value));
    }

    /// Gives a `var` another value. `resolve` has reported a name that no `var` defines; it is defined here.
    pub(crate) fn assign(&mut self, name: &Arc<str>, value: Value) {
        match self.locals.iter_mut().rev().find(|(local, _)| local == name) {
            Some(slot) => slot.1 = value,
            None => self.define(name.clone(), value),
        }
    }
}

/// `prefix.path`; if one of them is empty, the other alone.
pub(crate) fn join(prefix: &str, path: &str) -> Arc<str> {
    match (prefix.is_empty(), path.is_empty()) {
        (true, _) => path.into(),
        (_, true) => prefix.into(),
        (false, false) => [prefix, ".", path].concat().into(),
    }
}

/// All instances of blocks. The first is that of the model.
#[derive(Default)]
pub(crate) struct Instances(Vec<Instance>);

impl Instances {
    pub(crate) fn add(&mut self, instance: Instance) -> InstanceId {
        self.0.push(instance);
        InstanceId(self.0.len() - 1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.0.iter()
    }
}

impl Index<InstanceId> for Instances {
    type Output = Instance;

    fn index(&self, id: InstanceId) -> &Instance {
        &self.0[id.0]
    }
}

impl IndexMut<InstanceId> for Instances {
    fn index_mut(&mut self, id: InstanceId) -> &mut Instance {
        &mut self.0[id.0]
    }
}

/// An instance of a block: its parameters, and where its weights lie.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) block: BlockId,
    /// Values of the block's parameters.
    pub(crate) arguments: ByName<Value>,
    /// What the paths of its weights begin with.
    pub(crate) prefix: Arc<str>,
    /// The end of the prefix: its place within its owner.
    pub(crate) place: Arc<str>,
    /// The instance within which it was made.
    pub(crate) owner: Option<InstanceId>,
    /// The instance that this one is a copy of: its weights start from that one's.
    pub(crate) copy_of: Option<InstanceId>,
    /// Members that have been computed; `None` while one is being computed.
    pub(crate) members: FxHashMap<Arc<str>, Option<Value>>,
}
