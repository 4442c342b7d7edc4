//! The rules of the layout: for each gap a space or none, whether a line can break there, and where the next line
//! begins.
//!
//! There is one rule for each kind of node. No column is known here; a rule only says which tokens share one.

use crate::parse::tree::{Child, Kind, Node, Tree};

use super::gap::{Bracket, Breakable, Cell, Commas, Draft, Gap, How, Indent, Row, Table};

/// Decides about every gap of a text.
pub(super) fn draft(tree: Tree) -> Draft {
    let mut tokens = tree.tokens;
    // A comma follows directly after what it ends: a comment between them moves after the comma.
    for i in 1..tokens.len() {
        if tokens[i - 1].text == "," && !tokens[i - 1].comments.is_empty() {
            let mut comments = std::mem::take(&mut tokens[i - 1].comments);
            comments.append(&mut tokens[i].comments);
            tokens[i].comments = comments;
        }
    }
    let free = Gap { space: 0, keeps: false, blank: false, breaks: false, indent: Indent::Top };
    let draft = Draft {
        gaps: vec![free; tokens.len()],
        tokens,
        brackets: Vec::new(),
        bodies: Vec::new(),
        breakables: Vec::new(),
        tables: Vec::new(),
        chains: Vec::new(),
        choices: Vec::new(),
        matrices: Vec::new(),
    };
    let mut rules = Rules { draft, head: 0 };
    rules.node(&tree.root, 0);
    let mut draft = rules.draft;
    for i in 1..draft.tokens.len() {
        let kept = draft.gaps[i].keeps && draft.tokens[i].breaks > 0;
        draft.gaps[i].breaks |= kept || draft.is_forced(i);
    }
    draft.settle();
    draft
}

struct Rules {
    draft: Draft,
    /// The first token of the construct whose body comes next.
    head: usize,
}

/// Whether a child is a token with a text.
fn is(draft: &Draft, child: &Child, text: &str) -> bool {
    matches!(child, Child::Token(token) if draft.tokens[*token].text == text)
}

impl Rules {
    fn space(&mut self, token: usize, space: usize) {
        self.draft.gaps[token].space = space;
    }

    /// Keeps a line break of the author before a token, and says where the line begins.
    fn may_break(&mut self, token: usize, indent: Indent) {
        self.draft.gaps[token].keeps = true;
        self.draft.gaps[token].indent = indent;
    }

    fn must_break(&mut self, token: usize, indent: Indent) {
        self.may_break(token, indent);
        self.draft.gaps[token].breaks = token > 0;
    }

    fn breakable(&mut self, depth: usize, how: How, gaps: Vec<usize>) {
        if !gaps.is_empty() {
            self.draft.breakables.push(Breakable { depth, how, gaps });
        }
    }

    fn node(&mut self, node: &Node, depth: usize) {
        // The default: one space, and one step deeper if a comment forces a line break.
        for child in &node.children[1..] {
            let gap = Gap { space: 1, keeps: false, blank: false, breaks: false, indent: Indent::Under(node.first()) };
            self.draft.gaps[child.first()] = gap;
        }
        match node.kind {
            Kind::File => self.lines(&node.children, Indent::Top),
            Kind::Item | Kind::Member | Kind::Case => {
                for child in &node.children[1..] {
                    self.must_break(child.first(), Indent::Same(node.first()));
                }
            }
            Kind::Allow
            | Kind::UseName
            | Kind::Base
            | Kind::Not
            | Kind::Copy
            | Kind::Statement
            | Kind::Carried
            | Kind::Stepped => {}
            Kind::Use => self.tight(&node.children[1..]),
            Kind::UseNames => {
                self.tight(&node.children[..2]);
                self.bracket(node, 1, 0, depth);
            }
            Kind::Enum => self.bracket(node, 2, 1, depth),
            Kind::Fn => self.function(node),
            Kind::Block => {
                for child in &node.children {
                    if child.node(Kind::Params).is_some() {
                        self.space(child.first(), 0);
                    }
                }
                let ignores = node.children.iter().filter(|child| child.node(Kind::Ignores).is_some());
                let ignores: Vec<usize> = ignores.map(Child::first).collect();
                ignores.iter().for_each(|token| self.may_break(*token, Indent::Under(node.first())));
                self.breakable(depth, How::Everywhere, ignores);
                self.braces(node, depth);
            }
            Kind::Settings => self.braces(node, depth),
            Kind::Body => self.body(node, 0, depth),
            Kind::Param | Kind::Part | Kind::Let | Kind::Assign | Kind::Setting | Kind::Parameter => {
                self.named_value(node, depth);
            }
            Kind::Argument | Kind::Entry => self.space(node.children[1].first(), 0),
            Kind::Params | Kind::Tuple | Kind::List | Kind::Set | Kind::Call => self.bracket(node, 0, 0, depth),
            Kind::Record => self.bracket(node, 0, 1, depth),
            Kind::Shape => {
                let open = node.children.iter().position(|child| is(&self.draft, child, "[")).unwrap_or(0);
                self.tight(&node.children[..=open]);
                self.bracket(node, open, 0, depth);
            }
            Kind::Index => self.tight(&node.children),
            Kind::TypeList => {
                self.tight(&node.children);
                self.space(node.children[3].first(), 1);
            }
            Kind::PartPath | Kind::Generic | Kind::Range | Kind::Minus | Kind::Postfix | Kind::Field | Kind::Path => {
                self.tight(&node.children);
            }
            Kind::Parts | Kind::Ignores => self.separated(node, depth),
            Kind::Lambda => self.lambda(node),
            Kind::Pipe => self.pipe(node, depth),
            Kind::Binary => self.binary(node, depth),
            Kind::Placed => {
                let place = node.children[1].first();
                self.may_break(place, Indent::Place(node.first()));
                self.breakable(depth, How::Everywhere, vec![place]);
            }
            Kind::If => self.choice(node, depth),
            Kind::For => self.commas(node),
            Kind::Loop => self.separated(node, depth),
        }
        let mut head = node.first();
        for child in &node.children {
            match child {
                Child::Token(token) if is(&self.draft, child, "else") => head = *token,
                Child::Token(_) => {}
                Child::Node(inner) => {
                    self.head = head;
                    self.node(inner, depth + 1);
                }
            }
        }
        // A doc comment always has its own line.
        for child in &node.children {
            if let Child::Token(token) = child
                && self.draft.tokens[*token].is_doc()
                && *token > 0
            {
                self.draft.gaps[*token].breaks = true;
            }
        }
        if matches!(node.kind, Kind::File | Kind::Block | Kind::Body | Kind::Settings | Kind::Record) {
            self.tables(node);
        }
    }

