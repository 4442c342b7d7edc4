//! Memory for the whole program: small blocks come from mimalloc, large ones straight from the system.
//!
//! In: sizes. Out: blocks. Large blocks that are given back are kept for those that follow, since the system clears
//! every page that it hands out, which takes longer than most operations on tensors. What is then true: of large blocks,
//! the process never holds more than were once in use at the same time. So what a run holds at most is what it uses at
//! most, and can be told beforehand ([`crate::plan::memory`]).
#![allow(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mimalloc::MiMalloc;

/// Blocks of so many bytes and more are large: of smaller ones there are many, but they hold little.
pub const LARGE: usize = 16 << 10;

/// Large blocks are multiples of so many bytes, which is a multiple of the system's pages.
const PAGE: usize = if cfg!(target_arch = "x86_64") { 4 << 10 } else { 64 << 10 };

/// The allocator, to be declared as `#[global_allocator]`.
pub struct Allocator {
    small: MiMalloc,
    large: Mutex<Large>,
}

/// All large blocks.
struct Large {
    /// Kept blocks by their address, with their sizes; no two of them touch.
    kept: BTreeMap<usize, usize>,
    /// The same as pairs of size and address.
    by_size: BTreeSet<(usize, usize)>,
    /// Bytes of kept blocks.
    idle: usize,
    /// Bytes in use.
    used: usize,
    /// The most that were ever in use.
    most: usize,
}

impl Allocator {
    /// An allocator that holds nothing yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a static is made of constants")]
    pub const fn new() -> Allocator {
        let large = Large { kept: BTreeMap::new(), by_size: BTreeSet::new(), idle: 0, used: 0, most: 0 };
        Allocator { small: MiMalloc, large: Mutex::new(large) }
    }

    /// Bytes of large blocks that are in use or kept.
    #[must_use]
    pub fn held(&self) -> usize {
        let large = self.large();
        large.used + large.idle
    }

    /// The most bytes of large blocks that were ever in use.
    #[must_use]
    pub fn most(&self) -> usize {
        self.large().most
    }

    fn large(&self) -> MutexGuard<'_, Large> {
        self.large.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has the system hand out pages one by one from now on, not in hundreds: of those that small blocks lie in most would
/// never be used. For commands that run a model, whose memory is estimated; others are faster with hundreds. Only Linux does
/// otherwise.
pub fn take_single_pages() {
    #[cfg(target_os = "linux")]
    // SAFETY: this sets a flag of the process and touches no memory. A system that does not know it goes on as before.
    unsafe {
        libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0);
    }
}

fn is_large(layout: Layout) -> bool {
    cfg!(unix) && layout.size() >= LARGE && layout.align() <= PAGE
}

// SAFETY: mimalloc keeps the contract for small blocks. Large ones are whole pages that the system has handed out and
// that lie in no other block that is in use; whether a block is large follows from its layout alone.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return self.large().take(layout.size()).0;
        }
        if layout.align() <= size_of::<usize>() {
            // All its blocks are so aligned; its search for one that is passes by free blocks of many sizes.
            // SAFETY: any size is fine.
            return unsafe { libmimalloc_sys::mi_malloc(layout.size()) }.cast();
        }
        // SAFETY: as the caller promises.
        unsafe { self.small.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            let (block, is_clear) = self.large().take(layout.size());
            if !is_clear && !block.is_null() {
                // SAFETY: the block has at least so many bytes, and nobody else knows it yet.
                unsafe { block.write_bytes(0, layout.size()) };
            }
            return block;
        }
        // SAFETY: as the caller promises.
        unsafe { self.small.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout) {
            return self.large().give_back(block as usize, layout.size());
        }
        // SAFETY: as the caller promises.
        unsafe { self.small.dealloc(block, layout) }
    }
}

impl Large {
    /// A block, null if the system has none, and whether all its bytes are zero. Of the kept ones it is cut from the
    /// smallest that is large enough.
    fn take(&mut self, bytes: usize) -> (*mut u8, bool) {
        let size = bytes.next_multiple_of(PAGE);
        self.used += size;
        self.most = self.most.max(self.used);
        if let Some(&(found, address)) = self.by_size.range((size, 0)..).next() {
            self.forget(address, found);
            if found > size {
                self.keep(address + size, found - size);
            }
            return (address as *mut u8, false);
        }
        self.shrink((self.used + self.idle).saturating_sub(self.most));
        let block = system::map(size);
        if block.is_null() {
            self.used -= size;
        }
        (block, true)
    }

    /// Keeps a block, joined with the kept ones beside it.
    fn give_back(&mut self, address: usize, bytes: usize) {
        let mut size = bytes.next_multiple_of(PAGE);
        self.used -= size;
        let mut first = address;
        if let Some((&before, &its)) =
            self.kept.range(..address).next_back().filter(|(at, its)| **at + **its == address)
        {
            self.forget(before, its);
            (first, size) = (before, size + its);
        }
        if let Some(&its) = self.kept.get(&(first + size)) {
            self.forget(first + size, its);
            size += its;
        }
        self.keep(first, size);
    }

    /// Gives kept bytes back to the system, the largest blocks first: all of them are too small for what is asked.
    fn shrink(&mut self, mut bytes: usize) {
        while bytes > 0
            && let Some(&(size, address)) = self.by_size.last()
        {
            let part = bytes.min(size);
            self.forget(address, size);
            if size > part {
                self.keep(address, size - part);
            }
            system::unmap(address + size - part, part);
            bytes -= part;
        }
    }

    fn keep(&mut self, address: usize, size: usize) {
        self.kept.insert(address, size);
        self.by_size.insert((size, address));
        self.idle += size;
    }

    fn forget(&mut self, address: usize, size: usize) {
        self.kept.remove(&address);
        self.by_size.remove(&(size, address));
        self.idle -= size;
    }
}

#[cfg(unix)]
mod system {
    /// Fresh pages, all zero; null if there are none.
    pub(super) fn map(size: usize) -> *mut u8 {
        let (rights, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: a mapping without an address overlaps no other.
        let pages = unsafe { libc::mmap(std::ptr::null_mut(), size, rights, kind, -1, 0) };
        if pages == libc::MAP_FAILED { std::ptr::null_mut() } else { pages.cast() }
    }

    /// Gives pages back.
    pub(super) fn unmap(address: usize, size: usize) {
        // SAFETY: these are pages of kept blocks, which nobody uses. If the system refuses they stay mapped.
        unsafe { libc::munmap(address as *mut libc::c_void, size) };
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) fn map(_size: usize) -> *mut u8 {
        std::ptr::null_mut()
    }

    pub(super) fn unmap(_address: usize, _size: usize) {}
}
