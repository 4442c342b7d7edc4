//! Which large blocks are kept, and how many bytes are in use.
//!
//! In: addresses and sizes in whole pages. Out: where to take a block from, and what has to be given back to the system
//! first. Nothing here makes a system call, so that the lock around it is held only for a short time. A size is counted
//! before its pages are mapped. The surplus that makes room for it is no longer counted, and the same thread unmaps it
//! before it maps the new pages: at no time does the process hold more than is counted.

use std::collections::{BTreeMap, BTreeSet};

use super::system;

/// All large blocks.
pub(super) struct Books {
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

/// Where a block comes from.
pub(super) enum Found {
    /// A kept one lies at this address.
    Kept(usize),
    /// None that is kept is large enough; the surplus has to be unmapped before another is mapped.
    None(Surplus),
}

/// Kept blocks, as pairs of size and address, that are no longer counted and have to be given back to the system.
#[must_use]
pub(super) struct Surplus(BTreeSet<(usize, usize)>);

impl Books {
    pub(super) const fn new() -> Books {
        Books { kept: BTreeMap::new(), by_size: BTreeSet::new(), idle: 0, used: 0, most: 0 }
    }

    pub(super) fn held(&self) -> usize {
        self.used + self.idle
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Counts a block as used, and cuts it from the smallest kept one that is large enough.
    pub(super) fn take(&mut self, size: usize) -> Found {
        let Some(&(found, address)) = self.by_size.range((size, 0)..).next() else {
            return Found::None(self.reserve(size));
        };
        self.cut(address, found, size);
        Found::Kept(address)
    }

    /// Makes a used block longer if a kept one follows it and is large enough.
    pub(super) fn extend(&mut self, address: usize, old: usize, new: usize) -> bool {
        let (end, more) = (address + old, new - old);
        let following = self.kept.get(&end).copied().filter(|size| *size >= more);
        following.inspect(|size| self.cut(end, *size, more)).is_some()
    }

    /// Counts bytes as used that the caller is about to map.
    pub(super) fn reserve(&mut self, size: usize) -> Surplus {
        self.count(size);
        self.surplus()
    }

    /// Takes back a count after the system has refused the pages.
    pub(super) fn take_back(&mut self, size: usize) {
        self.used -= size;
    }

    /// Keeps a block, joined with the kept ones beside it.
    pub(super) fn give_back(&mut self, address: usize, mut size: usize) {
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

    /// Uses the first `size` bytes of a kept block of `whole`.
    fn cut(&mut self, address: usize, whole: usize, size: usize) {
        self.forget(address, whole);
        if whole > size {
            self.keep(address + size, whole - size);
        }
        self.count(size);
    }

    fn count(&mut self, size: usize) {
        self.used += size;
        self.most = self.most.max(self.used);
    }

    /// Takes away kept bytes, the largest blocks first, until no more are held than were once in use. The set is split,
    /// not copied into a list: a long list would be a large block itself, and asking for it would wait for this very
    /// lock.
    fn surplus(&mut self) -> Surplus {
        let mut bytes = self.held().saturating_sub(self.most);
        let mut last = None;
        for &(size, address) in self.by_size.iter().rev() {
            if bytes == 0 {
                break;
            }
            last = Some((size, address, bytes.min(size)));
            bytes -= bytes.min(size);
        }
        let Some((size, address, part)) = last else { return Surplus(BTreeSet::new()) };
        let mut surplus = self.by_size.split_off(&(size, address));
        for (size, address) in &surplus {
            self.kept.remove(address);
            self.idle -= size;
        }
        if part < size {
            surplus.remove(&(size, address));
            surplus.insert((part, address + size - part));
            self.keep(address, size - part);
        }
        Surplus(surplus)
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

impl Surplus {
    /// Gives the blocks back to the system.
    pub(super) fn unmap(self) {
        for (size, address) in self.0 {
            system::unmap(address, size);
        }
    }
}
