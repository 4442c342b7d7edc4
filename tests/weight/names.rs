//! Rename tables: every name of the published checkpoint has one name in each layout.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use diadc::weight::{Found, Lacking, Naming, Reshape, Stored, Table, compare, expected};

/// The names and shapes of a layout, from the classes that write it (`tests/oracle/layouts.py`).
fn layout(wanted: &str) -> Vec<(String, Vec<usize>)> {
    let bytes = include_bytes!("fixtures/layouts.tsv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("the oracle writes text");
    let lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let of_layout = lines.filter(|columns| columns[0] == wanted);
    let all: Vec<_> = of_layout.map(|columns| (columns[1].to_owned(), extents(columns[2]))).collect();
    assert!(!all.is_empty(), "the oracle knows no layout `{wanted}`");
    all
}

fn extents(text: &str) -> Vec<usize> {
    text.split('x').filter(|n| !n.is_empty()).map(|n| n.parse().expect("an extent is a number")).collect()
}

/// The published names and shapes of a part, without what they begin with.
fn published(part: &str) -> BTreeMap<String, Vec<usize>> {
    let lines = include_str!("../language/diad_state_dict.tsv").lines().skip(1);
    let pairs = lines.filter_map(|line| line.strip_prefix(part)?.strip_prefix('.')?.split_once('\t'));
    pairs.map(|(name, shape)| (name.to_owned(), extents(shape))).collect()
}

/// Through the table, the layout has exactly the published names with their shapes, and no two become one.
#[track_caller]
fn becomes(table: &str, wanted: &str, part: &str) {
    let table = Table::find(table).expect("it comes with the program");
    let names = layout(wanted);
    let renamed: BTreeMap<String, Vec<usize>> = names
        .iter()
        .map(|(name, shape)| {
            let (name, reshape) = table.rename(name).unwrap_or_else(|| panic!("no rule fits `{name}`"));
            let shape = reshape.map_or(Some(shape.clone()), |reshape| reshape.shape(shape));
            (name, shape.expect("it is what the rule is for"))
        })
        .collect();
    assert_eq!(renamed.len(), names.len(), "two names become one");
    let published = published(part);
    let missing: Vec<_> = published.iter().filter(|(name, shape)| renamed.get(*name) != Some(shape)).collect();
    let unknown: Vec<_> = renamed.iter().filter(|(name, shape)| published.get(*name) != Some(shape)).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}\nunknown {unknown:?}");
}

#[test]
fn every_weight_of_the_denoiser_has_one_name_in_diffusers() {
    becomes("diffusers-unet", "unet", "model.diffusion_model");
}

#[test]
fn every_weight_of_the_autoencoder_has_one_name_in_diffusers_and_one_in_older_versions() {
    becomes("diffusers-vae", "vae", "first_stage_model");
    becomes("diffusers-vae", "older vae", "first_stage_model");
}

#[test]
fn every_weight_of_the_text_encoder_has_one_name_in_transformers() {
    becomes("transformers-text", "text", "cond_stage_model.transformer.text_model");
}

#[test]
fn residual_networks_have_the_same_names_in_timm_torchvision_and_here() {
    for (backbone, name) in [
        ("resnet18", "resnet18"),
        ("resnet34", "resnet34"),
        ("resnet50", "resnet50"),
        ("resnet101", "resnet101"),
        ("wide_resnet50", "wide_resnet50_2"),
    ] {
        let program = crate::spec::compiled("specs/diad.diad", &[("backbone", backbone)]);
        let own: BTreeSet<(String, Vec<usize>)> = program
            .weights
            .iter()
            .filter_map(|weight| Some((weight.path.strip_prefix("extractor.")?.to_owned(), weight.shape.clone())))
            .collect();
        assert!(own.len() > 50);
        for library in ["timm", "torchvision"] {
            // What is theirs alone is set aside: the classifier, and how many batches were seen.
            let theirs = layout(&format!("{library} {name}")).into_iter();
            let found =
                theirs.map(|(name, shape)| Found { name: format!("extractor.{name}"), shape, stored: Stored::F32 });
            let found: Vec<Found> = found.collect();
            let psi = program.part("psi");
            let expected = expected(&program, psi, Lacking::AtStart(&[]));
            let compared = compare(&program, psi, &expected, &found, Vec::new(), &Naming::plain(None));
            let comparison = compared.expect("no name stands twice");
            assert!(comparison.fits(), "{library} {name}:\n{comparison}");
            assert_eq!(comparison.matched.len(), own.len());
        }
    }
}

