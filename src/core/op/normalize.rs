//! Normalisations with statistics of the sample itself.

use crate::fact::{Dim, Fact};

use super::ShapeError;

pub(super) fn group_norm(groups: usize, inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let x = scaled(inputs, 1)?;
    let channels = &x.shape.0[1];
    let count = i64::try_from(groups).unwrap_or(i64::MAX);
    if channels.divided_exactly(&Dim::from(count)).is_none() {
        return Err(ShapeError::new(format!("{channels} channels can't be split into {groups} groups")));
    }
    Ok(x.clone())
}

pub(super) fn layer_norm(inputs: &[&Fact]) -> Result<Fact, ShapeError> {
    let rank = inputs.first().map_or(0, |x| x.shape.rank());
    scaled(inputs, rank.saturating_sub(1)).cloned()
}

/// The value, after checking that weight and bias have as many numbers as its axis `channel`.
fn scaled<'a>(inputs: &[&'a Fact], channel: usize) -> Result<&'a Fact, ShapeError> {
    let [x, weight, bias] = inputs else {
        return Err(ShapeError::new("a value, a weight and a bias are expected"));
    };
    super::error::float(x)?;
    let Some(channels) = x.shape.0.get(channel) else {
        return Err(ShapeError::new(format!("a value with channels is expected, this is {x}")));
    };
    for scale in [weight, bias] {
        if scale.shape.0 != [channels.clone()] {
            return Err(ShapeError::new(format!("{x} has {channels} channels, the weight has {}", scale.shape)));
        }
    }
    Ok(x)
}
