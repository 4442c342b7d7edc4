//! Text to a [`Tree`] that keeps everything: every word and sign, every comment, every line break.
//!
//! The [`Ast`](super::ast::Ast) holds what a text means, this tree how it is written. The formatter works on it. Only a
//! text without syntax errors has one. A chain that is a single operand has no node of its own.

use pest::Parser;
use pest::iterators::Pair;

use diadc_core::span::SourceId;

use super::climb::{Binding, Chain, climb};
use super::lex::{Lexer, TokenKind};
use super::place::Place;
use super::{Grammar, Rule};

/// A comment that is not a doc comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From `//` to the last character that is not a space.
    pub text: String,
    /// Line breaks directly before it; 0 if it follows something on the same line.
    pub breaks: usize,
    /// Characters before it on its line.
    pub column: usize,
}

/// A word or sign, or a whole string.
#[derive(Clone, Debug)]
pub struct Token {
    /// The text.
    pub text: String,
    /// Comments before it.
    pub comments: Vec<Comment>,
    /// Line breaks directly before it.
    pub breaks: usize,
}

impl Token {
    /// Whether it is a line of a doc comment.
    #[must_use]
    pub fn is_doc(&self) -> bool {
        self.text.starts_with("//")
    }
}

/// What a node is; the names are those of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the grammar says what each is")]
pub enum Kind {
    File,
    Item,
    Allow,
    Use,
    UseNames,
    UseName,
    Enum,
    Case,
    Fn,
    Block,
    Base,
    Ignores,
    Member,
    Param,
    Part,
    Let,
    Settings,
    Setting,
    Parts,
    PartPath,
    Params,
    Parameter,
    TypeList,
    Shape,
    Generic,
    Body,
    Statement,
    Assign,
    Lambda,
    Pipe,
    Binary,
    Not,
    Range,
    Minus,
    Placed,
    Postfix,
    Call,
    Argument,
    Index,
    Field,
    If,
    For,
    Loop,
    Carried,
    Stepped,
    Copy,
    Tuple,
    List,
    Record,
    Entry,
    Set,
    Path,
}

/// A node or a token of the tree.
#[derive(Clone, Debug)]
pub enum Child {
    /// Number of a token.
    Token(usize),
    /// A node, which is made of several.
    Node(Node),
}

impl Child {
    /// Its first token.
    #[must_use]
    pub fn first(&self) -> usize {
        match self {
            Child::Token(index) => *index,
            Child::Node(node) => node.first(),
        }
    }

    /// Its last token.
    #[must_use]
    pub fn last(&self) -> usize {
        match self {
            Child::Token(index) => *index,
            Child::Node(node) => node.children.last().expect("a node holds something").last(),
        }
    }

    /// The node, if it is one of a kind.
    #[must_use]
    pub fn node(&self, kind: Kind) -> Option<&Node> {
        match self {
            Child::Node(node) if node.kind == kind => Some(node),
            Child::Node(_) | Child::Token(_) => None,
        }
    }
}

/// Tokens that belong together.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// What it is made of, in the order of the text; never empty.
    pub children: Vec<Child>,
}

impl Node {
    /// Its first token.
    #[must_use]
    pub fn first(&self) -> usize {
        self.children.first().expect("a node holds something").first()
    }
}

/// A text as tokens, and the nodes that these form.
#[derive(Clone, Debug)]
pub struct Tree {
    /// All tokens. The last one is empty and holds the comments at the end of the text.
    pub tokens: Vec<Token>,
    /// The file.
    pub root: Node,
}

/// The tree of a whole file; none if its syntax is wrong.
#[must_use]
pub fn tree(text: &str) -> Option<Tree> {
    if super::too_nested(text).is_some() {
        return None;
    }
    let file = Grammar::parse(Rule::file, text).ok()?.next()?;
    super::build::file(Place { source: SourceId(0), offset: 0 }, file.clone()).ok()?;
    let mut reader = Reader { text, at: 0, tokens: Vec::new(), comments: Vec::new(), breaks: 0 };
    let mut children = Vec::new();
    for pair in file.into_inner() {
        reader.pair(pair, &mut children);
    }
    reader.signs(text.len(), &mut children);
    reader.token(text.len(), text.len(), &mut children);
    Some(Tree { tokens: reader.tokens, root: Node { kind: Kind::File, children } })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    comments: Vec<Comment>,
    breaks: usize,
}

