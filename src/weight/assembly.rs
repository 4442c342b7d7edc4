//! Where each weight of a program comes from, and the weights themselves, one by one.
//!
//! In: a program, files, a seed. Out: host tensors in the order of the program's weights. No tensor is read before all
//! files have been compared with the program. Only a few tensors are in memory at once: the next one is made after the
//! one before has been taken. A weight that is a copy gets the value of its original, from a file or its first value.

use std::collections::{BTreeSet, HashMap, VecDeque};

use rayon::prelude::*;

use crate::diagnostic::one_of;
use crate::execute::{Engine, HostData, HostTensor};
use crate::graph::program::{Init, Part, Program};
use crate::op::WeightId;

use super::comparison::{Comparison, compare, expected};
use super::error::WeightError;
use super::file::File;
use super::init::first_value;
use super::reading::choose;
use super::setting::setting;
use super::sharded::index_of;
use super::suspicion::{Doubt, Suspicion};
use super::table::Reshape;
use super::wanted::{Lacking, Place, Wanted};

/// The most elements of first values that are made in parallel at once.
const AT_ONCE: usize = 1 << 24;

/// The weights of a program, put together from files and first values.
#[derive(Debug)]
pub struct Assembly<'a> {
    program: &'a Program,
    places: HashMap<&'a str, usize>,
    files: Vec<File>,
    origins: Vec<Origin>,
}

/// Where a weight comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the file of this number.
    Stored {
        /// Number of the file.
        file: usize,
        /// Name of the tensor in it.
        name: String,
        /// What is done to its shape.
        reshape: Option<Reshape>,
    },
    /// Its first value; a copy has the value of its original.
    First,
    /// From nowhere: nobody reads it, and it is handed over without elements.
    Unread,
}

impl<'a> Assembly<'a> {
    /// An assembly in which every weight has its first value.
    #[must_use]
    pub fn first(program: &'a Program) -> Assembly<'a> {
        let places = program.weights.iter().enumerate().map(|(place, weight)| (weight.path.as_str(), place)).collect();
        Assembly { program, places, files: Vec::new(), origins: vec![Origin::First; program.weights.len()] }
    }

    /// An assembly of all weights from one file, and how the file compares.
    ///
    /// # Errors
    /// If the file can't be read or does not fit.
    pub fn load(
        program: &'a Program,
        place: Place<'_>,
        lacking: Lacking<'_>,
    ) -> Result<(Assembly<'a>, Comparison), WeightError> {
        let mut file = File::open(place.path)?;
        let wanted = Wanted { within: place.within, ..Wanted::default() };
        let comparison = compare_file(program, &mut file, wanted, lacking)?;
        if !comparison.fits() {
            return Err(WeightError::Differs { path: place.path.to_owned(), comparison: Box::new(comparison) });
        }
        let mut assembly = Assembly::first(program);
        assembly.take(file, &comparison);
        Ok((assembly, comparison))
    }

    /// Takes the weights that a comparison has matched from the file.
    pub fn take(&mut self, file: File, comparison: &Comparison) {
        let number = self.files.len();
        self.files.push(file);
        for matched in &comparison.matched {
            let place = self.places[matched.path.as_str()];
            let (name, reshape) = (matched.name.clone(), matched.reshape);
            self.origins[place] = Origin::Stored { file: number, name, reshape };
        }
    }

    /// Leaves out all weights but these and what they are copies of.
    #[must_use]
    pub fn only(mut self, needed: &BTreeSet<WeightId>) -> Assembly<'a> {
        let sources: BTreeSet<usize> = needed.iter().map(|id| self.source(id.0 as usize)).collect();
        for (id, origin) in (0..).map(WeightId).zip(&mut self.origins) {
            if !needed.contains(&id) && !sources.contains(&(id.0 as usize)) {
                *origin = Origin::Unread;
            }
        }
        self
    }

    /// The files that weights come from.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Where each weight comes from, in the order of the program.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The weight whose value this one has: itself, or the original at the end of a chain of copies.
    ///
    /// # Panics
    /// If the original of a copy does not exist or is the copy itself, which `check` has ruled out.
    #[must_use]
    pub fn source(&self, place: usize) -> usize {
        let mut at = place;
        for _ in 0..=self.origins.len() {
            match (&self.origins[at], &self.program.weights[at].init) {
                (Origin::First, Init::CopyOf(path)) => {
                    at = *self.places.get(path.as_str()).expect("a copy names a weight of the program");
                }
                _ => return at,
            }
        }
        panic!("`{}` is a copy of itself", self.program.weights[place].path)
    }

    /// Whether a weight has a value: a stored tensor that no file gives waits for its fit.
    #[must_use]
    pub fn has_value(&self, place: usize) -> bool {
        let source = self.source(place);
        self.origins[source] != Origin::First || !self.program.weights[source].awaits_fit()
    }

    /// The weights that no file gives, neither themselves nor as copies.
    #[must_use]
    pub fn not_given(&self) -> Vec<WeightId> {
        let ids = (0..).map(WeightId).zip(0..self.origins.len());
        ids.filter(|(_, place)| self.origins[self.source(*place)] == Origin::First).map(|(id, _)| id).collect()
    }

