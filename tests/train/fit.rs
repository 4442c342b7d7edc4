//! Fits: what they compute of many images, a few at a time, and what happens when they are stopped or fail.

use std::error::Error;

use diadc::compile::compile;
use diadc::graph::program::Program;
use diadc::resolve::Location;
use diadc::train::Samples;

use super::toy::{Run, train_on};

/// Deviations of the pixels from their mean, the inverse of nothing: a mean and a covariance at each place.
const SPEC: &str = "
block Gaussian() {
    fn (x: [B, C, P]) {
        let d = x - stored([1, C, P]) @ \"mean\"
        let c = stored([P, C, C]) @ \"covariance\"
        let most = stored([]) @ \"most\"
        sum(permute(d, [2, 0, 1]) |> matmul(c), axis: 2) / most |> permute([1, 0])
    }
}
fn places(image: [B, C, H, W]) { reshape(image, [B, C, H * W]) }
model M {
    data { size = 2 }
    part gaussian = Gaussian()
    fit gaussian(image, class) {
        let x = places(image)
        let mu = mean(x, axis: 0, keep: true)
        let d = permute(x - mu, [2, 0, 1])
        let covariance = matmul(permute(d, [0, 2, 1]), d) / (B - 1)
        let most = max(abs(x)) + 0 * sum(to_float(class))
        {mean: mu, covariance: covariance, most: most}
    }
    score(image) {
        let map = reshape(gaussian(places(image)), [-1, 2, 2])
        {map: map, value: max(map, axis: [1, 2])}
    }
}";

pub(super) fn program(text: &str) -> Program {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fit.diad");
    std::fs::write(&path, text).expect("it can be written");
    match compile(&Location::File(path), &[]) {
        Ok(compiled) => compiled.program,
        Err(failed) => panic!("{:?}", failed.diagnostics),
    }
}

/// So many images whose pixels lie around 100, the last of them spoilt if `spoilt`.
struct Many {
    count: usize,
    spoilt: bool,
}

impl Many {
    fn pixels(&self, index: usize) -> Vec<f32> {
        let wave = |i: usize| {
            100.0 + ((index * 12 + i) as f32 * 0.37).sin() + (i as f32 * 0.2) * ((index * index) as f32).cos()
        };
        let mut pixels: Vec<f32> = (0..12).map(wave).collect();
        if self.spoilt && index + 1 == self.count {
            pixels[5] = f32::NAN;
        }
        pixels
    }
}

impl Samples for Many {
    fn len(&self) -> usize {
        self.count
    }

    fn image(&self, index: usize, pass: Option<u64>) -> Result<Vec<f32>, Box<dyn Error + Send + Sync>> {
        assert_eq!(pass, None, "a fit sees images as they are scored");
        Ok(self.pixels(index))
    }

    fn class(&self, index: usize) -> usize {
        index % 3
    }

    fn name(&self, index: usize) -> String {
        format!("`many/{index}.png`")
    }
}

fn fitted(images: &Many) -> Run {
    train_on(&program(SPEC), images, None, false, None).expect("it fits")
}

pub(super) fn weight<'a>(program: &Program, run: &'a Run, path: &str) -> &'a [f32] {
    let place = program.weights.iter().position(|weight| weight.path == path).expect("there is such a weight");
    run.weights[place].as_floats().expect("weights are floats")
}

#[test]
fn statistics_of_many_images_are_those_of_all_at_once_in_double_precision() {
    let program = program(SPEC);
    for count in [2, 7, 8, 9, 24, 101] {
        let images = Many { count, spoilt: false };
        let run = fitted(&images);
        let x: Vec<Vec<f64>> =
            (0..count).map(|index| images.pixels(index).iter().map(|&x| f64::from(x)).collect()).collect();
        // A pixel is a channel `c` of a place `p`; its number is `4 c + p`.
        let mean: Vec<f64> = (0..12).map(|i| x.iter().map(|x| x[i]).sum::<f64>() / count as f64).collect();
        let covariance = (0..4).flat_map(|p| (0..3).flat_map(move |a| (0..3).map(move |b| (p, a, b))));
        let covariance = covariance.map(|(p, a, b)| {
            let (a, b) = (4 * a + p, 4 * b + p);
            x.iter().map(|x| (x[a] - mean[a]) * (x[b] - mean[b])).sum::<f64>() / (count - 1) as f64
        });
        for (found, expected) in weight(&program, &run, "gaussian.mean").iter().zip(&mean) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{count}: {found} {expected}");
        }
        // Deviations are rounded to single precision near 100 before they are multiplied.
        for (found, expected) in weight(&program, &run, "gaussian.covariance").iter().zip(covariance) {
            assert!((f64::from(*found) - expected).abs() < 2e-5, "{count}: {found} {expected}");
        }
        let most = x.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
        assert_eq!(f64::from(weight(&program, &run, "gaussian.most")[0]), most);
        let fits = &run.outcome.fits;
        assert_eq!((fits.len(), fits[0].images, fits[0].passes), (1, count, 2));
    }
}

