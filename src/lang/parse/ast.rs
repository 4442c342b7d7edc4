//! The tree of a `.diad` file as it is written. Names are only words here: nothing is looked up.

use std::sync::Arc;

use diadc_core::span::{Span, Spanned};

use super::section::Section;

/// A word of the source.
pub type Name = Spanned<Arc<str>>;

/// A whole file.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// The text of its `//!` lines.
    pub doc: String,
    /// Its items in the order in which they stand.
    pub items: Vec<Item>,
    /// The names of the items that could not be read.
    pub broken: Vec<Name>,
    /// Whether a `use` that could not be read may have brought any name.
    pub lost_use: bool,
    /// Whether a part of the file could not be read.
    pub is_partial: bool,
}

/// One item with its doc comment.
#[derive(Clone, Debug)]
pub struct Item {
    /// The text of its `///` lines.
    pub doc: String,
    /// Its `allow` lines.
    pub allows: Vec<Allow>,
    /// What it is.
    pub kind: ItemKind,
}

/// `allow unused-part "kept for the ablation of Table 7"`
#[derive(Clone, Debug)]
pub struct Allow {
    /// The code of the warning.
    pub code: Name,
    /// Why the warning does not matter here.
    pub reason: String,
    /// All of it, with the reason.
    pub span: Span,
    /// The item or member that it stands before.
    pub covers: Span,
}

/// What an item is.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `use std::diffusion::{UNet}`
    Use(Use),
    /// `enum Fusion { off, in_silu }`
    Enum(EnumDef),
    /// `fn f(x) { .. }`
    Fn(Arc<FnDef>),
    /// `let x = ..`
    Let(Arc<LetDef>),
    /// `block B(..) { .. }` and `model M { .. }`
    Block(Arc<BlockDef>),
}

/// Names that are imported from another file.
#[derive(Clone, Debug)]
pub struct Use {
    /// Where they come from.
    pub from: Spanned<UseFrom>,
    /// Each imported name, and its name in this file.
    pub names: Vec<(Name, Name)>,
}

/// Where names are imported from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseFrom {
    /// A module of the standard library.
    Std(Arc<str>),
    /// A file, relative to the file that uses it.
    File(String),
}

/// An enumeration.
#[derive(Clone, Debug)]
pub struct EnumDef {
    /// Its name.
    pub name: Name,
    /// Its cases, in order.
    pub cases: Vec<Name>,
}

/// A parameter of a function or block.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type, if one is written.
    pub ty: Option<Type>,
    /// Its value in calls that give none.
    pub default: Option<Expr>,
}

/// A function. The main function of a block has the name `fn`.
#[derive(Clone, Debug)]
pub struct FnDef {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The type of its result, if one is written.
    pub returns: Option<Type>,
    /// Its statements.
    pub body: Body,
}

impl FnDef {
    /// What messages call it.
    #[must_use]
    pub fn called(&self) -> &str {
        if &*self.name.node == "fn" { "this block" } else { &self.name.node }
    }
}

/// `let name = value`, or `part name = value`
#[derive(Clone, Debug)]
pub struct LetDef {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
    /// Whether it is a `fresh part`: a checkpoint from which training starts may lack its weights.
    pub is_fresh: bool,
}

/// A block, or the model of an experiment.
#[derive(Clone, Debug)]
pub struct BlockDef {
    /// Its name.
    pub name: Name,
    /// Whether it was written with `model`.
    pub is_model: bool,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The block whose members it inherits.
    pub base: Option<Name>,
    /// What published weights of it hold besides its own.
    pub ignores: Vec<Ignores>,
    /// Its members in the order in which they stand.
    pub members: Vec<Member>,
    /// Whether some of its members could not be read.
    pub is_partial: bool,
}

/// `ignores "fc.*" "the classifier is not used"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignores {
    /// Patterns of names within the block, in which each `*` stands for any text.
    pub patterns: Vec<String>,
    /// Why such weights are not needed.
    pub reason: String,
}

/// One member with its doc comment.
#[derive(Clone, Debug)]
pub struct Member {
    /// The text of its `///` lines.
    pub doc: String,
    /// Its `allow` lines.
    pub allows: Vec<Allow>,
    /// What it is.
    pub kind: MemberKind,
}

