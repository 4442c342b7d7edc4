//! Arguments in, exit code out.

use std::process::ExitCode;

use diadc::allocator::Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

fn main() -> ExitCode {
    diadc::cli::main()
}
