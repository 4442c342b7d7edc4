//! Training: optimisers against torch, the order of images, and runs that are stopped and go on.

mod accumulate;
mod batch_norm;
mod checkpoint;
mod fault;
mod fit;
mod optimizer;
mod resume;
mod sampler;
mod samples;
mod schedule;
pub(crate) mod toy;
