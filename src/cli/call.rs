//! `diadc call`: any function, part or expression of a spec on tensors from a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;

use crate::compile::{Failed, compile_call};
use crate::diagnostic::{Code, Diagnostic, one_of, significant};
use crate::execute::{Draw, Engine, Evaluation, HostTensor, NamedTensors, RunError};
use crate::experiment::{Model, Trained};
use crate::fact::{Dim, Fact, Shape};
use crate::graph::program::{Function, Program, plan_function};
use crate::op::WeightId;
use crate::weight::{self, Place};

use super::arguments::{DeviceArguments, SpecArguments, TableFormat, safetensors_out, setting, spec, spec_help};
use super::expected::{Comparison, compare};
use super::failure::Failure;
use super::terminal::{self, Screen};

/// Runs any function, part or expression of a spec on tensors from a file
///
/// FUNCTION is a function of the model (denoise, score), an objective, a part (psi), a function of a part
/// (ae.encode), or an expression that the model could contain, such as 'sd.encode(z, sd.time(t), prompt)'. An
/// expression can use each tensor of the file by its name. A function or part gets the tensors that have the names of
/// its parameters. A tensor with the name of a `let` of the model replaces the tensor that the `let` computes. Results
/// are named by their place in what is returned: `result`, `map`, `0`, `skips.3`.
#[derive(Args)]
#[command(after_help = "Examples:
  diadc call specs/diad.diad psi --inputs x.safetensors --weights w.safetensors --output features.safetensors
  diadc call tiny '{eps: denoise(z, t, image)}' --inputs x.safetensors --weights init --seed 3 --output y.safetensors
  diadc call specs/diad.diad ae.decode --inputs x.safetensors --input z=latent.0 --weights w.safetensors --output y.safetensors
  diadc call specs/diad.diad denoising --inputs x.safetensors --weights w.safetensors --grad-norms 'control_model.*'
  diadc call tiny score --inputs x.safetensors --weights w.safetensors --device cuda:0 --expect y.safetensors")]
pub(super) struct Call {
    #[arg(help = spec_help(), value_parser = spec)]
    spec: String,

    /// What to run: a function, a part, an objective or an expression
    function: String,

    /// Sets a param of the model, as in --set fusion=off or --set 'scales=[2, 3]'
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,

    /// The tensors to run it on: a safetensors file
    #[arg(long, value_name = "FILE")]
    inputs: Option<PathBuf>,

    /// Uses only this tensor of the file, under this name; can be given several times
    #[arg(long, value_name = "NAME=TENSOR", value_parser = setting, requires = "inputs")]
    input: Vec<(String, String)>,

    /// The weights: a safetensors file, or `init` for the first values that follow from the seed
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,

    /// Where in it the weights lie, if it holds several networks: a dict, or what the names of the weights begin with
    #[arg(long, value_name = "NAME")]
    within: Option<String>,

    /// Writes the results into this safetensors file
    #[arg(long, value_name = "FILE", value_parser = safetensors_out)]
    output: Option<PathBuf>,

    /// Seed of all random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Also computes the gradients of these weights, as `grad.KEY`; the result must be one number
    #[arg(long, value_name = "KEYS")]
    grad: Vec<String>,

    /// Shows the L2 norms of the gradients of these weights; without KEYS, of all that are trained or used
    #[arg(long, value_name = "KEYS", num_args = 0..=1, default_missing_value = "*")]
    grad_norms: Vec<String>,

    /// Compares the results with the tensors of the same names in this safetensors file
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,

    /// The largest difference that is accepted, as a share of the largest expected number
    #[arg(long, default_value_t = 1e-4, requires = "expect")]
    tolerance: f64,

    #[command(flatten)]
    device: DeviceArguments,

