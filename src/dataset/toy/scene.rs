//! One picture of the toy set: from its name to its pixels and its mask.

use image::{Rgb, RgbImage};

use super::class::Class;
use super::colour::{Colour, rgb};
use super::damage::Damage;
use super::defect::Defect;
use super::geometry::{Point, at, coverage, soft_step};
use super::look::Look;
use super::{noise, random};
use crate::dataset::mask::Mask;
use crate::dataset::sample::Drawn;

/// Width and height of every picture, in pixels.
pub const SIDE: u32 = 96;
/// A pixel belongs to a mask when the defect changes one of its channels by more than this, of 255.
pub const VISIBLE: u8 = 12;

/// The fewest pixels a defect may change.
const LEAST_AREA: usize = 24;
/// The least mean change over the mask, of the channel that changes most, of 255.
const LEAST_CONTRAST: usize = 30;
/// How often a defect that is too small or too faint is laid out anew.
const ATTEMPTS: u64 = 64;
/// The amplitude of the noise of the camera.
const GRAIN: f32 = 0.014;
/// Where in a pixel the picture is sampled.
const SUBPIXELS: [Point; 2] = [at(-0.25, -0.2), at(0.25, 0.2)];

/// The name of a picture, from which all of it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scene {
    pub(super) class: Class,
    pub(super) is_train: bool,
    pub(super) defect: Option<Defect>,
    pub(super) index: u32,
}

impl Scene {
    /// The path that the picture has when it is written.
    pub(super) fn id(self) -> String {
        let phase = if self.is_train { "train" } else { "test" };
        let kind = self.defect.map_or("good", Defect::name);
        format!("{}/{phase}/{kind}/{:03}.png", self.class.name(), self.index)
    }

    pub(super) fn image_and_mask(self) -> (RgbImage, Option<Mask>) {
        match self.defect {
            None => (self.draw(None), None),
            Some(kind) => {
                let (image, mask) = self.damaged(kind);
                (image, Some(mask))
            }
        }
    }

    /// Lays out a defect until it can be seen.
    fn damaged(self, kind: Defect) -> (RgbImage, Mask) {
        let sound = self.draw(None);
        (0..ATTEMPTS)
            .find_map(|attempt| {
                let damage = kind.lay_out(self.class, random::key(&[self.seed(), 3, attempt]));
                let image = self.draw(Some(&damage));
                visible_change(&sound, &image).map(|mask| (image, mask))
            })
            .expect("each of the fixed scenes has a visible defect among its attempts, as a test that draws all shows")
    }

    fn seed(self) -> u64 {
        let letters: Vec<u64> = self.id().bytes().map(u64::from).collect();
        random::key(&letters)
    }

    fn draw(self, damage: Option<&Damage>) -> RgbImage {
        let look = Look::new(self.class.turns(), self.class.wobble(), self.seed());
        RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let middle = at(x as f32 + 0.5, y as f32 + 0.5) - at(SIDE as f32, SIDE as f32) * 0.5;
            let samples = SUBPIXELS.map(|offset| self.light_at(middle + offset, &look, damage));
            let mean = samples.into_iter().fold(rgb(0.0, 0.0, 0.0), Colour::plus).lit(0.5).tinted(look.gain);
            let grain = |channel: u64| {
                let value = random::at(look.seed ^ (channel << 8), x.cast_signed(), y.cast_signed());
                (value * 2.0 - 1.0) * GRAIN
            };
            Rgb([0, 1, 2].map(|channel| to_byte(mean.0[channel] + grain(channel as u64 + 1))))
        })
    }

    /// The colour seen at a place of the picture.
    fn light_at(self, place: Point, look: &Look, damage: Option<&Damage>) -> Colour {
        let local = look.local(place);
        let outline = |local: Point| {
            let whole = self.class.outline(local);
            damage.map_or(whole, |damage| damage.outline(local, whole))
        };
        let distance = outline(local);
        let surface = || {
            let sound = self.class.colour(local, look);
            damage.map_or(sound, |damage| damage.colour(local, sound, self.class, look))
        };
        if distance <= -0.5 {
            return surface();
        }
        // The shadow falls away from the light and is soft.
        let shadow = soft_step(5.0, -3.0, outline(local + look.light * 3.4));
        let fall_off = 1.0 - 0.000_035 * place.dot(place) - 0.000_6 * place.y;
        let cloth = 1.0 + 0.015 * noise::rough(look.seed ^ 0xC1, place * 0.05);
        let ground = self.class.backdrop().lit((1.0 - 0.42 * shadow) * fall_off * cloth);
        if distance >= 0.5 { ground } else { ground.mixed(surface(), coverage(distance)) }
    }
}

impl Drawn for Scene {
    fn size(&self) -> (u32, u32) {
        (SIDE, SIDE)
    }

    fn image(&self) -> RgbImage {
        self.image_and_mask().0
    }

    fn mask(&self) -> Option<Mask> {
        self.defect.map(|kind| self.damaged(kind).1)
    }
}

/// The pixels that differ visibly, if they are enough and differ enough.
fn visible_change(sound: &RgbImage, damaged: &RgbImage) -> Option<Mask> {
    let changes: Vec<u8> = sound
        .pixels()
        .zip(damaged.pixels())
        .map(|(a, b)| a.0.iter().zip(b.0).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0))
        .collect();
    let marked = changes.iter().filter(|change| **change > VISIBLE);
    let area = marked.clone().count();
    let total: usize = marked.map(|change| usize::from(*change)).sum();
    if area < LEAST_AREA || total < LEAST_CONTRAST * area {
        return None;
    }
    let anomalous: Vec<bool> = changes.iter().map(|change| *change > VISIBLE).collect();
    Some(Mask::new(SIDE, SIDE, &anomalous))
}

fn to_byte(value: f32) -> u8 {
    (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}
