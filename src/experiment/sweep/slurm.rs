//! The points of a sweep as array jobs of Slurm: one task a point, in waves, so that a stage that several points share is
//! trained by one of them before the others need it.

use super::plan::Point;

/// How an array job is submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArrayJob {
    /// The numbers of its points, from 1, ascending.
    pub points: Vec<usize>,
    /// Its script, which `sbatch` takes.
    pub script: String,
}

/// What a script of a sweep says besides its points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobSettings {
    /// The name of the jobs.
    pub name: String,
    /// The program.
    pub program: String,
    /// The directory of the sweep, without a relative part.
    pub sweep: String,
    /// Options of `sbatch`, each on a line of its own: `--partition=gpu`.
    pub options: Vec<String>,
    /// How many tasks run at a time; none for as many as the cluster has room for.
    pub at_a_time: Option<usize>,
}

/// The array jobs of a sweep in the order in which they run, each after the one before has ended. Only `wanted` points are among
/// them.
#[must_use]
pub fn array_jobs(points: &[Point], wanted: impl Fn(&Point) -> bool, settings: &JobSettings) -> Vec<ArrayJob> {
    let waves = waves(points);
    let last = waves.iter().max().map_or(0, |last| last + 1);
    let job = |wave: usize| {
        let own = points.iter().zip(&waves).enumerate();
        let own = own.filter(|(_, (point, place))| **place == wave && wanted(point));
        let points: Vec<usize> = own.map(|(place, _)| place + 1).collect();
        let script = script(&points, settings);
        ArrayJob { points, script }
    };
    (0..last).map(job).filter(|job| !job.points.is_empty()).collect()
}

/// For each point the wave in which it runs: after that of the first point with which it shares most stages.
fn waves(points: &[Point]) -> Vec<usize> {
    let mut waves: Vec<usize> = Vec::new();
    for (place, point) in points.iter().enumerate() {
        let shared =
            |other: &Point| point.stages.iter().zip(&other.stages).take_while(|(own, other)| own == other).count();
        let most = points[..place].iter().map(shared).max().unwrap_or(0);
        let maker = points[..place].iter().position(|other| most > 0 && shared(other) == most);
        waves.push(maker.map_or(0, |maker| waves[maker] + 1));
    }
    waves
}

/// `1-4,7`: numbers as Slurm writes them.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let written =
        ranges.iter().map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    written.collect::<Vec<_>>().join(",")
}

fn script(points: &[usize], settings: &JobSettings) -> String {
    let JobSettings { name, program, sweep, options, at_a_time } = settings;
    let limit = at_a_time.map(|count| format!("%{count}")).unwrap_or_default();
    let options: String = options.iter().map(|option| format!("#SBATCH {option}\n")).collect();
    let (program, folder) = (quoted(program), quoted(sweep));
    format!(
        "#!/bin/sh\n\
         # One task for each point of a sweep of diadc; its number is that of the point.\n\
         #SBATCH --job-name={name}\n\
         #SBATCH --array={}{limit}\n\
         #SBATCH --output={sweep}/logs/slurm-%A_%a.txt\n\
         {options}\
         exec {program} sweep {folder} --point \"$SLURM_ARRAY_TASK_ID\"\n",
        ranges(points),
    )
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::{JobSettings, array_jobs, ranges};
    use crate::experiment::sweep::Point;

    fn point(stages: &[&str]) -> Point {
        let stages = stages.iter().map(|&stage| stage.to_owned()).collect();
        Point { name: String::new(), values: Vec::new(), class: None, seed: 1, stages }
    }

    #[test]
    fn a_point_runs_after_the_one_that_makes_what_it_takes() {
        let points =
            [point(&["a", "b"]), point(&["a", "b"]), point(&["a", "c"]), point(&["a", "c"]), point(&["d"]), point(&[])];
        let settings =
            JobSettings { at_a_time: Some(3), options: vec!["--gres=gpu:1".to_owned()], ..JobSettings::default() };
        let jobs = array_jobs(&points, |_| true, &settings);
        let numbers: Vec<&[usize]> = jobs.iter().map(|job| job.points.as_slice()).collect();
        assert_eq!(numbers, [&[1, 5, 6][..], &[2, 3], &[4]]);
        assert!(jobs[0].script.contains("#SBATCH --array=1,5-6%3\n"), "{}", jobs[0].script);
        assert!(jobs[0].script.contains("\n#SBATCH --gres=gpu:1\n"), "{}", jobs[0].script);
        // What has a result already is left out.
        let rest = array_jobs(&points, |point| point.stages.len() < 2, &settings);
        assert_eq!(rest.iter().map(|job| job.points.as_slice()).collect::<Vec<_>>(), [&[5, 6][..]]);
    }

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(ranges(&[1, 2, 3, 5, 8, 9]), "1-3,5,8-9");
        assert_eq!(ranges(&[4]), "4");
    }
}
