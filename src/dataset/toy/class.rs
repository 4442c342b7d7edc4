//! The classes: which surface each has, and on which backdrop it lies.

use super::colour::{Colour, rgb};
use super::geometry::Point;
use super::look::Look;
use super::{object, texture};

/// One of the eight things that are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Board,
    Button,
    Capsule,
    Gear,
    Leather,
    Tile,
    Weave,
    Wood,
}

impl Class {
    /// All classes, sorted by name.
    pub(super) fn all() -> [Self; 8] {
        [Self::Board, Self::Button, Self::Capsule, Self::Gear, Self::Leather, Self::Tile, Self::Weave, Self::Wood]
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Button => "button",
            Self::Capsule => "capsule",
            Self::Gear => "gear",
            Self::Leather => "leather",
            Self::Tile => "tile",
            Self::Weave => "weave",
            Self::Wood => "wood",
        }
    }

    /// A texture fills the picture; an object lies on a backdrop.
    pub(super) fn is_texture(self) -> bool {
        matches!(self, Self::Leather | Self::Tile | Self::Weave | Self::Wood)
    }

    /// How the object lies, as part of a full turn.
    pub(super) fn turns(self) -> f32 {
        if self == Self::Capsule { -0.1 } else { 0.0 }
    }

    /// By how much of a full turn its images differ from that, either way.
    pub(super) fn wobble(self) -> f32 {
        if self.is_texture() { 0.006 } else { 0.018 }
    }

    /// The signed distance to the outline of the object; a texture has no outline.
    pub(super) fn outline(self, place: Point) -> f32 {
        match self {
            Self::Board => object::board_outline(place),
            Self::Button => object::button_outline(place),
            Self::Capsule => object::capsule_outline(place),
            Self::Gear => object::gear_outline(place),
            Self::Leather | Self::Tile | Self::Weave | Self::Wood => -1000.0,
        }
    }

    /// The colour of the surface, also a little beyond the outline, where pixels are covered in part.
    pub(super) fn colour(self, place: Point, look: &Look) -> Colour {
        match self {
            Self::Board => object::board(place, look),
            Self::Button => object::button(place, look),
            Self::Capsule => object::capsule(place, look),
            Self::Gear => object::gear(place, look),
            Self::Leather => texture::leather(place + look.phase, look),
            Self::Tile => texture::tile(place + look.phase, look),
            Self::Weave => texture::weave(place + look.phase, look),
            Self::Wood => texture::wood(place + look.phase, look),
        }
    }

    /// What the object lies on.
    pub(super) fn backdrop(self) -> Colour {
        match self {
            Self::Board => rgb(0.78, 0.77, 0.80),
            Self::Button => rgb(0.93, 0.87, 0.78),
            Self::Capsule => rgb(0.62, 0.76, 0.82),
            Self::Gear => rgb(0.27, 0.31, 0.38),
            Self::Leather | Self::Tile | Self::Weave | Self::Wood => rgb(0.5, 0.5, 0.5),
        }
    }

    /// What shows where the surface is scratched or cut.
    pub(super) fn under(self) -> Colour {
        match self {
            Self::Board => rgb(0.86, 0.66, 0.42),
            Self::Button => rgb(0.86, 0.95, 0.95),
            Self::Capsule => rgb(0.36, 0.25, 0.20),
            Self::Gear => rgb(0.30, 0.20, 0.08),
            Self::Leather => rgb(0.80, 0.62, 0.48),
            Self::Tile => rgb(0.20, 0.19, 0.18),
            Self::Weave => rgb(0.10, 0.10, 0.14),
            Self::Wood => rgb(0.26, 0.14, 0.06),
        }
    }

    /// The colour of the wrong material sewn, set or glued in.
    pub(super) fn foreign(self) -> Colour {
        match self {
            Self::Board | Self::Button | Self::Capsule | Self::Gear => rgb(0.5, 0.5, 0.5),
            Self::Leather => rgb(0.66, 0.42, 0.28),
            Self::Tile => rgb(0.66, 0.40, 0.30),
            Self::Weave => rgb(0.58, 0.36, 0.34),
            Self::Wood => rgb(0.42, 0.25, 0.14),
        }
    }
}
