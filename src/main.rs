//! Arguments in, exit code out.

use std::process::ExitCode;

/// Blocks of several megabytes are kept and used again, instead of going back to the system after each operation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    diadc::cli::main()
}
