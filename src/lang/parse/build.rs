//! pest's pairs to the tree: items and members. Expressions are in `build/expression.rs`.
//!
//! The grammar guarantees the order and the number of pairs. What it can't express, such as a number that is too large,
//! is reported here or by a later stage.

mod expression;

use std::sync::{Arc, LazyLock};

use pest::iterators::{Pair, Pairs};

use diadc_core::span::{Span, Spanned};

use crate::diagnostic::Diagnostic;

use super::Rule;
use super::ast::{
    Allow, Ast, BlockDef, Body, EnumDef, Expr, ExprKind, FnDef, Ignores, Item, ItemKind, LetDef, Member, MemberKind,
    Name, ObjectiveDef, Param, ParamDef, PartPath, SectionContent, SectionDef, Setting, Use, UseFrom,
};
use super::place::Place;
use super::section::Section;

type P<'a> = Pair<'a, Rule>;

/// Makes the tree of a file.
pub(super) fn file(place: Place, pair: P<'_>) -> Result<Ast, Vec<Diagnostic>> {
    let mut build = Build { place, diagnostics: Vec::new(), depth: 0 };
    let mut ast = Ast::default();
    for pair in pair.into_inner() {
        match pair.as_rule() {
            Rule::file_doc => add_doc(&mut ast.doc, pair),
            Rule::item => ast.items.push(build.item(pair)),
            _ => {}
        }
    }
    build.finish(ast)
}

/// Makes the tree of an expression that stands alone.
pub(super) fn lone_expr(place: Place, pair: P<'_>) -> Result<Expr, Vec<Diagnostic>> {
    let mut build = Build { place, diagnostics: Vec::new(), depth: 0 };
    let expr = build.expr(first(pair));
    build.finish(expr)
}

/// The greatest depth of expressions within expressions: every later stage recurses into them.
const DEPTH: usize = 400;

struct Build {
    place: Place,
    diagnostics: Vec<Diagnostic>,
    /// The depth of the expression that is being made.
    depth: usize,
}

impl Build {
    fn finish<T>(self, value: T) -> Result<T, Vec<Diagnostic>> {
        if self.diagnostics.is_empty() { Ok(value) } else { Err(self.diagnostics) }
    }