    /// No spaces between the children.
    fn tight(&mut self, children: &[Child]) {
        for child in children.iter().skip(1) {
            self.space(child.first(), 0);
        }
    }

    /// No space before commas.
    fn commas(&mut self, node: &Node) {
        for child in &node.children {
            if is(&self.draft, child, ",") {
                self.space(child.first(), 0);
            }
        }
    }

    /// Each child begins a line, and blank lines between them are kept.
    fn lines(&mut self, children: &[Child], indent: Indent) {
        for child in children {
            self.must_break(child.first(), indent);
            self.draft.gaps[child.first()].blank = true;
        }
    }

    /// A list with commas but without a bracket: its lines begin in the column of the first thing after the keyword.
    fn separated(&mut self, node: &Node, depth: usize) {
        self.commas(node);
        let mut gaps = Vec::new();
        let mut first = node.first();
        for pair in node.children.windows(2) {
            if is(&self.draft, &pair[0], ",") {
                self.may_break(pair[1].first(), Indent::Same(first));
                gaps.push(pair[1].first());
            } else if matches!(pair[0], Child::Token(_)) {
                first = pair[1].first();
            }
        }
        self.breakable(depth, How::Filled, gaps);
    }

    /// A list with commas in a bracket, which is the child `open`, with `inner` spaces after it and before its end.
    fn bracket(&mut self, node: &Node, open: usize, inner: usize, depth: usize) {
        let (opened, closed) = (node.children[open].first(), node.children.len() - 1);
        let close = node.children[closed].first();
        let items = &node.children[open + 1..closed];
        let mut gaps = Vec::new();
        for (i, child) in items.iter().enumerate() {
            let token = child.first();
            if is(&self.draft, child, ",") {
                self.space(token, 0);
            } else {
                self.space(token, if i == 0 { inner } else { 1 });
                self.may_break(token, Indent::Inside(opened));
                self.draft.gaps[token].blank = true;
                gaps.push(token);
            }
        }
        self.space(close, if items.is_empty() { 0 } else { inner });
        self.draft.gaps[close].indent = Indent::Close(opened);
        self.draft.gaps[close].blank = true;
        let count = items.iter().filter(|child| !is(&self.draft, child, ",")).count();
        let commas = match (node.kind, count, items.len()) {
            (Kind::Tuple, 1, 1) => Commas::None,
            (Kind::Tuple, 1, _) => Commas::Fixed,
            _ => Commas::Loose,
        };
        self.draft.brackets.push(Bracket { open: opened, close, commas });
        if node.kind == Kind::Record {
            self.breakable(depth, How::Everywhere, gaps);
        } else {
            self.breakable(depth, How::Filled, gaps.iter().skip(1).copied().collect());
            self.breakable(depth, How::AtLast, gaps.into_iter().take(1).collect());
        }
        if node.kind == Kind::List {
            self.matrix(items);
        }
    }

