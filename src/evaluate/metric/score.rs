//! What scores are: numbers of 32 or of 64 bits, each ranked as it is.
//!
//! All that is computed of a score is computed in its own type. So the scores of 32 bits, of which there usually are many,
//! take no more time and memory because others are wider. What is done for each score is marked `inline`: it is called where
//! a ranking is made for one type, which is in another unit of code than this one.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Sub};

/// A number by which items are ranked.
pub trait Score:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + 'static
{
    /// Its bits.
    type Bits: Bits;

    /// The bits of a finite score, rearranged so that integers compare as scores do; both zeros are one pattern.
    fn to_key(self) -> Self::Bits;

    /// The score of which these are the rearranged bits.
    fn from_key(bits: Self::Bits) -> Self;

    /// The nearest score to a number.
    fn rounded(number: f64) -> Self;

    /// Whether it is neither NaN nor infinite.
    fn is_finite(self) -> bool;

    /// Whether it is no number.
    fn is_nan(self) -> bool;

    /// The least score above it.
    #[must_use]
    fn next_up(self) -> Self;

    /// The greatest score below it.
    #[must_use]
    fn next_down(self) -> Self;
}

/// An integer that compares as a score does.
pub trait Bits: Copy + Debug + Default + Ord + Send + Sync + 'static {
    /// The integer, and the area of the region of an anomalous item, as one integer that compares as the first does.
    type WithArea: Copy + Debug + Ord + Send + Sync + 'static;

    /// The bytes that it takes.
    const BYTES: usize;

    /// Puts the area of a region behind it.
    fn with_area(self, area: u32) -> Self::WithArea;

    /// The integer and the area.
    fn parts(with_area: Self::WithArea) -> (Self, u32);

    /// The difference to a lower one.
    fn above(self, low: Self) -> u64;

    /// The integer that is higher by a difference that [`Bits::above`] gave.
    #[must_use]
    fn raised(self, by: u64) -> Self;

    /// The next lower one, which must exist.
    #[must_use]
    fn before(self) -> Self;

    /// Appends its bytes.
    fn write(self, bytes: &mut Vec<u8>);

    /// The integers whose bytes these are; their number must be a multiple of [`Bits::BYTES`].
    fn read(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! score {
    ($float:ty, $bits:ty, $wide:ty) => {
        impl Score for $float {
            type Bits = $bits;

            #[inline]
            fn to_key(self) -> $bits {
                const SIGN: $bits = 1 << (<$bits>::BITS - 1);
                // Adding zero makes of the two zeros, which compare equal, one pattern of bits.
                let bits = (self + 0.0).to_bits();
                if bits & SIGN == 0 { bits | SIGN } else { !bits }
            }

            #[inline]
            fn from_key(bits: $bits) -> $float {
                const SIGN: $bits = 1 << (<$bits>::BITS - 1);
                <$float>::from_bits(if bits & SIGN == 0 { !bits } else { bits ^ SIGN })
            }

            #[inline]
            fn rounded(number: f64) -> $float {
                number as $float
            }

            #[inline]
            fn is_finite(self) -> bool {
                <$float>::is_finite(self)
            }

            #[inline]
            fn is_nan(self) -> bool {
                <$float>::is_nan(self)
            }

            #[inline]
            fn next_up(self) -> $float {
                <$float>::next_up(self)
            }

            #[inline]
            fn next_down(self) -> $float {
                <$float>::next_down(self)
            }
        }

        impl Bits for $bits {
            type WithArea = $wide;

            const BYTES: usize = size_of::<$bits>();

            #[inline]
            fn with_area(self, area: u32) -> $wide {
                <$wide>::from(self) << 32 | <$wide>::from(area)
            }

            #[inline]
            fn parts(with_area: $wide) -> ($bits, u32) {
                ((with_area >> 32) as $bits, with_area as u32)
            }

            #[inline]
            fn above(self, low: $bits) -> u64 {
                u64::from(self - low)
            }

            #[inline]
            fn raised(self, by: u64) -> $bits {
                self + by as $bits
            }

            #[inline]
            fn before(self) -> $bits {
                self - 1
            }

            #[inline]
            fn write(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_ne_bytes());
            }

            fn read(bytes: &[u8]) -> Vec<$bits> {
                let whole = bytes.as_chunks::<{ size_of::<$bits>() }>().0;
                whole.iter().map(|bytes| <$bits>::from_ne_bytes(*bytes)).collect()
            }
        }
    };
}

score!(f32, u32, u64);
score!(f64, u64, u128);