    /// Makes an expression that lies `by` levels deeper, or reports that this is too deep.
    fn deeper(&mut self, by: usize, pair: P<'_>, make: impl FnOnce(&mut Build, P<'_>) -> Expr) -> Expr {
        let span = self.span(&pair);
        if self.depth + by > DEPTH {
            self.diagnostics.push(super::error::too_nested(self.place, pair.as_span().start()));
            return Expr { kind: ExprKind::None, span };
        }
        self.depth += by;
        let expr = make(self, pair);
        self.depth -= by;
        expr
    }

    fn span(&self, pair: &P<'_>) -> Span {
        self.place.span(pair.as_span().start(), pair.as_span().start() + pair.as_str().trim_end().len())
    }

    fn name(&self, pair: &P<'_>) -> Name {
        Spanned::new(Arc::from(pair.as_str()), self.span(pair))
    }

    fn item(&mut self, pair: P<'_>) -> Item {
        let (doc, allows, pair) = self.documented(pair);
        let kind = match pair.as_rule() {
            Rule::use_item => ItemKind::Use(self.use_item(pair)),
            Rule::enum_item => ItemKind::Enum(self.enum_item(pair)),
            Rule::fn_item => ItemKind::Fn(Arc::new(self.function(pair))),
            Rule::let_item => ItemKind::Let(Arc::new(self.let_def(pair))),
            _ => ItemKind::Block(Arc::new(self.block(pair))),
        };
        Item { doc, allows, kind }
    }

    /// The doc comment, the `allow` lines and the thing itself.
    fn documented<'a>(&mut self, pair: P<'a>) -> (String, Vec<Allow>, P<'a>) {
        let (mut doc, mut allows, mut thing) = (String::new(), Vec::new(), None);
        for pair in pair.into_inner() {
            match pair.as_rule() {
                Rule::doc => add_doc(&mut doc, pair),
                Rule::allow => allows.push(pair),
                _ => thing = Some(pair),
            }
        }
        let thing = thing.expect("a doc comment stands before something");
        let covers = self.span(&thing);
        (doc, allows.into_iter().map(|pair| self.allow(pair, covers)).collect(), thing)
    }

    /// Braces in a reason are only text: they hold no value.
    fn allow(&mut self, pair: P<'_>, covers: Span) -> Allow {
        let span = self.span(&pair);
        let mut inner = meaningful(pair);
        let code = self.name(&inner.next().expect("an `allow` names a warning"));
        let reason = inner.next().expect("an `allow` has a reason");
        let text = reason.as_str().trim().trim_matches('"').trim().to_owned();
        if text.is_empty() {
            self.diagnostics.push(super::error::no_reason(&code.node, self.span(&reason)));
        }
        Allow { code, reason: text, span, covers }
    }

    fn use_item(&mut self, pair: P<'_>) -> Use {
        let mut inner = meaningful(pair);
        let from = inner.next().expect("`use` says where from");
        let span = self.span(&from);
        let source = match from.as_rule() {
            Rule::std_path => {
                UseFrom::Std(from.as_str().rsplit(':').next().expect("a path has a last name").trim().into())
            }
            _ => UseFrom::File(self.plain_string(from, "the path of a file")),
        };
        let names = inner.flat_map(P::into_inner).map(|pair| {
            let mut names = meaningful(pair).map(|pair| self.name(&pair));
            let there = names.next().expect("a used thing has a name");
            let here = names.next().unwrap_or_else(|| there.clone());
            (there, here)
        });
        Use { names: names.collect(), from: Spanned::new(source, span) }
    }

    fn enum_item(&mut self, pair: P<'_>) -> EnumDef {
        let mut inner = meaningful(pair);
        let name = self.name(&inner.next().expect("an enum has a name"));
        let cases = inner.map(|case| self.name(&case.into_inner().last().expect("a case has a name"))).collect();
        EnumDef { name, cases }
    }

    fn let_def(&mut self, pair: P<'_>) -> LetDef {
        let is_fresh = pair.clone().into_inner().any(|pair| pair.as_rule() == Rule::k_fresh);
        let mut inner = meaningful(pair);
        let name = self.name(&inner.next().expect("a `let` has a name"));
        LetDef { name, value: self.expr(inner.next().expect("a `let` has a value")), is_fresh }
    }

    /// A function, a main function or a section that holds a function: `[name] params [type] body`.
    fn function(&mut self, pair: P<'_>) -> FnDef {
        let keyword = pair.clone().into_inner().next().expect("a function begins with a keyword");
        let mut name = self.name(&keyword);
        let (mut params, mut returns, mut body) = (Vec::new(), None, None);
        for pair in meaningful(pair) {
            match pair.as_rule() {
                Rule::name => name = self.name(&pair),
                Rule::params => params = self.params(pair),
                Rule::ty => returns = Some(self.ty(pair)),
                Rule::body => body = Some(self.body(pair)),
                _ => {}
            }
        }
        FnDef { name, params, returns, body: body.expect("a function has a body") }
    }

    fn params(&mut self, pair: P<'_>) -> Vec<Param> {
        meaningful(pair)
            .map(|pair| {
                let mut inner = meaningful(pair);
                let name = self.name(&inner.next().expect("a parameter has a name"));
                let (mut ty, mut default) = (None, None);
                for pair in inner {
                    match pair.as_rule() {
                        Rule::ty => ty = Some(self.ty(pair)),
                        _ => default = Some(self.expr(pair)),
                    }
                }
                Param { name, ty, default }
            })
            .collect()
    }

    fn block(&mut self, pair: P<'_>) -> BlockDef {
        let is_model = pair.as_rule() == Rule::model_item;
        let mut inner = meaningful(pair);
        let name = self.name(&inner.next().expect("a block has a name"));
        let mut block = BlockDef {
            name,
            is_model,
            params: Vec::new(),
            base: None,
            ignores: Vec::new(),
            members: Vec::new(),
            is_partial: false,
        };
        for pair in inner {
            match pair.as_rule() {
                Rule::params => block.params = self.params(pair),
                Rule::base => block.base = meaningful(pair).next().map(|pair| self.name(&pair)),
                Rule::ignores => block.ignores.push(self.ignores(pair)),
                _ => block.members.push(self.member(pair)),
            }
        }
        block
    }

    /// Patterns, and the reason after them.
    fn ignores(&mut self, pair: P<'_>) -> Ignores {
        let strings: Vec<P<'_>> = meaningful(pair).collect();
        let (reason, patterns) = strings.split_last().expect("the grammar asks for a pattern and a reason");
        let text = self.plain_string(reason.clone(), "a reason").trim().to_owned();
        if text.is_empty() {
            self.diagnostics.push(super::error::no_reason_to_ignore(self.span(reason)));
        }
        let patterns = patterns.iter().map(|pattern| self.plain_string(pattern.clone(), "the pattern of a name"));
        Ignores { patterns: patterns.collect(), reason: text }
    }

    fn member(&mut self, pair: P<'_>) -> Member {
        let (doc, allows, pair) = self.documented(pair);
        let kind = match pair.as_rule() {
            Rule::param_member => MemberKind::Param(Arc::new(self.param_def(pair))),
            Rule::let_item => MemberKind::Let(Arc::new(self.let_def(pair))),
            Rule::part_member => MemberKind::Part(Arc::new(self.let_def(pair))),
            Rule::main_fn | Rule::fn_item => MemberKind::Fn(Arc::new(self.function(pair))),
            Rule::objective_member => MemberKind::Objective(Arc::new(self.objective(pair))),
            _ => MemberKind::Section(Arc::new(self.section(pair))),
        };
        Member { doc, allows, kind }
    }

    fn param_def(&mut self, pair: P<'_>) -> ParamDef {
        let mut inner = meaningful(pair);
        let name = self.name(&inner.next().expect("a parameter has a name"));
        let (mut ty, mut within, mut default) = (None, None, None);
        for pair in inner {
            match pair.as_rule() {
                Rule::ty => ty = Some(self.ty(pair)),
                Rule::chain => within = Some(self.expr(pair)),
                _ => default = Some(self.expr(pair)),
            }
        }
        ParamDef { name, ty, within, default: default.expect("a `param` has a value") }
    }

    fn objective(&mut self, pair: P<'_>) -> ObjectiveDef {
        let lists: Vec<Vec<PartPath>> = pair
            .clone()
            .into_inner()
            .filter(|pair| pair.as_rule() == Rule::part_list)
            .map(|pair| self.part_list(pair))
            .collect();
        let function = Arc::new(self.function(pair));
        let mut lists = lists.into_iter();
        ObjectiveDef { function, trains: lists.next().unwrap_or_default(), freezes: lists.next().unwrap_or_default() }
    }

    fn part_list(&mut self, pair: P<'_>) -> Vec<PartPath> {
        pair.into_inner().map(|path| self.part_path(path)).collect()
    }

    fn part_path(&mut self, pair: P<'_>) -> PartPath {
        pair.into_inner().map(|name| self.name(&name)).collect()
    }

    fn section(&mut self, pair: P<'_>) -> SectionDef {
        let word = pair.clone().into_inner().next().expect("a section begins with a word");
        let section = Section::named(word.as_str()).expect("each word of a section in the grammar has a row");
        let span = self.span(&pair);
        let mut names = Vec::new();
        let held_out = pair.clone().into_inner().find(|pair| pair.as_rule() == Rule::held_out);
        let held_out = held_out.map(|pair| self.span(&pair));
        let content = if matches!(pair.as_rule(), Rule::function_section | Rule::fit_section) {
            let named = pair.clone().into_inner().find(|pair| pair.as_rule() == Rule::part_path);
            names.extend(named.map(|path| self.part_path(path)));
            SectionContent::Function(Arc::new(self.function(pair)))
        } else {
            let mut settings = Vec::new();
            for pair in meaningful(pair) {
                match pair.as_rule() {
                    Rule::part_list => names = self.part_list(pair),
                    Rule::part_path => names.push(self.part_path(pair)),
                    _ => settings.push(self.setting(pair)),
                }
            }
            SectionContent::Settings(settings)
        };
        SectionDef { section, names, content, held_out, span }
    }

    fn setting(&mut self, pair: P<'_>) -> Setting {
        let mut inner = meaningful(pair);
        let name = self.name(&inner.next().expect("a setting has a name"));
        Setting { name, value: self.expr(inner.next().expect("a setting has a value")) }
    }

    fn body(&mut self, pair: P<'_>) -> Body {
        let span = self.span(&pair);
        let statements = meaningful(pair).map(|pair| self.statement(first(pair))).collect();
        Body { statements, span }
    }
}