impl Reader<'_> {
    fn pair(&mut self, pair: Pair<'_, Rule>, into: &mut Vec<Child>) {
        let span = pair.as_span();
        self.signs(span.start(), into);
        match form(pair.as_rule()) {
            Form::End => {}
            Form::Word => {
                let end = span.start() + pair.as_str().trim_end().len();
                self.token(span.start(), end, into);
            }
            Form::Open => self.inner(pair, into),
            Form::Chain => self.chain(climb(pair, &mut Vec::new()), into),
            Form::Joins(kind) => {
                let mut children = Vec::new();
                self.inner(pair, &mut children);
                match children.len() {
                    1 => into.append(&mut children),
                    _ => into.push(Child::Node(Node { kind, children })),
                }
            }
            Form::Node(kind) => {
                let mut children = Vec::new();
                self.inner(pair, &mut children);
                into.push(Child::Node(Node { kind, children }));
            }
        }
    }

    fn chain(&mut self, chain: Chain<'_>, into: &mut Vec<Child>) {
        let Some((kind, _)) = kind(&chain) else { return self.links(chain, into) };
        let mut children = Vec::new();
        self.links(chain, &mut children);
        into.push(Child::Node(Node { kind, children }));
    }

    /// The children of a chain; `a + b - c` has three operands.
    fn links(&mut self, chain: Chain<'_>, into: &mut Vec<Child>) {
        let own = kind(&chain);
        match chain {
            Chain::Operand(pair) => self.pair(pair, into),
            Chain::Placed(layer, place) => {
                self.chain(*layer, into);
                self.pair(place, into);
            }
            Chain::Prefixed(_, sign, operand) => {
                self.pair(sign, into);
                self.link(*operand, own, into);
            }
            Chain::Joined(_, left, sign, right) => {
                self.link(*left, own, into);
                self.pair(sign, into);
                self.chain(*right, into);
            }
            Chain::Range(low, sign, high) => {
                low.into_iter().for_each(|low| self.chain(*low, into));
                self.pair(sign, into);
                high.into_iter().for_each(|high| self.chain(*high, into));
            }
        }
    }

    fn link(&mut self, link: Chain<'_>, around: Option<(Kind, Binding)>, into: &mut Vec<Child>) {
        if kind(&link) == around { self.links(link, into) } else { self.chain(link, into) }
    }

    fn inner(&mut self, pair: Pair<'_, Rule>, into: &mut Vec<Child>) {
        let end = pair.as_span().end();
        for inner in pair.into_inner() {
            self.pair(inner, into);
        }
        self.signs(end, into);
    }

    fn token(&mut self, start: usize, end: usize, into: &mut Vec<Child>) {
        let text = self.text[start..end].to_owned();
        let comments = std::mem::take(&mut self.comments);
        into.push(Child::Token(self.tokens.len()));
        self.tokens.push(Token { text, comments, breaks: std::mem::take(&mut self.breaks) });
        self.at = end;
    }

    /// Reads up to a byte what no pair holds: signs, comments and spaces.
    fn signs(&mut self, end: usize, into: &mut Vec<Child>) {
        let (text, from) = (self.text, self.at);
        for token in Lexer::new(&text[from..end]) {
            let (start, end) = (from + token.start, from + token.end);
            match token.kind {
                TokenKind::Space => {
                    self.breaks += text[start..end].matches('\n').count();
                    self.at = end;
                }
                TokenKind::Comment => {
                    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
                    self.comments.push(Comment {
                        text: text[start..end].trim_end().to_owned(),
                        breaks: std::mem::take(&mut self.breaks),
                        column: text[line..start].chars().count(),
                    });
                    self.at = end;
                }
                TokenKind::Doc
                | TokenKind::FileDoc
                | TokenKind::Word
                | TokenKind::Warning
                | TokenKind::Number
                | TokenKind::Quote
                | TokenKind::Text
                | TokenKind::EndQuote
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::Sign
                | TokenKind::Unknown => self.token(start, end, into),
            }
        }
    }
}