    /// Format of what is printed
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

/// The results.
struct Outcome {
    tensors: Evaluation,
    /// L2 norms of gradients; none where no gradient reaches the weight.
    norms: Vec<(String, Option<f64>)>,
}

impl Call {
    pub(super) fn run(self) -> Result<(), Failure> {
        let arguments = SpecArguments { spec: self.spec.clone(), settings: self.settings.clone() };
        let inputs = self.read_inputs()?;
        let facts: Vec<(String, Fact)> = inputs.iter().map(|(name, tensor)| (name.clone(), fact(tensor))).collect();
        let compiled = compile_call(&arguments.location(), &self.settings, &self.function, &facts);
        let (compiled, function) = compiled.map_err(|failed| self.about_inputs(failed, &facts))?;
        terminal::diagnostics(&compiled.warnings, &compiled.sources);
        let program = &compiled.program;
        let wanted = self.wanted(program, &function)?;
        let expected = self.expect.as_deref().map(weight::File::open).transpose()?;
        let target = self.device.choose(&arguments.config()?)?;
        let needed = program.read_by([&function]);
        let fitted = needed.iter().map(|id| program.weight(*id)).find(|weight| weight.awaits_fit());
        if let Some(weight) = fitted.filter(|_| self.are_first()) {
            let text = format!("`{}` has no first value: a fit computes it", weight.path);
            return Err(Failure::Usage(format!("{text}; give the weights of a run with `--weights FILE`")));
        }
        let mut model = Screen::new().during(|screen| {
            if self.are_first() {
                return Model::first(program, &needed, target, self.seed, screen);
            }
            let place = Place { path: &self.weights, within: self.within.as_deref() };
            let weights = Trained { place, settings: &self.settings };
            Model::load(program, weights, &needed, target, self.seed, screen)
        })?;
        let outcome = self.compute(program, &function, model.engine(), &inputs, &wanted);
        let outcome = outcome.map_err(|failure| failure.at(&compiled.sources))?;
        if let Some(path) = &self.output {
            let named: Vec<(&str, &HostTensor)> =
                outcome.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
            weight::write(path, &named, &BTreeMap::new())?;
        }
        let comparison = expected.map(|file| compare(&outcome.tensors, &file, self.tolerance)).transpose()?;
        terminal::result(&match self.format {
            TableFormat::Table => table(&outcome, comparison.as_ref()),
            TableFormat::Json => json(&outcome, comparison.as_ref()),
        });
        match comparison {
            Some(comparison) if !comparison.is_fine() => {
                Err(Failure::Findings("the results are not what is expected".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn read_inputs(&self) -> Result<NamedTensors, Failure> {
        let Some(path) = &self.inputs else { return Ok(NamedTensors::new()) };
        let file = weight::File::open(path)?;
        let names: Vec<String> = file.found().into_iter().map(|tensor| tensor.name).collect();
        let taken: Vec<(String, String)> = match self.input.as_slice() {
            [] => names.iter().map(|name| (name.clone(), name.clone())).collect(),
            chosen => chosen.to_vec(),
        };
        let mut inputs = NamedTensors::new();
        for (name, tensor) in taken {
            if !names.contains(&tensor) {
                let help = one_of(&tensor, names.iter().map(String::as_str)).unwrap_or_default();
                let text = format!("`{}` has no tensor `{tensor}`; {help}", path.display());
                return Err(Failure::Usage(text));
            }
            if !is_name(&name) {
                return Err(Failure::Usage(format!(
                    "`{name}` in `{}` can't be a name; take what is needed, as in `--input x={name}`",
                    path.display()
                )));
            }
            if inputs.insert(name.clone(), file.read(&tensor)?).is_some() {
                return Err(Failure::Usage(format!("two inputs are named `{name}`")));
            }
        }
        Ok(inputs)
    }

    /// The same with where tensors come from, if one may be missing.
    fn about_inputs(&self, mut failed: Box<Failed>, inputs: &[(String, Fact)]) -> Box<Failed> {
        let words = match &self.inputs {
            None => "no tensors are given: `--inputs FILE` names a safetensors file, each of whose tensors is known by its name"
                .to_owned(),
            Some(path) => {
                let tensors = inputs.iter().map(|(name, fact)| format!("`{name}` {fact}"));
                let tensors = tensors.collect::<Vec<_>>().join(", ");
                format!("`{}` gives {tensors}; `--input NAME=TENSOR` gives one under another name", path.display())
            }
        };
        let lacks = |found: &&mut Diagnostic| matches!(found.code, Code::MissingArgument | Code::UnknownName);
        if let Some(first) = failed.diagnostics.iter_mut().find(lacks) {
            first.notes.push(words);
        }
        failed
    }

    /// Whether the weights are the first values that follow from the seed.
    fn are_first(&self) -> bool {
        self.weights.as_os_str() == "init"
    }

    /// The weights whose gradients are to be computed, each with whether the gradient is written and its norm shown.
    fn wanted(&self, program: &Program, function: &Function) -> Result<Vec<(WeightId, bool, bool)>, Failure> {
        let mut chosen: BTreeMap<WeightId, (bool, bool)> = BTreeMap::new();
        let default = default_weights(program, function, &self.function);
        for (pattern, is_norm) in self.grad.iter().map(|p| (p, false)).chain(self.grad_norms.iter().map(|p| (p, true)))
        {
            let mut count = 0;
            for (id, weight) in program.weights() {
                let fits = if pattern == "*" { default.contains(&id) } else { matches(pattern, &weight.path) };
                if fits && !weight.is_statistic {
                    count += 1;
                    let flags = chosen.entry(id).or_default();
                    (flags.0, flags.1) = (flags.0 || !is_norm, flags.1 || is_norm);
                }
            }
            if count == 0 {
                let paths = program.weights.iter().map(|weight| weight.path.as_str());
                let help = crate::diagnostic::nearest(pattern, paths);
                let help = help.map(|path| format!("; did you mean `{path}`?")).unwrap_or_default();
                return Err(Failure::Usage(format!("`{}` has no weight `{pattern}`{help}", program.name)));
            }
        }
        let outputs = function.graph.outputs();
        let is_number = outputs.len() == 1 && *function.graph.fact(outputs[0].1) == Fact::float(Shape::default());
        if !chosen.is_empty() && !is_number {
            let text = "gradients are those of a single number; reduce the result, as in `mean(..)` or `mse(a, b)`";
            return Err(Failure::Usage(text.to_owned()));
        }
        Ok(chosen.into_iter().map(|(id, (written, norm))| (id, written, norm)).collect())
    }

    fn compute(
        &self,
        program: &Program,
        function: &Function,
        engine: &mut dyn Engine,
        inputs: &NamedTensors,
        wanted: &[(WeightId, bool, bool)],
    ) -> Result<Outcome, Failure> {
        let trained: Vec<WeightId> = wanted.iter().map(|(id, ..)| *id).collect();
        let id = engine.add(plan_function(function, &trained));
        // All extents are known, so that no stream of random numbers asks which samples these are.
        let draw = Draw { seed: self.seed, step: 0, samples: vec![0] };
        let outcome = if wanted.is_empty() {
            Outcome { tensors: engine.evaluate(id, inputs, &draw)?, norms: Vec::new() }
        } else {
            let name = function.graph.outputs()[0].0.clone();
            let made = engine.gradients(id, inputs, &draw)?;
            let mut tensors = vec![(name, HostTensor::floats(&[], vec![made.loss]))];
            let mut norms = Vec::new();
            for ((id, gradient), (_, is_written, has_norm)) in made.gradients.into_iter().zip(wanted) {
                let path = &program.weight(id).path;
                if *has_norm {
                    norms.push((path.clone(), gradient.as_ref().map(norm)));
                }
                match gradient {
                    Some(gradient) if *is_written => tensors.push((format!("grad.{path}"), gradient)),
                    None if *is_written => terminal::note(&format!("no gradient reaches `{path}`")),
                    Some(_) | None => {}
                }
            }
            Outcome { tensors, norms }
        };
        for (name, tensor) in outcome.tensors.iter().filter(|(_, tensor)| not_finite(tensor) > 0) {
            let mut text = format!("`{name}` holds {} numbers that are not finite", not_finite(tensor));
            if let Err(RunError::NotFinite { operation, .. }) = engine.find_not_finite(id, inputs, &draw) {
                text += &format!("; the first of them comes from `{operation}`");
            }
            terminal::note(&format!("warning: {text}"));
        }
        Ok(outcome)
    }
}

/// The weights that an objective trains, or else all that a function uses.
fn default_weights(program: &Program, function: &Function, text: &str) -> BTreeSet<WeightId> {
    match program.objectives.iter().find(|objective| objective.name == text) {
        Some(objective) => objective.trains.iter().copied().collect(),
        None => function.graph.weights().into_iter().map(|(id, _)| id).collect(),
    }
}

/// Whether a path fits a pattern, in which `*` stands for any text, or lies below a path that the pattern names.
fn matches(pattern: &str, path: &str) -> bool {
    fn whole(pattern: &str, text: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == text,
            Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
                (0..=tail.len()).filter(|at| tail.is_char_boundary(*at)).any(|at| whole(rest, &tail[at..]))
            }),
        }
    }
    whole(pattern, path) || path.strip_prefix(pattern).is_some_and(|rest| rest.starts_with('.'))
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn fact(tensor: &HostTensor) -> Fact {
    let dims = tensor.shape.iter().map(|&n| Dim::from(i64::try_from(n).unwrap_or(i64::MAX)));
    Fact { dtype: tensor.data.dtype(), shape: Shape(dims.collect()) }
}

fn norm(tensor: &HostTensor) -> f64 {
    let squares = tensor.as_floats().into_iter().flatten().map(|x| f64::from(*x) * f64::from(*x));
    squares.sum::<f64>().sqrt()
}

fn not_finite(tensor: &HostTensor) -> usize {
    tensor.as_floats().map_or(0, |numbers| numbers.iter().filter(|x| !x.is_finite()).count())
}

/// Smallest, mean and largest number of a tensor.
fn range(tensor: &HostTensor) -> Option<[f64; 3]> {
    let numbers = tensor.as_floats().filter(|numbers| !numbers.is_empty())?;
    let low = numbers.iter().copied().fold(f32::INFINITY, f32::min);
    let high = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mean = numbers.iter().map(|x| f64::from(*x)).sum::<f64>() / numbers.len() as f64;
    Some([f64::from(low), mean, f64::from(high)])
}

fn table(outcome: &Outcome, comparison: Option<&Comparison>) -> String {
    let mut text = String::new();
    let width = outcome.tensors.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, tensor) in &outcome.tensors {
        let numbers = range(tensor).map(|[low, mean, high]| {
            let [low, mean, high] = [low, mean, high].map(significant);
            format!("{low} .. {high}, mean {mean}")
        });
        text += &format!("{name:width$}  {}  {}\n", fact(tensor), numbers.unwrap_or_default());
    }
    for (path, norm) in &outcome.norms {
        let norm = norm.map_or_else(|| "none".to_owned(), |norm| format!("{norm:.9e}"));
        text += &format!("{norm:>16}  {path}\n");
    }
    if let Some(comparison) = comparison {
        text += &comparison.to_string();
    }
    text
}

fn json(outcome: &Outcome, comparison: Option<&Comparison>) -> String {
    let outputs: BTreeMap<&str, serde_json::Value> = outcome
        .tensors
        .iter()
        .map(|(name, tensor)| {
            let numbers = range(tensor);
            let of = |i: usize| numbers.map(|numbers| numbers[i]);
            let value = serde_json::json!({
                "shape": tensor.shape, "min": of(0), "mean": of(1), "max": of(2), "not_finite": not_finite(tensor),
            });
            (name.as_str(), value)
        })
        .collect();
    let norms: BTreeMap<&str, Option<f64>> = outcome.norms.iter().map(|(path, norm)| (path.as_str(), *norm)).collect();
    let mut whole = serde_json::json!({ "outputs": outputs });
    if !norms.is_empty() {
        whole["grad_norms"] = serde_json::json!(norms);
    }
    if let Some(comparison) = comparison {
        whole["comparison"] = comparison.json();
    }
    format!("{whole}\n")
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_is_a_path_with_stars_or_the_beginning_of_one() {
        assert!(matches("a.b", "a.b") && matches("a", "a.b.c") && matches("a.*.c", "a.b.c") && matches("*.c", "a.b.c"));
        assert!(!matches("a.b", "a.bc") && !matches("b", "a.b") && !matches("a.*.d", "a.b.c"));
    }
}