    /// A list whose elements are lists of numbers, all of the same length.
    fn matrix(&mut self, items: &[Child]) {
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for item in items.iter().filter(|child| !is(&self.draft, child, ",")) {
            let Some(list) = item.node(Kind::List) else { return };
            let inner = &list.children[1..list.children.len() - 1];
            let numbers = inner.iter().filter(|child| !is(&self.draft, child, ","));
            let is_number = |token: &usize| self.draft.tokens[*token].text.starts_with(|c: char| c.is_ascii_digit());
            let row: Option<Vec<usize>> = numbers
                .map(|child| match child {
                    Child::Token(token) => Some(*token).filter(is_number),
                    Child::Node(_) => None,
                })
                .collect();
            let Some(row) = row else { return };
            rows.push(row);
        }
        if rows.len() > 1 && rows.iter().all(|row| row.len() == rows[0].len()) {
            self.draft.matrices.push(rows);
        }
    }

    /// The members or settings in braces after a head.
    fn braces(&mut self, node: &Node, depth: usize) {
        let open =
            node.children.iter().position(|child| is(&self.draft, child, "{")).expect("a head ends with a brace");
        self.head = node.first();
        self.body(node, open, depth);
    }

    /// Statements, members or settings in braces, of which the first is the child `open`.
    fn body(&mut self, node: &Node, open: usize, depth: usize) {
        let (opened, closed) = (node.children[open].first(), node.children.len() - 1);
        let close = node.children[closed].first();
        let inner: Vec<usize> = node.children[open + 1..closed].iter().map(Child::first).collect();
        for (i, &token) in inner.iter().enumerate() {
            self.may_break(token, Indent::Body(self.head));
            self.draft.gaps[token].blank = true;
            if i > 0 {
                match node.kind {
                    Kind::Settings => self.space(token, 2),
                    _ => self.draft.gaps[token].breaks = true,
                }
            }
        }
        self.space(close, usize::from(!inner.is_empty()));
        self.may_break(close, Indent::End(self.head));
        self.draft.gaps[close].blank = true;
        // The braces of an empty body stay together.
        self.draft.gaps[close].keeps = !inner.is_empty();
        self.breakable(depth, How::Everywhere, inner.first().copied().into_iter().collect());
        // Inner bodies come first, so that a line break in them is known when this one is looked at.
        let at = self.draft.bodies.iter().position(|(body, _)| body.open < opened && close < body.close);
        let body = (Bracket { open: opened, close, commas: Commas::None }, inner);
        self.draft.bodies.insert(at.unwrap_or(self.draft.bodies.len()), body);
    }

    /// Parameters follow directly after the name of a function; a main function has no name.
    fn function(&mut self, node: &Node) {
        for (i, child) in node.children.iter().enumerate() {
            if child.node(Kind::Params).is_some() {
                let is_main = i == 1 && is(&self.draft, &node.children[0], "fn");
                self.space(child.first(), usize::from(is_main));
            }
        }
    }

    /// `param x: int in 1..=5 = 3`, and the members and statements that have a part of this.
    fn named_value(&mut self, node: &Node, depth: usize) {
        for (i, child) in node.children.iter().enumerate() {
            if is(&self.draft, child, ":") {
                self.space(child.first(), 0);
            }
            if is(&self.draft, child, "=") && node.kind != Kind::Parameter {
                let value = node.children[i + 1].first();
                self.may_break(value, Indent::Under(node.first()));
                self.breakable(depth, How::AtLast, vec![value]);
            }
        }
    }

    fn lambda(&mut self, node: &Node) {
        self.commas(node);
        let bars: Vec<usize> =
            node.children.iter().filter(|child| is(&self.draft, child, "|")).map(Child::first).collect();
        self.space(node.children[1].first(), 0);
        self.space(bars[1], 0);
    }

    fn pipe(&mut self, node: &Node, depth: usize) {
        let mut cells = Vec::new();
        let mut pipes = Vec::new();
        for child in &node.children[1..] {
            match child {
                Child::Token(pipe) if is(&self.draft, child, "|>") => {
                    let indent = pipes.first().map_or(Indent::Under(node.first()), |first| Indent::Same(*first));
                    self.may_break(*pipe, indent);
                    pipes.push(*pipe);
                    cells.push((Cell::Pipe, *pipe));
                }
                Child::Token(_) | Child::Node(_) => cells.extend(place(child)),
            }
        }
        self.draft.chains.push(cells);
        let gaps = if pipes.len() > 1 { pipes.split_off(1) } else { pipes };
        self.breakable(depth, How::Everywhere, gaps);
    }

