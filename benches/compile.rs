//! How long it takes to check a spec: from the text to a program with all shapes.

use diadc::compile::compile;
use diadc::optimize::optimize;
use diadc::resolve::Location;

fn main() {
    divan::main();
}

#[divan::bench(args = ["tiny", "diad"])]
fn check(bencher: divan::Bencher<'_, '_>, spec: &str) {
    let location = Location::of(spec);
    bencher.bench(|| compile(&location, &[]).expect("the specs of this repository are right"));
}

#[divan::bench(args = ["tiny", "diad"])]
fn optimize_score(bencher: divan::Bencher<'_, '_>, spec: &str) {
    let compiled = compile(&Location::of(spec), &[]).expect("the specs of this repository are right");
    let score = compiled.program.function("score").expect("the specs of this repository score");
    bencher.bench(|| optimize(score));
}
