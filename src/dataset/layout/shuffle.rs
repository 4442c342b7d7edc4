//! The shuffle of Python's standard library, from which the published split of `VisA` came.
//!
//! `random.seed(s)` and `random.shuffle(x)` of `CPython` 3: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998)
//! started by an array of one word, and from the last place down an exchange with one of the places up to it, whose number is
//! drawn from the top bits of words until it fits.

const SIZE: usize = 624;
const MIDDLE: usize = 397;

/// Brings the items into the order that Python's `random.Random(seed).shuffle` gives them.
pub(super) fn shuffle<T>(items: &mut [T], seed: u32) {
    let mut twister = Twister::new(seed);
    for last in (1..items.len()).rev() {
        let other = twister.below(last as u32 + 1);
        items.swap(last, other as usize);
    }
}

struct Twister {
    state: [u32; SIZE],
    next: usize,
}

impl Twister {
    fn new(seed: u32) -> Self {
        let mut state = [19_650_218_u32; SIZE];
        for i in 1..SIZE {
            state[i] = mixed(state[i - 1]).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        let mut at = 1;
        for _ in 0..SIZE {
            state[at] = (state[at] ^ mixed(state[at - 1]).wrapping_mul(1_664_525)).wrapping_add(seed);
            at = following(&mut state, at);
        }
        for _ in 1..SIZE {
            state[at] = (state[at] ^ mixed(state[at - 1]).wrapping_mul(1_566_083_941)).wrapping_sub(at as u32);
            at = following(&mut state, at);
        }
        state[0] = 0x8000_0000;
        Self { state, next: SIZE }
    }

    fn word(&mut self) -> u32 {
        if self.next == SIZE {
            for i in 0..SIZE {
                let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % SIZE] & 0x7fff_ffff);
                let twist = if joined & 1 == 0 { 0 } else { 0x9908_b0df };
                self.state[i] = self.state[(i + MIDDLE) % SIZE] ^ (joined >> 1) ^ twist;
            }
            self.next = 0;
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number in `0..limit`, which is not 0.
    fn below(&mut self, limit: u32) -> u32 {
        let unused = limit.leading_zeros();
        loop {
            let number = self.word() >> unused;
            if number < limit {
                return number;
            }
        }
    }
}

fn mixed(word: u32) -> u32 {
    word ^ (word >> 30)
}

/// The place after this one. After the last one comes the second, since the first takes the last word.
fn following(state: &mut [u32; SIZE], at: usize) -> usize {
    if at + 1 < SIZE {
        return at + 1;
    }
    state[0] = state[SIZE - 1];
    1
}