    fn binary(&mut self, node: &Node, depth: usize) {
        let mut gaps = Vec::new();
        for (i, child) in node.children.iter().enumerate().skip(1) {
            let token = child.first();
            self.may_break(token, Indent::Under(node.first()));
            // `not in` is one operator of two words.
            let is_second = is(&self.draft, child, "in") && is(&self.draft, &node.children[i - 1], "not");
            if is_second {
                self.draft.gaps[token].keeps = false;
            } else if matches!(child, Child::Token(_)) && i % 2 == 1 {
                gaps.push(token);
            }
        }
        self.breakable(depth, How::Filled, gaps);
    }

    /// An `if` with all its `else if`; the node may be one of the latter.
    fn choice(&mut self, node: &Node, depth: usize) {
        let Some(otherwise) = node.children.iter().find(|child| is(&self.draft, child, "else")) else { return };
        let otherwise = otherwise.first();
        let known = self.draft.choices.iter().find(|branches| branches.iter().any(|(head, _)| *head == otherwise));
        let first = known.map_or(node.first(), |branches| branches[0].0);
        let is_known = known.is_some();
        self.may_break(otherwise, Indent::Else(first));
        if is_known {
            return;
        }
        let (mut branches, mut statements) = (Vec::new(), Vec::new());
        let (mut head, mut rest) = (first, Some(node));
        while let Some(choice) = rest.take() {
            for child in &choice.children {
                if let Some(body) = child.node(Kind::Body) {
                    branches.push((head, body.first()));
                    statements.extend(body.children[1..body.children.len() - 1].first().map(Child::first));
                } else if is(&self.draft, child, "else") {
                    head = child.first();
                    rest = choice.children.last().and_then(|last| last.node(Kind::If));
                }
            }
        }
        self.breakable(depth, How::Everywhere, statements);
        self.draft.choices.push(branches);
    }

    /// Collects tables: rows of the same kind without a blank line or a doc comment between them.
    fn tables(&mut self, node: &Node) {
        let mut table: Option<(Table, Vec<Row>)> = None;
        for child in &node.children {
            if is(&self.draft, child, ",") {
                continue;
            }
            let row = self.row(child);
            let first = child.first();
            let token = &self.draft.tokens[first];
            let gapped = token.breaks > 1 || token.comments.iter().any(|comment| comment.breaks > 1);
            match (row, &mut table) {
                (Some((kind, row)), Some((known, rows))) if kind == *known && !gapped => rows.push(row),
                (row, table) => {
                    self.draft.tables.extend(table.take());
                    *table = row.map(|(kind, row)| (kind, vec![row]));
                }
            }
        }
        self.draft.tables.extend(table);
    }

    /// The row of a table that a member, statement, setting or entry forms.
    fn row(&self, child: &Child) -> Option<(Table, Row)> {
        let Child::Node(outer) = child else { return None };
        let mut node = outer;
        if matches!(node.kind, Kind::Member | Kind::Statement | Kind::Item) {
            let [Child::Node(only)] = node.children.as_slice() else { return None };
            node = only;
        }
        let table = match node.kind {
            Kind::Param => Table::Params,
            Kind::Part => Table::Parts,
            Kind::Let => Table::Lets,
            Kind::Assign => Table::Assigns,
            Kind::Setting => Table::Settings,
            Kind::Entry => Table::Entries,
            _ => return None,
        };
        let mut cells = Vec::new();
        for pair in node.children.windows(2) {
            if is(&self.draft, &pair[0], ":") {
                cells.push((if table == Table::Params { Cell::Type } else { Cell::Value }, pair[1].first()));
            }
            if is(&self.draft, &pair[0], "in") && table == Table::Params {
                cells.push((Cell::Within, pair[0].first()));
            }
            if is(&self.draft, &pair[0], "=") {
                cells.push((Cell::Equals, pair[0].first()));
                if matches!(table, Table::Parts | Table::Lets) {
                    cells.extend(self.columns(&pair[1]));
                }
            }
        }
        Some((table, Row { first: child.first(), last: child.last(), cells }))
    }

    /// The `|>` and `@` of a value.
    fn columns(&self, value: &Child) -> Vec<(Cell, usize)> {
        let Some(pipe) = value.node(Kind::Pipe) else { return place(value).into_iter().collect() };
        let cells = pipe.children[1..].iter().filter_map(|child| match child {
            Child::Token(token) if is(&self.draft, child, "|>") => Some((Cell::Pipe, *token)),
            Child::Token(_) | Child::Node(_) => place(child),
        });
        cells.collect()
    }
}

/// The `@` of something with a place.
fn place(child: &Child) -> Option<(Cell, usize)> {
    child.node(Kind::Placed).map(|placed| (Cell::Place, placed.children[1].first()))
}
