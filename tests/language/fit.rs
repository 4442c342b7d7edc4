//! `fit`: passes over the training images, and what is wrong with one.

use diadc_lang::program::{Fit, Init, Program, Stage};

use super::spec::Spec;

/// A normal distribution of the pixels at each place, as PaDiM fits of features.
const GAUSSIAN: &str = "
block Gaussian() {
    fn (x: [B, C, H, W]) {
        let mean = stored([H * W, 1, C]) @ \"mean\"
        let inverse = stored([H * W, C, C]) @ \"product\"
        let d = places(x) - mean
        sum(matmul(d, inverse) * d, axis: 2) |> permute([1, 0]) |> reshape([B, H, W])
    }
}
fn places(x: [B, C, H, W]) { x |> reshape([B, C, H * W]) |> permute([2, 0, 1]) }
";

fn gaussian(fit: &str) -> Spec {
    Spec::new(&format!(
        "{GAUSSIAN}
        model M {{
            data {{ size = 4 }}
            part gaussian = Gaussian()
            {fit}
            score(image) {{
                let map = gaussian(image)
                {{map: map, value: max(map, axis: [1, 2])}}
            }}
        }}"
    ))
}

const COVARIANCE: &str = "fit gaussian(image) {
    let x = places(image)
    let mean = mean(x, axis: 1, keep: true)
    let d = x - mean
    {mean: mean, product: matmul(permute(d, [0, 2, 1]), d) / (B - 1)}
}";

fn fit(program: &Program) -> &Fit {
    program.fits().next().expect("it fits")
}

#[test]
fn a_value_of_all_images_that_each_image_needs_begins_another_pass() {
    let program = gaussian(COVARIANCE).compiles();
    let fit = fit(&program);
    assert_eq!((fit.part.as_str(), fit.passes.len()), ("gaussian", 2));
    let paths: Vec<&str> = fit.sets.iter().map(|id| program.weight(*id).path.as_str()).collect();
    assert_eq!(paths, ["gaussian.mean", "gaussian.product"]);
    assert!(fit.sets.iter().all(|id| program.weight(*id).init == Init::Fitted && program.weight(*id).is_statistic));
    // The first pass gathers the mean and the number of images, the second the product of deviations.
    assert_eq!(fit.passes.iter().map(|pass| pass.gathers.len()).collect::<Vec<_>>(), [2, 1]);
    let one = gaussian(
        "fit gaussian(image) { {mean: mean(places(image), axis: 1, keep: true), product: matmul(permute(places(image), [0, 2, 1]), places(image))} }",
    );
    assert_eq!(self::fit(&one.compiles()).passes.len(), 1);
}

#[test]
fn stages_stand_in_the_order_of_the_spec() {
    let text = "
    block Scale() { fn (x) { x / stored([]) @ \"largest\" } }
    block Net() { fn (x) { x |> conv(3) @ \"conv\" } }
    model M {
        data { size = 4 }
        part net = Net()
        part scale = Scale()
        objective rebuilding(image) trains net { mse(net(image), image) }
        training rebuilding { optimizer = sgd(lr: 0.1)  batch = 2  steps = 3 }
        fit scale(image) { {largest: max(abs(net(image)))} }
        score(image) {
            let map = mean(scale(net(image)), axis: 1)
            {map: map, value: max(map, axis: [1, 2])}
        }
    }";
    let program = Spec::new(text).compiles();
    assert!(matches!(program.stages.as_slice(), [Stage::Training(_), Stage::Fit(_)]));
}

#[test]
fn a_fit_of_held_out_images_needs_some() {
    let fit = COVARIANCE.replace("fit gaussian(image)", "fit gaussian(image) from held_out");
    gaussian(&fit).fails_with("no-hold-out");
    let held = |share: &str| {
        let text = format!(
            "{GAUSSIAN} model M {{ data {{ size = 4  hold_out = {share} }} part gaussian = Gaussian() {fit}
            score(image) {{ let map = gaussian(image) {{map: map, value: max(map, axis: [1, 2])}} }} }}"
        );
        Spec::new(&text)
    };
    assert!(self::fit(&held("0.2").compiles()).held_out);
    held("0").fails_with("no-hold-out");
    for wrong in ["1", "1.5", "-0.1", "\"some\"", "[0.2]"] {
        held(wrong).fails_with("wrong-type");
    }
}

#[test]
fn a_mistake_in_the_result_of_a_fit_is_told_once() {
    let fit = "fit gaussian(image) { {mean: mean(plcaes(image), axis: 1, keep: true)} }";
    let failed = gaussian(fit).result().expect_err("there is no such function");
    let codes: Vec<&str> = failed.diagnostics.iter().map(|diagnostic| diagnostic.code.name()).collect();
    assert_eq!(codes, ["unknown-name"]);
    let fit = "fit gaussian(image) { {mean: quantile(image, 1.5), product: matmul(image, places(image))} }";
    let failed = gaussian(fit).result().expect_err("neither value can be computed");
    assert!(failed.diagnostics.iter().all(|told| !told.headline.contains("must be a record")));
}