/// The only pair inside.
fn first(pair: P<'_>) -> P<'_> {
    meaningful(pair).next().expect("the grammar puts one pair inside")
}

/// The pairs inside, without keywords that say nothing by themselves and without the end of the text.
fn meaningful(pair: P<'_>) -> impl Iterator<Item = P<'_>> {
    let inner: Pairs<'_, Rule> = pair.into_inner();
    inner.filter(|pair| !is_word(pair.as_rule()))
}

/// Whether a rule is a word or sign that says nothing by itself, as `let` and `=` do; `true` and `not` do say
/// something.
fn is_word(rule: Rule) -> bool {
    /// The rules of keywords, by their names in the grammar.
    static KEYWORDS: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let rules = Rule::all_rules().iter().copied();
        let mut words: Vec<Rule> = rules.filter(|rule| format!("{rule:?}").starts_with("k_")).collect();
        words.sort_unstable();
        words
    });
    match rule {
        Rule::EOI | Rule::equals => true,
        Rule::k_true | Rule::k_false | Rule::k_none | Rule::k_and | Rule::k_or | Rule::k_not | Rule::k_not_in => false,
        _ => KEYWORDS.binary_search(&rule).is_ok(),
    }
}

fn add_doc(doc: &mut String, pair: P<'_>) {
    if !doc.is_empty() {
        doc.push('\n');
    }
    doc.push_str(pair.into_inner().next().map_or("", |text| text.as_str().trim()));
}
