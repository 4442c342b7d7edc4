//! Reasons in the spec for which a warning is not shown.

use crate::language::{Spec, graph, shown};

const NET: &str = "block Net() { fn (x) { x |> conv(3) @ \"conv\" } }";

/// The codes of the warnings about a spec.
#[track_caller]
fn codes(spec: &Spec) -> Vec<&'static str> {
    match spec.result() {
        Ok(compiled) => compiled.warnings.iter().map(|warning| warning.code.name()).collect(),
        Err(failed) => panic!("{}", shown(&failed)),
    }
}

fn idle(allow: &str) -> Spec {
    Spec::with(NET, &format!("part net = Net()\n{allow}\npart idle = Net()\nfn f(x: [B, 3, 8, 8]) {{ net(x) }}"))
}

#[test]
fn a_reason_silences_what_it_names_and_nothing_else() {
    assert_eq!(codes(&idle("")), ["unused-part"]);
    assert!(codes(&idle("allow unused-part \"kept\"")).is_empty());
    assert!(codes(&idle("/// Kept.\nallow unused-part \"kept\"")).is_empty());
    assert!(codes(&idle("allow unused-part \"kept\"\n/// Kept.")).is_empty());
    assert_eq!(codes(&idle("allow unused-name \"kept\"")), ["unneeded-allow", "unused-part"]);
}

#[test]
fn a_reason_before_the_model_holds_for_all_of_it() {
    let text = "block Net() { fn (x) { x |> conv(3) @ \"conv\" } }\nallow unused-part \"later\"\nmodel M {\n\
                part a = Net()\npart b = Net()\nfn f(x: [B, 3, 8, 8]) { x + 1 }\n}\n";
    assert!(codes(&Spec::new(text)).is_empty());
}

#[test]
fn a_warning_without_reason_or_of_no_known_kind_can_not_be_allowed() {
    idle("allow unused-part").fails_with("syntax");
    idle("allow \"kept\"").fails_with("syntax");
    idle("allow unused-part \"  \"").fails_with("no-reason");
    idle("allow unused-prat \"kept\"").fails_with("unknown-warning");
}

#[test]
fn a_doc_comment_of_one_line_may_stand_before_any_member() {
    let members = [
        "let a = 1",
        "param p: int = 1",
        "data { size = 8 }",
        "part net = Net()",
        "objective o(image) trains net { mse(net(image), image) }",
        "training o { optimizer = adamw(lr: 1e-3)  batch = 1  steps = 1 }",
        "measure { metrics = [pixel_auroc]  protocol = exact }",
        "score(image) { { map: mean(net(image), axis: 1), value: mean(image, axis: [1, 2, 3]) } }",
        "fn f(x: [B, 3, 8, 8]) { net(x) }",
        "let b = a / 2.0",
    ];
    let with = |comment: &str| members.map(|member| format!("{comment}{member}\n")).concat();
    let (plain, explained) =
        (Spec::with(NET, &with("")).compiles(), Spec::with(NET, &with("/// One line.\n")).compiles());
    assert_eq!(plain.functions.len(), 3);
    for function in &plain.functions {
        assert_eq!(graph(&plain, &function.name), graph(&explained, &function.name));
    }
}