#[test]
fn a_linear_layer_becomes_a_convolution_only_where_the_table_says_so() {
    let table = Table::find("diffusers-vae").expect("it comes with the program");
    let (name, reshape) = table.rename("decoder.mid_block.attentions.0.to_out.0.weight").expect("a rule fits");
    assert_eq!((name.as_str(), reshape), ("decoder.mid.attn_1.proj_out.weight", Some(Reshape::LinearToConv)));
    assert_eq!(Reshape::LinearToConv.shape(&[4, 3]), Some(vec![4, 3, 1, 1]));
    assert_eq!(Reshape::LinearToConv.shape(&[4, 3, 1, 1]), None, "it is a convolution already");
    let (_, reshape) = table.rename("decoder.mid_block.attentions.0.to_out.0.bias").expect("a rule fits");
    assert_eq!(reshape, None);
}

#[test]
fn an_unknown_layout_suggests_the_nearest() {
    let error = Table::find("diffuser-unet").expect_err("there is none").to_string();
    assert_eq!(error, "there is no layout `diffuser-unet`; did you mean `diffusers-unet`?");
}

fn rules(rules: &[(&str, &str)]) -> Result<Table, String> {
    let rules = rules.iter().map(|(from, to)| format!("[[rules]]\nfrom = \"{from}\"\nto = \"{to}\"\n"));
    let words = "[words.side]\nleft = \"l\"\nright = \"r\"\n";
    Table::parse("test", &format!("about = \"a test\"\n{words}{}", rules.collect::<String>()))
}

#[test]
fn indices_are_calculated_and_words_replaced() {
    let table =
        rules(&[("a.{b}.x", "plain.{b}"), ("{side}.{b}.{i}.{*}", "{side}{3*b+i+1}-{2-b}.{*}")]).expect("it is right");
    let renamed = |name: &str| table.rename(name).map(|(name, _)| name);
    assert_eq!(renamed("left.2.1.w.x").as_deref(), Some("l8-0.w.x"));
    assert_eq!(renamed("a.10.x").as_deref(), Some("plain.10"));
    for other in ["left.3.0.w", "middle.1.1.w", "left.1.1.", "left.01.1.w", "a.x.x", "a.1.xy"] {
        assert_eq!(renamed(other), None, "{other}");
    }
}

#[test]
fn a_wrong_table_says_what_is_wrong() {
    let wrong = |from: &str, to: &str| rules(&[(from, to)]).expect_err("it is wrong");
    assert_eq!(wrong("a.{b}", "c"), "`c` does not use `{b}`");
    assert_eq!(wrong("a.{b}", "c.{d}"), "`d` in `c.{d}` is no index of what it is made of");
    assert_eq!(wrong("a", "c.{*}"), "`{*}` in `c.{*}` is not in what it is made of");
    assert_eq!(wrong("a.{b}.{b}", "c.{b}"), "`a.{b}.{b}` has `{b}` twice");
    assert_eq!(wrong("a.{b", "c"), "`a.{b` has a `{` without `}`");
    assert_eq!(wrong("a.{b}", "c.{b*2}"), "`{b*2}` in `c.{b*2}` is no sum like `3*b+i+1`");
    assert_eq!(wrong("a.{B}", "c"), "`{B}` in `a.{B}` is neither a name nor `{*}`");
    let unknown = Table::parse("test", "about = \"a\"\nrules = []\nrule = 1").expect_err("`rule` is unknown");
    assert!(unknown.contains("unknown field `rule`"), "{unknown}");
    let same = Table::parse("test", "about = \"a\"\nrules = []\n[words.side]\na = \"x\"\nb = \"x\"");
    assert_eq!(same.expect_err("two become one"), "two words of `side` become `x`");
}