#[test]
fn a_fit_that_is_stopped_in_any_pass_ends_with_the_same_tensors() {
    let program = program(SPEC);
    let images = Many { count: 20, spoilt: false };
    let whole = fitted(&images).weights;
    for stop_after in 1..=6 {
        let folder = tempfile::tempdir().expect("a folder");
        let stopped = train_on(&program, &images, Some(folder.path()), false, Some(stop_after)).expect("it fits");
        assert!(!stopped.outcome.is_finished || stop_after == 6, "{stop_after}");
        let resumed = train_on(&program, &images, Some(folder.path()), true, None).expect("it goes on");
        assert!(resumed.outcome.is_finished);
        let bits = |weights: &[diadc::execute::HostTensor]| -> Vec<Vec<u32>> {
            weights.iter().map(|w| w.as_floats().expect("floats").iter().map(|x| x.to_bits()).collect()).collect()
        };
        assert_eq!(bits(&resumed.weights), bits(&whole), "{stop_after}");
    }
}

#[test]
fn a_value_of_an_image_that_is_not_finite_is_named_with_its_image() {
    let failed = train_on(&program(SPEC), &Many { count: 11, spoilt: true }, None, false, None);
    let Err(error) = failed else { panic!("it should fail") };
    let text = error.to_string();
    assert!(text.contains("`gaussian`") && text.contains("`many/10.png`"), "{text}");
}

#[test]
fn the_covariance_of_one_image_is_refused() {
    let failed = train_on(&program(SPEC), &Many { count: 1, spoilt: false }, None, false, None);
    let Err(error) = failed else { panic!("it should fail") };
    let text = error.to_string();
    assert!(text.contains("gaussian.covariance") && text.contains("one image"), "{text}");
}

#[test]
fn a_histogram_of_all_images_counts_as_numpy_does() {
    let text = "
        use std::maps::{histogram}
        block Counts() { fn (x) { x + sum(stored([4]) @ \"counts\") } }
        model M {
            data { size = 2 }
            part counts = Counts()
            fit counts(image) { {counts: histogram(image, 99.5, 101.5, 4)} }
            score(image) {
                let map = mean(counts(image), axis: 1)
                {map: map, value: max(map, axis: [1, 2])}
            }
        }";
    let program = program(text);
    let images = Many { count: 21, spoilt: false };
    let run = train_on(&program, &images, None, false, None).expect("it fits");
    let mut counts = [0.0_f32; 4];
    for x in (0..21).flat_map(|index| images.pixels(index)).filter(|x| (99.5..=101.5).contains(x)) {
        counts[(((x - 99.5) / 0.5) as usize).min(3)] += 1.0;
    }
    assert_eq!(weight(&program, &run, "counts.counts"), counts);
    assert!(counts.iter().all(|count| *count > 0.0));
}

#[test]
fn what_fails_after_a_pass_is_told_with_the_part_and_the_images() {
    let singular = SPEC.replace("covariance: covariance", "covariance: inverse(0 * covariance)");
    let failed = train_on(&program(&singular), &Many { count: 9, spoilt: false }, None, false, None);
    let Err(error) = failed else { panic!("it should fail") };
    let text = error.to_string();
    assert!(text.contains("the fit of `gaussian`, of the 9 images") && text.contains("inverse"), "{text}");
}

#[test]
fn a_fit_without_images_is_refused() {
    assert!(train_on(&program(SPEC), &Many { count: 0, spoilt: false }, None, false, None).is_err());
}