/// The kind of node that a chain becomes, and how tightly its operators bind; none for a single operand.
fn kind(chain: &Chain<'_>) -> Option<(Kind, Binding)> {
    match chain {
        Chain::Operand(_) => None,
        Chain::Placed(..) => Some((Kind::Placed, Binding::Whole)),
        Chain::Prefixed(Binding::Not, ..) => Some((Kind::Not, Binding::Not)),
        Chain::Prefixed(binding, ..) => Some((Kind::Minus, *binding)),
        Chain::Joined(Binding::Pipe, ..) => Some((Kind::Pipe, Binding::Pipe)),
        Chain::Joined(binding, ..) => Some((Kind::Binary, *binding)),
        Chain::Range(..) => Some((Kind::Range, Binding::Range)),
    }
}

/// What a rule becomes in the tree.
enum Form {
    /// Nothing.
    End,
    /// A token.
    Word,
    /// Its children, without a node around them.
    Open,
    /// A node for each group of operators that bind alike.
    Chain,
    /// A node if it has several children, else its only child.
    Joins(Kind),
    /// A node.
    Node(Kind),
}

fn form(rule: Rule) -> Form {
    match rule {
        Rule::EOI => Form::End,
        Rule::expr
        | Rule::ty
        | Rule::ty_name
        | Rule::dim
        | Rule::inner_expr
        | Rule::lone_expr
        | Rule::prefix
        | Rule::operator
        | Rule::place
        // `not in` and `from held_out` may have comments between their words.
        | Rule::k_not_in
        | Rule::held_out => Form::Open,
        Rule::file => Form::Node(Kind::File),
        Rule::item => Form::Node(Kind::Item),
        Rule::allow => Form::Node(Kind::Allow),
        Rule::use_item => Form::Node(Kind::Use),
        Rule::use_names => Form::Node(Kind::UseNames),
        Rule::use_name => Form::Node(Kind::UseName),
        Rule::enum_item => Form::Node(Kind::Enum),
        Rule::enum_case => Form::Node(Kind::Case),
        Rule::fn_item | Rule::main_fn | Rule::objective_member | Rule::function_section | Rule::fit_section => {
            Form::Node(Kind::Fn)
        }
        Rule::let_item | Rule::let_stmt | Rule::var_stmt => Form::Node(Kind::Let),
        Rule::block_item | Rule::model_item => Form::Node(Kind::Block),
        Rule::base => Form::Node(Kind::Base),
        Rule::ignores => Form::Node(Kind::Ignores),
        Rule::member => Form::Node(Kind::Member),
        Rule::param_member => Form::Node(Kind::Param),
        Rule::part_member => Form::Node(Kind::Part),
        Rule::part_list => Form::Node(Kind::Parts),
        Rule::part_path => Form::Node(Kind::PartPath),
        Rule::named_section | Rule::plain_section => Form::Node(Kind::Settings),
        Rule::setting => Form::Node(Kind::Setting),
        Rule::params => Form::Node(Kind::Params),
        Rule::param => Form::Node(Kind::Parameter),
        Rule::ty_list => Form::Node(Kind::TypeList),
        Rule::ty_shape => Form::Node(Kind::Shape),
        Rule::ty_generic => Form::Node(Kind::Generic),
        Rule::ty_tuple | Rule::tuple => Form::Node(Kind::Tuple),
        Rule::pattern => Form::Joins(Kind::Tuple),
        Rule::body => Form::Node(Kind::Body),
        Rule::statement => Form::Node(Kind::Statement),
        Rule::assign_stmt => Form::Node(Kind::Assign),
        Rule::lambda => Form::Node(Kind::Lambda),
        Rule::chain => Form::Chain,
        Rule::postfix => Form::Joins(Kind::Postfix),
        Rule::call => Form::Node(Kind::Call),
        Rule::argument => Form::Joins(Kind::Argument),
        Rule::index => Form::Node(Kind::Index),
        Rule::field => Form::Node(Kind::Field),
        Rule::copy_expr => Form::Node(Kind::Copy),
        Rule::if_expr => Form::Node(Kind::If),
        Rule::for_expr => Form::Node(Kind::For),
        Rule::loop_expr => Form::Node(Kind::Loop),
        Rule::carried => Form::Node(Kind::Carried),
        Rule::stepped => Form::Node(Kind::Stepped),
        Rule::list => Form::Node(Kind::List),
        Rule::record => Form::Node(Kind::Record),
        Rule::entry => Form::Node(Kind::Entry),
        Rule::set => Form::Node(Kind::Set),
        Rule::path => Form::Node(Kind::Path),
        _ => Form::Word,
    }
}
