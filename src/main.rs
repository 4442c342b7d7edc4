//! Arguments in, exit code out.
#![allow(unsafe_code, reason = "an allocator is made of unsafe functions, and its options are set by one of C")]

use std::alloc::{GlobalAlloc, Layout};
use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Blocks = Blocks;

fn main() -> ExitCode {
    // Blocks of several megabytes are kept so many milliseconds (`mi_option_purge_delay` of mimalloc 3) and used again:
    // clearing their pages anew for each operation took a quarter of the time of a large network.
    // SAFETY: the option exists in the version that is linked, and no other thread runs yet.
    unsafe { libmimalloc_sys::mi_option_set(15, 10_000) };
    diadc::cli::main()
}

/// mimalloc, without its search for a place that fits an alignment where every block has it: that search passes by free
/// blocks of many sizes.
struct Blocks;

// SAFETY: mimalloc is an allocator. Its blocks begin at multiples of a word, and it frees them whoever asked for them.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > size_of::<usize>() {
            // SAFETY: the caller keeps the promises.
            return unsafe { MiMalloc.alloc(layout) };
        }
        // SAFETY: any size is fine.
        unsafe { libmimalloc_sys::mi_malloc(layout.size()) }.cast()
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the promises.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises.
        unsafe { MiMalloc.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the promises.
        unsafe { MiMalloc.realloc(block, layout, size) }
    }
}
