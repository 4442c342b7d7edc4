//! How good images of a class differ: in position, rotation, light, hue and the offset of the texture.

use super::geometry::{Point, Turn, at};
use super::random::{self, Stream};

/// Where the light comes from in the picture: up and to the left.
const LIGHT: Point = at(-0.55, -0.75);

/// One mild variation of a class.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// For noise that belongs to this image.
    pub(super) seed: u64,
    /// Factors of red, green and blue: brightness and a little hue.
    pub(super) gain: [f32; 3],
    /// The offset into an endless texture.
    pub(super) phase: Point,
    /// The direction towards the light, as seen by the turned object.
    pub(super) light: Point,
    shift: Point,
    turn: Turn,
}

impl Look {
    /// A variation of an object that is rotated by `turns` full turns, give or take `wobble`.
    pub(super) fn new(turns: f32, wobble: f32, seed: u64) -> Self {
        let mut stream = Stream::keyed(&[seed, 1]);
        let turn = Turn::by(turns + stream.between(-wobble, wobble));
        let brightness = stream.between(0.94, 1.06);
        Self {
            seed: random::key(&[seed, 2]),
            gain: std::array::from_fn(|_| brightness * stream.between(0.975, 1.025)),
            phase: at(stream.between(0.0, 500.0), stream.between(0.0, 500.0)),
            light: LIGHT.turned(turn.back()),
            shift: at(stream.between(-2.0, 2.0), stream.between(-2.0, 2.0)),
            turn,
        }
    }

    /// The coordinates of a place in the picture relative to the upright object at the origin.
    pub(super) fn local(&self, place: Point) -> Point {
        (place - self.shift).turned(self.turn.back())
    }
}