    /// All weights in the order of the program, one by one.
    #[must_use]
    pub fn weights(&self, seed: u64) -> Weights<'_> {
        Weights { assembly: self, seed, next: 0, ready: VecDeque::new() }
    }

    /// Hands all weights over to an engine, and tells `watch` after each how many of how many are done. Returns what is
    /// suspicious about weights that come from files.
    ///
    /// # Errors
    /// If a file can't be read. The weights of the engine are incomplete then.
    pub fn hand_over(
        &self,
        seed: u64,
        engine: &mut dyn Engine,
        watch: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Suspicion>, WeightError> {
        let (mut failure, mut done, all) = (None, 0, self.origins.len());
        let mut suspicions = Vec::new();
        engine.set_weights(&mut self.weights(seed).map_while(|weight| {
            if let Ok(tensor) = &weight {
                suspicions.extend(self.suspicion(done, tensor));
            }
            done += 1;
            watch(done, all);
            weight.map_err(|error| failure = Some(error)).ok()
        }));
        failure.map_or(Ok(suspicions), Err)
    }

    /// What is suspicious about a weight, if it comes from a file itself.
    #[must_use]
    pub fn suspicion(&self, place: usize, tensor: &HostTensor) -> Option<Suspicion> {
        let Origin::Stored { file, .. } = &self.origins[place] else { return None };
        let doubt = Doubt::about(&self.program.weights[place], tensor)?;
        let path = self.files[*file].path().to_owned();
        Some(Suspicion { path, weight: self.program.weights[place].path.clone(), doubt })
    }

    /// Reads a weight from its file, or makes its first value.
    fn weight(&self, place: usize, seed: u64) -> Result<HostTensor, WeightError> {
        let source = self.source(place);
        match &self.origins[source] {
            Origin::Unread => Ok(HostTensor::floats(&[0], Vec::new())),
            Origin::First => Ok(first_value(&self.program.weights[source], seed)),
            Origin::Stored { file, name, reshape } => {
                let mut tensor = self.files[*file].read(name)?;
                if let HostData::Int(numbers) = &tensor.data {
                    let data = as_floats(numbers).ok_or_else(|| WeightError::Damaged {
                        path: self.files[*file].path().to_owned(),
                        reason: format!("`{name}` has integers that no 32-bit float can hold"),
                    })?;
                    tensor = HostTensor::new(tensor.shape, data);
                }
                if let Some(shape) = reshape.and_then(|reshape| reshape.shape(&tensor.shape)) {
                    tensor = HostTensor::new(shape, tensor.data);
                }
                Ok(tensor)
            }
        }
    }
}

/// Integers as floats; none if one of them would not be exact.
fn as_floats(numbers: &[i64]) -> Option<HostData> {
    let exact = |&n: &i64| (n as f32 as i64 == n).then_some(n as f32);
    numbers.iter().map(exact).collect::<Option<Vec<f32>>>().map(HostData::Float)
}

/// Compares the weights that are expected in a file with those that it has. The file is read from the dict that fits
/// best from now on.
///
/// # Errors
/// If two tensors of the file stand for the same weight, or two networks in it fit equally well.
pub fn compare_file(
    program: &Program,
    file: &mut File,
    wanted: Wanted<'_>,
    lacking: Lacking<'_>,
) -> Result<Comparison, WeightError> {
    let expected = expected(program, wanted.part, lacking);
    let naming = choose(program, &expected, file, wanted)?;
    let compared = compare(program, wanted.part, &expected, &file.found(), file.extras(), &naming);
    let mut comparison = compared.map_err(|duplicate| {
        let [first, second] = duplicate.names;
        WeightError::Duplicate { path: file.path().to_owned(), weight: duplicate.path, first, second }
    })?;
    if let Lacking::AllBut(read) = lacking {
        comparison = comparison.only(read);
    }
    if !file.within().is_empty() {
        comparison.naming += &format!(", of `{}`", file.within());
    }
    comparison.index = index_of(file.path());
    comparison.setting = setting(program, &comparison);
    if wanted.within.is_none() {
        comparison.networks = file.networks();
    }
    Ok(comparison)
}

/// The part of a program that has this name.
///
/// # Errors
/// If there is no such part; the error lists the names that exist.
pub fn part<'a>(program: &'a Program, name: &str) -> Result<&'a Part, WeightError> {
    program.part(name).ok_or_else(|| {
        let names = program.parts.iter().map(|part| part.name.as_str());
        let help = one_of(name, names).unwrap_or_else(|| {
            let top = program.own_parts().map(|part| part.name.as_str());
            format!("its parts are {}", top.collect::<Vec<_>>().join(", "))
        });
        WeightError::NoPart { model: program.name.clone(), part: name.to_owned(), help }
    })
}

/// The weights of an assembly, in the order of the program. The iterator ends after the first error.
#[derive(Debug)]
pub struct Weights<'a> {
    assembly: &'a Assembly<'a>,
    seed: u64,
    next: usize,
    /// Weights that come next and have been made.
    ready: VecDeque<HostTensor>,
}

impl Weights<'_> {
    /// Makes the next first values, as many as may be in memory at once.
    fn make_ready(&mut self) {
        let assembly = self.assembly;
        let is_first = |&place: &usize| assembly.origins[assembly.source(place)] == Origin::First;
        let mut count = 0;
        let places: Vec<usize> = (self.next..assembly.origins.len())
            .take_while(is_first)
            .take_while(|&place| {
                let before = count;
                count += assembly.program.weights[place].shape.iter().product::<usize>();
                before == 0 || count <= AT_ONCE
            })
            .collect();
        let seed = self.seed;
        let made: Vec<HostTensor> = places
            .par_iter()
            .map(|&place| first_value(&assembly.program.weights[assembly.source(place)], seed))
            .collect();
        self.ready = made.into();
    }
}

impl Iterator for Weights<'_> {
    type Item = Result<HostTensor, WeightError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.assembly.origins.len() {
            return None;
        }
        if self.ready.is_empty() {
            self.make_ready();
        }
        let place = self.next;
        self.next += 1;
        if let Some(tensor) = self.ready.pop_front() {
            return Some(Ok(tensor));
        }
        let weight = self.assembly.weight(place, self.seed);
        if weight.is_err() {
            self.next = self.assembly.origins.len();
        }
        Some(weight)
    }
}
