//! Pages of the system: taken, moved and given back.
#![allow(unsafe_code, reason = "pages are raw memory")]

#[cfg(unix)]
pub(super) use unix::{map, unmap};

#[cfg(target_os = "linux")]
pub(super) use linux::{CAN_MOVE, move_pages, take_single_pages};

#[cfg(not(unix))]
pub(super) use none::{map, unmap};

#[cfg(not(target_os = "linux"))]
pub(super) use still::{CAN_MOVE, move_pages, take_single_pages};

#[cfg(unix)]
mod unix {
    /// Fresh pages, all zero; null if there are none.
    pub(in super::super) fn map(size: usize) -> *mut u8 {
        let (rights, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: a mapping without an address overlaps no other.
        let pages = unsafe { libc::mmap(std::ptr::null_mut(), size, rights, kind, -1, 0) };
        if pages == libc::MAP_FAILED { std::ptr::null_mut() } else { pages.cast() }
    }

    /// Gives pages back.
    pub(in super::super) fn unmap(address: usize, size: usize) {
        // SAFETY: these are pages of kept blocks, which nobody uses. If the system refuses they stay mapped.
        unsafe { libc::munmap(address as *mut libc::c_void, size) };
    }
}

#[cfg(target_os = "linux")]
mod linux {
    /// Whether pages can be moved without copying what is in them.
    pub(in super::super) const CAN_MOVE: bool = true;

    /// Moves pages to a place with room for more, which come after them; none if the system refuses, and the pages are
    /// as they were then.
    pub(in super::super) fn move_pages(block: *mut u8, old: usize, new: usize) -> Option<*mut u8> {
        // SAFETY: these are all pages of a block that belongs to the caller, and the system chooses a place where
        // nothing is.
        let pages = unsafe { libc::mremap(block.cast(), old, new, libc::MREMAP_MAYMOVE) };
        (pages != libc::MAP_FAILED).then_some(pages.cast())
    }

    pub(in super::super) fn take_single_pages() {
        // SAFETY: this sets a flag of the process and touches no memory. A system that does not know it goes on as
        // before.
        unsafe {
            libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0);
        }
    }
}

#[cfg(not(unix))]
mod none {
    pub(in super::super) fn map(_size: usize) -> *mut u8 {
        std::ptr::null_mut()
    }

    pub(in super::super) fn unmap(_address: usize, _size: usize) {}
}

#[cfg(not(target_os = "linux"))]
mod still {
    pub(in super::super) const CAN_MOVE: bool = false;

    pub(in super::super) fn move_pages(_block: *mut u8, _old: usize, _new: usize) -> Option<*mut u8> {
        None
    }

    pub(in super::super) fn take_single_pages() {}
}
