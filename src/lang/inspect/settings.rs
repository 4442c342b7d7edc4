//! What a program says of its data, training and measuring, each in words as a spec would write it.

use diadc_core::op::{Decay, Optimizer};

use crate::measure::Measure;
use crate::program::{Augmentation, Best, Filter, ImageFormat, Length, MaskRule, Program, Schedule, Sizing};

/// Everything that a program says in words and numbers, by name.
pub(super) fn settings(program: &Program) -> Vec<(String, String)> {
    let mut list = vec![("model".to_owned(), program.name.clone())];
    list.extend(program.params.iter().cloned());
    list.extend(program.data.iter().flat_map(data));
    for source in &program.sources {
        let own = data(&source.format).into_iter();
        list.extend(own.map(|(name, value)| (name.replacen("data", &format!("source {}", source.name), 1), value)));
    }
    for phase in program.phases() {
        let mut say =
            |name: &str, value: String| list.push((format!("training {}: {name}", phase.objectives.join(", ")), value));
        say("optimizer", optimizer(&phase.optimizer));
        for own in &phase.optimizers {
            say(&format!("optimizer of {}", own.part), optimizer(&own.optimizer));
        }
        say("schedule", schedule(&phase.schedule));
        say("batch", phase.batch.to_string());
        say("accumulate", phase.accumulate.to_string());
        say(
            "length",
            match phase.length {
                Length::Epochs(n) => format!("{n} epochs"),
                Length::Steps(n) => format!("{n} steps"),
            },
        );
        say("clip_norm", phase.clip_norm.map_or("none".to_owned(), |norm| norm.to_string()));
        say("inner", phase.inner.to_string());
        say("recompute", phase.recompute.to_string());
        say("average", phase.average.map_or("none".to_owned(), |share| share.to_string()));
        say("keep", phase.best.as_ref().map_or("the last weights".to_owned(), best));
    }
    list.extend(measure(&program.measure));
    list
}

fn data(data: &ImageFormat) -> Vec<(String, String)> {
    let mut list = vec![
        ("data.size", format!("{}x{}", data.height, data.width)),
        ("data.mean", format!("{:?}", data.mean)),
        ("data.std", format!("{:?}", data.std)),
        (
            "data.filter",
            match data.filter {
                Filter::Bilinear => "bilinear",
                Filter::Bicubic => "bicubic",
                Filter::Nearest => "nearest",
            }
            .to_owned(),
        ),
        (
            "data.fit",
            match data.fit {
                Sizing::Exact => "stretched to the size".to_owned(),
                Sizing::Stretched(height, width) => format!("stretch = [{height}, {width}]"),
                Sizing::Shorter(length) => format!("shorter = {length}"),
            },
        ),
        (
            "data.mask",
            match data.mask {
                None => "as the data set says",
                Some(MaskRule::AboveZero) => "above_zero",
                Some(MaskRule::AboveHalf) => "above_half",
            }
            .to_owned(),
        ),
    ];
    list.push(("data.hold_out", data.hold_out.to_string()));
    list.push(("data.classes", data.classes.map_or("any".to_owned(), |n| n.to_string())));
    list.extend(augmentation(&data.augmentation));
    list.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn augmentation(of: &Augmentation) -> Vec<(&'static str, String)> {
    let flip = match (of.flip_horizontal, of.flip_vertical) {
        (false, false) => "none",
        (true, false) => "horizontal",
        (false, true) => "vertical",
        (true, true) => "both",
    };
    vec![
        ("data.flip", flip.to_owned()),
        ("data.rotate", of.rotate.to_string()),
        ("data.brightness", of.brightness.to_string()),
        ("data.contrast", of.contrast.to_string()),
        ("data.saturation", of.saturation.to_string()),
        ("data.hue", of.hue.to_string()),
    ]
}

/// An optimiser as a spec writes it.
pub(super) fn optimizer(rule: &Optimizer) -> String {
    match rule {
        Optimizer::Adam { lr, beta1, beta2, epsilon, decay, amsgrad } => {
            let decay = match decay {
                Decay::OfGradient(0.0) | Decay::OfWeight(0.0) => String::new(),
                Decay::OfGradient(share) | Decay::OfWeight(share) => format!(", weight_decay: {share}"),
            };
            let amsgrad = if *amsgrad { ", amsgrad: true" } else { "" };
            let name = rule.name();
            format!("{name}(lr: {lr}, beta1: {beta1}, beta2: {beta2}, epsilon: {epsilon:e}{decay}{amsgrad})")
        }
        Optimizer::Sgd { lr, momentum, weight_decay, nesterov } => {
            let nesterov = if *nesterov { ", nesterov: true" } else { "" };
            let name = rule.name();
            format!("{name}(lr: {lr}, momentum: {momentum}, weight_decay: {weight_decay}{nesterov})")
        }
    }
}

fn best(best: &Best) -> String {
    let count = |name: &str, count: Option<usize>| count.map_or(String::new(), |n| format!(", {name}: {n}"));
    format!("the best of held-out images{}{}", count("every", best.every), count("patience", best.patience))
}

fn schedule(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Constant { warmup } => format!("constant_schedule(warmup: {warmup})"),
        Schedule::Cosine { warmup, end } => format!("cosine_schedule(warmup: {warmup}, end: {end})"),
        Schedule::Steps { warmup, at, factor } => {
            let at: Vec<String> = at.iter().map(ToString::to_string).collect();
            format!("step_schedule(at: [{}], factor: {factor}, warmup: {warmup})", at.join(", "))
        }
    }
}

fn measure(measure: &Measure) -> Vec<(String, String)> {
    let metrics: Vec<&str> = measure.metrics.iter().map(|metric| metric.name()).collect();
    let list = [
        ("measure.protocol", measure.protocol.name().to_owned()),
        ("measure.metrics", format!("[{}]", metrics.join(", "))),
        ("measure.score", measure.image_score().to_string()),
        ("measure.pro_limit", measure.pro_limit.to_string()),
    ];
    list.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
