//! Training: optimisers against torch, the order of images, and runs that are stopped and go on.

mod accumulate;
mod batch_norm;
mod checkpoint;
mod fault;
mod features;
mod fit;
mod optimizer;
mod resume;
mod rules;
mod sampler;
mod samples;
mod schedule;
mod split;
pub(crate) mod toy;
