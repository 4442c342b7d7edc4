//! Data sets: layouts on a disk, the toy set, resizing, and what is said when something is wrong.

mod audit;
mod augment;
mod error;
mod hostile;
mod image_file;
mod inputs;
mod jpeg;
mod layouts;
mod mvtec;
mod real;
mod toy;
mod transform;
mod unmarked;
pub(crate) mod tree;
mod visa;
