//! Arguments in, exit code out.

use std::process::ExitCode;

/// Blocks of several megabytes are kept and used again, instead of going back to the system after each operation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keep_blocks();
    diadc::cli::main()
}

/// Freed blocks stay for so many milliseconds before they go back to the system: clearing their pages anew for each
/// operation took a quarter of the time of a large network.
#[allow(unsafe_code, reason = "the allocator's options are set by a function of C")]
fn keep_blocks() {
    /// `mi_option_purge_delay` of mimalloc 3.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: the option exists in the version that is linked, and no other thread runs yet.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 10_000) };
}