/// What a member is.
#[derive(Clone, Debug)]
pub enum MemberKind {
    /// `param steps: int in 1..=1000 = 10`
    Param(Arc<ParamDef>),
    /// `let x = ..`
    Let(Arc<LetDef>),
    /// `part sd = UNet(320) @ "model"`; the place, if any, is within the value.
    Part(Arc<LetDef>),
    /// `fn f(..) { .. }`, or the main function
    Fn(Arc<FnDef>),
    /// `objective o(image) trains .. { .. }`
    Objective(Arc<ObjectiveDef>),
    /// `score(image) { .. }`, `training o { .. }`, `data { .. }`
    Section(Arc<SectionDef>),
}

/// A value that can be set from outside.
#[derive(Clone, Debug)]
pub struct ParamDef {
    /// Its name.
    pub name: Name,
    /// Its type, if one is written.
    pub ty: Option<Type>,
    /// The list or range of its legal values.
    pub within: Option<Expr>,
    /// Its value unless one is set from outside.
    pub default: Expr,
}

/// A number that training makes small.
#[derive(Clone, Debug)]
pub struct ObjectiveDef {
    /// Name, parameters and statements.
    pub function: Arc<FnDef>,
    /// The parts that it trains.
    pub trains: Vec<PartPath>,
    /// Parts within those that it does not train.
    pub freezes: Vec<PartPath>,
}

/// `sd.decoder`
pub type PartPath = Vec<Name>;

/// A section of a model.
#[derive(Clone, Debug)]
pub struct SectionDef {
    /// Which one it is.
    pub section: Section,
    /// What it names before its braces, such as the objectives that it trains.
    pub names: Vec<PartPath>,
    /// What it holds.
    pub content: SectionContent,
    /// Where it says `from held_out`, if it does.
    pub held_out: Option<Span>,
    /// All of it.
    pub span: Span,
}

/// What a section holds.
#[derive(Clone, Debug)]
pub enum SectionContent {
    /// A function, whose name is the word of the section.
    Function(Arc<FnDef>),
    /// Settings, in the order in which they stand.
    Settings(Vec<Setting>),
}

impl SectionDef {
    /// Its settings; none if it holds a function.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        match &self.content {
            SectionContent::Function(_) => &[],
            SectionContent::Settings(settings) => settings,
        }
    }

    /// Where messages point that are about the section as a whole: at the names before its braces, at the word of a
    /// function, or else at all of it.
    #[must_use]
    pub fn place(&self) -> Span {
        let named = self.names.iter().flatten().map(|name| name.span).reduce(Span::to);
        named.unwrap_or(match &self.content {
            SectionContent::Function(def) => def.name.span,
            SectionContent::Settings(_) => self.span,
        })
    }
}

/// `batch = 12`
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// The type of a value.
#[derive(Clone, Debug)]
pub struct Type {
    /// The kind.
    pub kind: TypeKind,
    /// Its place.
    pub span: Span,
}

/// The kinds of types.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `int`, `Fusion`, `UNet`
    Name(Arc<str>),
    /// `list<int>`
    Generic(Name, Box<Type>),
    /// `(a, b)`
    Tuple(Vec<Type>),
    /// `[B, 3, h, w]`, `int[B]`; without a word before the bracket its elements are floats
    Shape(Option<Arc<str>>, Vec<DimPattern>),
    /// `[[B, C, H, W]; 3]`
    Repeat(Box<Type>, Box<Expr>),
}

/// One extent in a shape.
#[derive(Clone, Debug)]
pub enum DimPattern {
    /// `_`
    Any(Span),
    /// A number, a name, or an expression of them.
    Is(Expr),
}

/// `{ let y = f(x)  y + 1 }`
#[derive(Clone, Debug)]
pub struct Body {
    /// Its statements; the last, if it is an expression, is the value.
    pub statements: Vec<Statement>,
    /// From brace to brace.
    pub span: Span,
}

impl Body {
    /// Whether its last statement is an expression.
    #[must_use]
    pub fn ends_with_value(&self) -> bool {
        matches!(self.statements.last(), Some(Statement::Expr(_)))
    }

