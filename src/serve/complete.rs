//! What could be written at a place.
//!
//! The text may be broken there. So the words before the place say where it is, and the last compilation of a text
//! without mistakes says what the names stand for.

use lsp_types::{CompletionItem, CompletionItemKind, Documentation, MarkupContent, MarkupKind};

use diadc_lang::parse::ast::{MemberKind, SectionContent};
use diadc_lang::parse::keyword::Keyword;
use diadc_lang::resolve::builtin::{Builtin, GENERIC_TYPES, TYPES};
use diadc_lang::resolve::spec::{Binding, Block, BlockId, Spec};
use diadc_lang::resolve::{Location, std_modules};

use super::hover::signature;
use super::scan::{Context, context};
use super::workspace::{Known, Workspace};

/// Everything that fits before a byte of a file.
pub(super) fn completions(workspace: &Workspace, location: &Location, byte: usize) -> Vec<CompletionItem> {
    let Some(text) = workspace.text(location) else { return Vec::new() };
    let found = context(&text, byte);
    if found.is_text {
        return Vec::new();
    }
    let known = workspace.known(location).next();
    let mut items = Vec::new();
    if let Some(path) = &found.path {
        match (path.as_str(), known) {
            ("std", _) => items.extend(std_modules().iter().map(|module| item(module, CompletionItemKind::MODULE))),
            (owner, Some(known)) => items.extend(cases(&known.spec, owner)),
            (_, None) => {}
        }
        return items;
    }
    if let Some(module) = &found.used {
        return exported(workspace, location, module);
    }
    if let Some(owner) = &found.owner {
        return known.map_or_else(Vec::new, |known| fields(known, &found, owner));
    }
    if let Some(section) = found.section
        && !section.settings().is_empty()
        && found.begins
    {
        let settings = section.settings().iter().map(|known| CompletionItem {
            insert_text: Some(format!("{} = ", known.name)),
            documentation: Some(words(known.doc)),
            ..item(known.name, CompletionItemKind::PROPERTY)
        });
        return settings.collect();
    }
    if let Some(callee) = &found.callee {
        items.extend(arguments(known, callee));
    }
    items.extend(found.locals.iter().map(|name| item(name, CompletionItemKind::VARIABLE)));
    if let Some(known) = known {
        items.extend(in_scope(known, &found));
    }
    items.extend(Builtin::ALL.iter().map(|builtin| CompletionItem {
        detail: Some(signature(*builtin)),
        documentation: Some(words(builtin.doc())),
        ..item(builtin.word(), CompletionItemKind::FUNCTION)
    }));
    items.extend(Keyword::all().map(|keyword| item(keyword.word, CompletionItemKind::KEYWORD)));
    let mut seen = std::collections::HashSet::new();
    items.retain(|item| seen.insert(item.label.clone()));
    items
}

fn item(label: &str, kind: CompletionItemKind) -> CompletionItem {
    CompletionItem { label: label.to_owned(), kind: Some(kind), ..CompletionItem::default() }
}

fn words(text: &str) -> Documentation {
    Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value: text.to_owned() })
}

/// The cases of an enum that the file knows.
fn cases(spec: &Spec, owner: &str) -> Vec<CompletionItem> {
    match spec.modules.first().and_then(|module| module.scope.get(owner)) {
        Some(Binding::Enum(id)) => {
            let cases = spec.enumeration(*id).cases.iter();
            cases.map(|case| item(&case.node, CompletionItemKind::ENUM_MEMBER)).collect()
        }
        _ => Vec::new(),
    }
}

/// What can be taken from a module or file.
fn exported(workspace: &Workspace, here: &Location, module: &str) -> Vec<CompletionItem> {
    let from = match module.strip_prefix("std::") {
        Some(name) => diadc_lang::parse::ast::UseFrom::Std(name.into()),
        None => diadc_lang::parse::ast::UseFrom::File(module.trim_matches('"').to_owned()),
    };
    let location = here.relative(&from);
    let mut symbols = workspace.symbols(&location);
    if symbols.is_empty() {
        // No compilation has asked for this file yet.
        let mut sources = diadc_lang::source::SourceMap::default();
        let Ok(text) = location.read(&workspace.files) else { return Vec::new() };
        let id = sources.add(location.name(), text);
        let Ok(ast) = diadc_lang::parse::parse(id, &sources) else { return Vec::new() };
        symbols = super::symbol::symbols(&ast, &sources.get(id).text);
    }
    let shown = symbols.into_iter().map(|symbol| CompletionItem {
        detail: Some(symbol.head.clone()),
        documentation: Some(words(&symbol.doc)),
        ..item(&symbol.name, CompletionItemKind::REFERENCE)
    });
    shown.collect()
}

