//! Arguments in, exit code out.

use std::process::ExitCode;

use diadc::allocator::{Allocator, take_single_pages};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

fn main() -> ExitCode {
    take_single_pages();
    diadc::cli::main()
}
