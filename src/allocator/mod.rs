//! Memory for the whole program: small blocks come from mimalloc, large ones straight from the system.
//!
//! In: sizes. Out: blocks. A large block that is given back is kept for later requests, since the system clears every
//! page that it hands out, which takes longer than most operations on tensors. What is then true: the process never
//! holds more bytes of large blocks than were once in use at the same time. So its peak memory is the most that a run
//! uses, and can be estimated before the run starts ([`crate::plan::memory`]). A block grows into the kept one after
//! it, or its pages are moved: a copy would hold it twice. The lock is never held during a system call (`books`).
#![allow(unsafe_code, reason = "an allocator hands out raw memory")]

mod books;
mod system;

use std::alloc::{GlobalAlloc, Layout};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mimalloc::MiMalloc;

use books::{Books, Found};

/// The size in bytes from which on a block counts as large. There are many smaller blocks, but together they hold little.
pub const LARGE: usize = 16 << 10;

/// The size of a large block, in bytes, is a multiple of this, which is itself a multiple of the system's page size.
const PAGE: usize = if cfg!(target_arch = "x86_64") { 4 << 10 } else { 64 << 10 };

/// The allocator, to be declared as `#[global_allocator]`.
pub struct Allocator {
    small: MiMalloc,
    books: Mutex<Books>,
}

impl Allocator {
    /// An allocator that holds nothing yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a static is made of constants")]
    pub const fn new() -> Allocator {
        Allocator { small: MiMalloc, books: Mutex::new(Books::new()) }
    }

    /// Bytes of large blocks that are in use or kept.
    #[must_use]
    pub fn held(&self) -> usize {
        self.books().held()
    }

    /// The most bytes of large blocks that were ever in use.
    #[must_use]
    pub fn most(&self) -> usize {
        self.books().most()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A large block, null if the system has none, and whether all its bytes are zero.
    fn take(&self, bytes: usize) -> (*mut u8, bool) {
        let size = whole_pages(bytes);
        let found = self.books().take(size);
        match found {
            Found::Kept(address) => (address as *mut u8, false),
            Found::None(surplus) => {
                surplus.unmap();
                let block = system::map(size);
                if block.is_null() {
                    self.books().take_back(size);
                }
                (block, true)
            }
        }
    }

    /// Makes a large block longer or shorter, if that is possible without copying it.
    fn resize(&self, block: *mut u8, old: usize, new: usize) -> Option<*mut u8> {
        if new <= old {
            if new < old {
                self.books().give_back(block as usize + new, old - new);
            }
            return Some(block);
        }
        if self.books().extend(block as usize, old, new) {
            return Some(block);
        }
        if !system::CAN_MOVE {
            return None;
        }
        let surplus = self.books().reserve(new - old);
        surplus.unmap();
        let moved = system::move_pages(block, old, new);
        if moved.is_none() {
            self.books().take_back(new - old);
        }
        moved
    }
}

/// Turns transparent huge pages off for this process: of a huge page that holds small blocks, most would never be used.
/// This is for commands that run a model, whose memory is estimated; other commands are faster with huge pages. Only
/// Linux has them.
pub fn take_single_pages() {
    system::take_single_pages();
}

fn is_large(layout: Layout) -> bool {
    cfg!(unix) && layout.size() >= LARGE && layout.align() <= PAGE
}

fn whole_pages(bytes: usize) -> usize {
    bytes.next_multiple_of(PAGE)
}

/// Whether mimalloc's plain functions are right for a block: all their blocks are so aligned, and their search for one
/// that is passes by free blocks of many sizes.
fn is_plain(layout: Layout) -> bool {
    layout.align() <= size_of::<usize>()
}

// SAFETY: mimalloc keeps the contract for small blocks. Large ones are whole pages that the system has handed out and
// that lie in no other block that is in use; whether a block is large follows from its layout alone.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return self.take(layout.size()).0;
        }
        if is_plain(layout) {
            // SAFETY: any size is fine.
            return unsafe { libmimalloc_sys::mi_malloc(layout.size()) }.cast();
        }
        // SAFETY: as the caller promises.
        unsafe { self.small.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            let (block, is_clear) = self.take(layout.size());
            if !is_clear && !block.is_null() {
                // SAFETY: the block is at least `layout.size()` bytes long, and nobody else knows it yet.
                unsafe { block.write_bytes(0, layout.size()) };
            }
            return block;
        }
        // SAFETY: as the caller promises.
        unsafe { self.small.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout) {
            return self.books().give_back(block as usize, whole_pages(layout.size()));
        }
        // SAFETY: as the caller promises.
        unsafe { self.small.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller promises that `bytes`, rounded up to the alignment, is at most `isize::MAX`.
        let new = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        match (is_large(layout), is_large(new)) {
            // SAFETY: the block came from mimalloc, which chose it for the same alignment.
            (false, false) if is_plain(layout) => unsafe { libmimalloc_sys::mi_realloc(block.cast(), bytes) }.cast(),
            // SAFETY: as the caller promises.
            (false, false) => unsafe { self.small.realloc(block, layout, bytes) },
            (true, true) => {
                let resized = self.resize(block, whole_pages(layout.size()), whole_pages(bytes));
                // SAFETY: as the caller promises.
                resized.unwrap_or_else(|| unsafe { self.copy(block, layout, new) })
            }
            // SAFETY: as the caller promises.
            (false, true) | (true, false) => unsafe { self.copy(block, layout, new) },
        }
    }
}

impl Allocator {
    /// Moves what is in a block to a new one and gives the old one back; null, with the old one as it was, if there is
    /// none.
    ///
    /// # Safety
    /// The block must have come from here with the layout `old` and be in use, and `new` must not be empty.
    unsafe fn copy(&self, block: *mut u8, old: Layout, new: Layout) -> *mut u8 {
        // SAFETY: both blocks are at least as long as the smaller layout, and the new one does not overlap the old one.
        unsafe {
            let copy = self.alloc(new);
            if !copy.is_null() {
                copy.copy_from_nonoverlapping(block, old.size().min(new.size()));
                self.dealloc(block, old);
            }
            copy
        }
    }
}