/// The members of the part that a path such as `sd.decoder` names.
fn fields(known: &Known, found: &Context, owner: &str) -> Vec<CompletionItem> {
    let mut steps = owner.split('.');
    let first = steps.next().unwrap_or_default();
    let around = found.block.as_deref().and_then(|name| block_named(&known.spec, name));
    let place = around.and_then(|block| definition(block, first));
    let seen = |span| known.record.blocks.get(&span).copied();
    // What is not a member may be a local name that stood for a part.
    let local = || known.record.blocks.iter().find(|(span, _)| known.name_at(**span) == first).map(|(_, block)| *block);
    let mut at: Option<BlockId> = place.and_then(seen).or_else(local);
    for step in steps {
        at = at.and_then(|id| definition(known.spec.block(id), step)).and_then(seen);
    }
    match at {
        Some(id) => members(known.spec.block(id)),
        None => ["first", "last"].iter().map(|name| item(name, CompletionItemKind::FIELD)).collect(),
    }
}

fn definition(block: &Block, name: &str) -> Option<diadc_core::span::Span> {
    let param = block.params.iter().find(|param| &*param.name.node == name).map(|param| param.name.span);
    param.or_else(|| block.members.get(name).map(|(_, member)| diadc_lang::resolve::spec::member_name(member).1))
}

fn block_named<'a>(spec: &'a Spec, name: &str) -> Option<&'a Block> {
    spec.blocks.iter().find(|block| &*block.name.node == name)
}

fn members(block: &Block) -> Vec<CompletionItem> {
    let params = block.params.iter().map(|param| item(&param.name.node, CompletionItemKind::PROPERTY));
    let own = block.members.iter().filter_map(|(name, (_, member))| {
        let kind = match &member.kind {
            MemberKind::Param(_) => CompletionItemKind::PROPERTY,
            MemberKind::Let(_) => CompletionItemKind::CONSTANT,
            MemberKind::Part(_) => CompletionItemKind::FIELD,
            MemberKind::Fn(_) if &**name == "fn" => return None,
            MemberKind::Fn(_) | MemberKind::Objective(_) => CompletionItemKind::METHOD,
            MemberKind::Section(def) => match def.content {
                SectionContent::Function(_) => CompletionItemKind::METHOD,
                SectionContent::Settings(_) => return None,
            },
        };
        Some(CompletionItem { documentation: Some(words(&member.doc)), ..item(name, kind) })
    });
    params.chain(own).collect()
}

/// The parameters of what is called, as named arguments.
fn arguments(known: Option<&Known>, callee: &str) -> Vec<CompletionItem> {
    let named = |name: &str| CompletionItem {
        insert_text: Some(format!("{name}: ")),
        sort_text: Some(format!(" {name}")),
        ..item(&format!("{name}:"), CompletionItemKind::PROPERTY)
    };
    if let Some(builtin) = Builtin::named(callee) {
        return builtin.parameters().iter().map(|param| named(param.name)).collect();
    }
    let Some(known) = known else { return Vec::new() };
    let scopes = known.spec.modules.iter().filter_map(|module| module.scope.get(callee));
    let params = scopes.filter_map(|binding| match binding {
        Binding::Fn(_, def) => Some(&def.params),
        Binding::Block(id) => Some(&known.spec.block(*id).params),
        _ => None,
    });
    let methods = known.spec.blocks.iter().filter_map(|block| match &block.members.get(callee)?.1.kind {
        MemberKind::Fn(def) => Some(&def.params),
        _ => None,
    });
    let found = params.chain(methods).next();
    found.map_or_else(Vec::new, |params| params.iter().map(|param| named(&param.name.node)).collect())
}

/// The members of the block around the place, and the names of the file.
fn in_scope(known: &Known, found: &Context) -> Vec<CompletionItem> {
    let block = found.block.as_deref().and_then(|name| block_named(&known.spec, name));
    let mut items = block.map_or_else(Vec::new, members);
    let scope = known.spec.modules.first().map(|module| &module.scope);
    for (name, binding) in scope.into_iter().flatten() {
        let kind = match binding {
            Binding::Fn(..) => CompletionItemKind::FUNCTION,
            Binding::Let(..) => CompletionItemKind::CONSTANT,
            Binding::Block(_) => CompletionItemKind::CLASS,
            Binding::Enum(_) => CompletionItemKind::ENUM,
            Binding::Case(..) => CompletionItemKind::ENUM_MEMBER,
            Binding::Broken => CompletionItemKind::TEXT,
            Binding::Ambiguous(_) => continue,
        };
        items.push(item(name, kind));
    }
    items.extend(TYPES.iter().chain(GENERIC_TYPES).map(|name| item(name, CompletionItemKind::TYPE_PARAMETER)));
    items
}
