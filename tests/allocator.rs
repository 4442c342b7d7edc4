//! The allocator: blocks lie apart and hold what is written, and no more is held than was once in use.
#![allow(unsafe_code, reason = "an allocator is asked for raw memory")]

use std::alloc::{GlobalAlloc, Layout};

use diadc::allocator::{Allocator, LARGE};

/// A block whose first and last byte are a number of its own.
struct Marked {
    block: *mut u8,
    layout: Layout,
    mark: u8,
}

impl Marked {
    fn new(allocator: &Allocator, size: usize, mark: u8, is_zeroed: bool) -> Marked {
        let layout = Layout::from_size_align(size, 16).expect("a size and a power of two");
        // SAFETY: the size is not zero.
        let block = unsafe { if is_zeroed { allocator.alloc_zeroed(layout) } else { allocator.alloc(layout) } };
        assert!(!block.is_null() && block.addr().is_multiple_of(16));
        // SAFETY: the block has `size` bytes, which are set if zeros were asked for and written otherwise.
        unsafe {
            if is_zeroed {
                assert!(std::slice::from_raw_parts(block, size).iter().all(|byte| *byte == 0), "{size} bytes");
            } else {
                block.write_bytes(mark, size);
            }
            block.write(mark);
            block.add(size - 1).write(mark);
        }
        Marked { block, layout, mark }
    }

    /// Makes it longer or shorter; all that was in it and still fits must be there.
    fn resize(&mut self, allocator: &Allocator, size: usize) {
        let kept = self.layout.size().min(size);
        // SAFETY: the block came from this allocator with this layout, all its bytes have been written, and the new size is
        // not zero.
        unsafe {
            let before = std::slice::from_raw_parts(self.block, kept).to_vec();
            self.block = allocator.realloc(self.block, self.layout, size);
            assert!(!self.block.is_null() && self.block.addr().is_multiple_of(16));
            assert!(std::slice::from_raw_parts(self.block, kept) == before, "{size} bytes");
            self.block.add(kept).write_bytes(self.mark, size - kept);
            self.block.add(size - 1).write(self.mark);
        }
        self.layout = Layout::from_size_align(size, 16).expect("a size and a power of two");
    }

    fn give_back(self, allocator: &Allocator) {
        // SAFETY: the block came from this allocator with this layout, and its ends have been written.
        unsafe {
            assert_eq!([self.block.read(), self.block.add(self.layout.size() - 1).read()], [self.mark; 2]);
            allocator.dealloc(self.block, self.layout);
        }
    }
}

fn use_blocks(allocator: &Allocator, mut seed: usize) {
    let mut blocks: Vec<Marked> = Vec::new();
    for round in 0..3000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = seed >> 33;
        if blocks.len() == 24 || (number.is_multiple_of(3) && !blocks.is_empty()) {
            blocks.swap_remove(number % blocks.len()).give_back(allocator);
        } else if number % 4 == 1 && !blocks.is_empty() {
            let place = number % blocks.len();
            blocks[place].resize(allocator, 1 + (number >> 5) % (20 * LARGE));
        } else {
            let size = 1 + number % (6 * LARGE);
            blocks.push(Marked::new(allocator, size, round as u8, number.is_multiple_of(5)));
        }
        assert!(allocator.held() <= allocator.most(), "no more is held than was once in use");
    }
    blocks.into_iter().for_each(|block| block.give_back(allocator));
}

#[test]
fn blocks_lie_apart_and_no_more_is_held_than_was_once_in_use() {
    let allocator = Allocator::new();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let allocator = &allocator;
            scope.spawn(move || use_blocks(allocator, seed));
        }
    });
    assert!(allocator.most() > 0 && allocator.held() <= allocator.most());
}

#[test]
fn a_block_that_was_given_back_is_used_again() {
    let allocator = Allocator::new();
    let first = Marked::new(&allocator, 8 * LARGE, 1, false);
    let address = first.block.addr();
    first.give_back(&allocator);
    let parts = [2, 3].map(|mark| Marked::new(&allocator, 4 * LARGE, mark, true));
    assert!(parts.iter().all(|part| (address..address + 8 * LARGE).contains(&part.block.addr())));
    assert_eq!(allocator.held(), 8 * LARGE);
    parts.into_iter().for_each(|part| part.give_back(&allocator));
    let whole = Marked::new(&allocator, 8 * LARGE, 4, false);
    assert_eq!(whole.block.addr(), address, "parts that touch are joined");
    whole.give_back(&allocator);
}

#[test]
fn a_block_grows_into_the_kept_one_after_it() {
    let allocator = Allocator::new();
    let first = Marked::new(&allocator, 8 * LARGE, 1, false);
    let address = first.block.addr();
    first.give_back(&allocator);
    let mut block = Marked::new(&allocator, LARGE, 2, false);
    for pages in 2..=8 {
        block.resize(&allocator, pages * LARGE);
        assert_eq!((block.block.addr(), allocator.held()), (address, 8 * LARGE));
    }
    block.resize(&allocator, 3 * LARGE);
    assert_eq!((block.block.addr(), allocator.most(), allocator.held()), (address, 8 * LARGE, 8 * LARGE));
    block.give_back(&allocator);
}

#[cfg(target_os = "linux")]
#[test]
fn a_block_that_has_to_move_is_never_there_twice() {
    let allocator = Allocator::new();
    let mut block = Marked::new(&allocator, 16 * LARGE, 1, false);
    let after = Marked::new(&allocator, LARGE, 2, false);
    block.resize(&allocator, 64 * LARGE);
    assert_eq!((allocator.most(), allocator.held()), (65 * LARGE, 65 * LARGE));
    block.give_back(&allocator);
    after.give_back(&allocator);
}