    /// The expression that is its value, or all of it if there is none.
    #[must_use]
    pub fn result_span(&self) -> Span {
        match self.statements.last() {
            Some(Statement::Expr(expr)) => expr.span,
            Some(Statement::Let(..) | Statement::Var(..) | Statement::Assign(..)) | None => self.span,
        }
    }
}

/// One statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `let (a, b) = ..`
    Let(Pattern, Expr),
    /// `var h = ..`
    Var(Name, Expr),
    /// `h = ..`
    Assign(Name, Expr),
    /// An expression.
    Expr(Expr),
}

/// The names that a value is taken apart into.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// `_`
    Any,
    /// A name.
    Name(Name),
    /// `(a, b)`
    Tuple(Vec<Pattern>, Span),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// The kind.
    pub kind: ExprKind,
    /// Its place.
    pub span: Span,
}

/// A piece of a string.
#[derive(Clone, Debug)]
pub enum StringPart {
    /// Text.
    Text(String),
    /// A value in braces, whose text takes its place.
    Value(Expr),
}

/// One argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name, if given by name.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

/// `|z, t| ..`
#[derive(Clone, Debug)]
pub struct Lambda {
    /// Names of its parameters.
    pub params: Vec<Name>,
    /// Its statements.
    pub body: Body,
}

/// `if c { .. } else { .. }`
#[derive(Clone, Debug)]
pub struct If {
    /// The condition.
    pub condition: Expr,
    /// The value if it holds.
    pub then: Body,
    /// The value if it does not.
    pub otherwise: Option<Body>,
}

/// `for i, x in xs { .. }`
#[derive(Clone, Debug)]
pub struct For {
    /// The pattern of the index, if there are two patterns.
    pub index: Option<Pattern>,
    /// The pattern of the element.
    pub element: Pattern,
    /// The list.
    pub list: Expr,
    /// The statements that are evaluated for each element.
    pub body: Body,
}

/// `loop z = x over t in times { .. }`
#[derive(Clone, Debug)]
pub struct Loop {
    /// The carried values, each with its first value.
    pub carried: Vec<(Name, Expr)>,
    /// The names that have another constant in each step, each with the list of these.
    pub stepped: Vec<(Name, Expr)>,
    /// The statements of a step.
    pub body: Body,
}

/// Operators of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator of its name")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    And,
    Or,
}

impl BinaryOp {
    /// The operator as it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::Pow => "^",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::In => "in",
            BinaryOp::NotIn => "not in",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
        }
    }
}

/// Operators of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-x`
    Neg,
    /// `not x`
    Not,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are what the sentence above names")]
pub enum ExprKind {
    /// `12`
    Int(i64),
    /// `1e-5`
    Float(f64),
    /// `true`
    Bool(bool),
    /// `none`
    None,
    /// `"down{i}"`
    String(Vec<StringPart>),
    /// `x`
    Name(Arc<str>),
    /// `Fusion::off`
    Path(Name, Name),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{a, b}`
    Set(Vec<Expr>),
    /// `(a, b)`
    Tuple(Vec<Expr>),
    /// `{a: x, b: y}`
    Record(Vec<(Name, Expr)>),
    /// `-x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a..b`
    Range { low: Option<Box<Expr>>, high: Option<Box<Expr>>, inclusive: bool },
    /// `f(x)`
    Call(Box<Expr>, Vec<Argument>),
    /// `xs[i]`
    Index(Box<Expr>, Box<Expr>),
    /// `x.name`
    Field(Box<Expr>, Name),
    /// `conv(3) @ "path"`
    Placed(Box<Expr>, Vec<StringPart>, Span),
    /// `x |> f`
    Pipe(Box<Expr>, Box<Expr>),
    /// `|x| x + 1`
    Lambda(Arc<Lambda>),
    /// `copy sd.encoder`
    Copy(Box<Expr>),
    /// `if c { a } else { b }`
    If(Box<If>),
    /// `for x in xs { .. }`
    For(Box<For>),
    /// `loop z = x over t in ts { .. }`
    Loop(Arc<Loop>),
}
