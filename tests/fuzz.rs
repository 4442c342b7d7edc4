//! Files that are damaged at random, always in the same way: some for each test, or for as many seconds as
//! `DIADC_FUZZ_SECONDS` says. What reads them may not panic, and may not take long. With the variable, each test says how
//! many files there were, how long the slowest took, and how much memory the process took at most.

use std::io::Write;
use std::time::{Duration, Instant};

/// The longest that a file may take.
const LONGEST: Duration = Duration::from_secs(5);

/// A generator of numbers that are far enough apart.
pub(crate) struct Dice(u64);

impl Dice {
    /// A number below a limit, or 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// One of several things.
    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Damages some bytes of a file, or moves, repeats or leaves out a piece of it. `words` are what files of its kind hold.
pub(crate) fn damage(content: &mut Vec<u8>, words: &[&[u8]], dice: &mut Dice) {
    for _ in 0..=dice.below(6) {
        let at = dice.below(content.len());
        let most = 1 + dice.below(64);
        let length = dice.below(most).min(content.len() - at);
        match dice.below(9) {
            0 if dice.below(3) == 0 => content.truncate(at),
            1 => _ = content.drain(at..at + length),
            2 => {
                let piece = content[at..at + length].to_vec();
                let to = dice.below(content.len());
                content.splice(to..to, piece);
            }
            3 => content[at..at + length].fill(0xFF),
            4 if !content.is_empty() => content[at] ^= 1 << dice.below(8),
            5 => {
                let word = dice.one_of(words);
                let end = (at + dice.below(2) * word.len()).min(content.len());
                content.splice(at..end, word.iter().copied());
            }
            // A number of several bytes.
            6 => {
                let width = [2, 4, 8][dice.below(3)].min(content.len() - at);
                let number = *dice.one_of(&[0_u64, 1, 0x7FFF, 0xFFFF_FFFF, 1 << 31, 1 << 40, u64::MAX >> 1, u64::MAX]);
                let bytes = if dice.below(2) == 0 { number.to_le_bytes() } else { (number << 32).to_be_bytes() };
                content[at..at + width].copy_from_slice(&bytes[..width]);
            }
            _ if !content.is_empty() => content[at] = dice.below(256) as u8,
            _ => {}
        }
        if content.is_empty() {
            return;
        }
    }
}

/// Gives each damaged file to `read`, with the number of the seed that it is made of.
pub(crate) fn fuzz(what: &str, seeds: &[Vec<u8>], words: &[&[u8]], cases: u64, mut read: impl FnMut(usize, &[u8])) {
    let wanted: Option<u64> = std::env::var("DIADC_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let (mut dice, started, mut count) = (Dice(0x9E37_79B9_7F4A_7C15), Instant::now(), 0);
    let mut slowest = Duration::ZERO;
    let goes_on = |count| wanted.map_or(count < cases, |seconds| started.elapsed().as_secs() < seconds);
    while goes_on(count) {
        let seed = dice.below(seeds.len());
        let mut content = seeds[seed].clone();
        damage(&mut content, words, &mut dice);
        let before = Instant::now();
        read(seed, &content);
        let took = before.elapsed();
        assert!(took < LONGEST, "number {count}, {} bytes of seed {seed}, takes {took:?}", content.len());
        slowest = slowest.max(took);
        count += 1;
    }
    if wanted.is_some() {
        let line = format!("fuzzed {what}: {count} files, the slowest took {slowest:?}; {}\n", memory());
        std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written to");
    }
}

/// The most memory that the process has had so far, where the system says so.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "memory not known".to_owned(), |peak| format!("{} of memory at most", peak.trim()))
}
