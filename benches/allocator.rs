//! How long a vector takes to grow, and how long large blocks take on one and on two threads.

use diadc::allocator::Allocator;
use divan::black_box;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

fn main() {
    divan::main();
}

#[divan::bench(args = [16 << 20, 1 << 30], sample_count = 5)]
fn extend(bytes: usize) {
    let piece = vec![7_u8; 1 << 20];
    let mut grown: Vec<u8> = Vec::new();
    while grown.len() < bytes {
        grown.extend_from_slice(&piece);
    }
    black_box(grown);
}

#[divan::bench(sample_count = 5)]
fn push() {
    let mut grown: Vec<u8> = Vec::new();
    for i in 0..1_usize << 30 {
        grown.push(i as u8);
    }
    black_box(grown);
}

#[divan::bench(threads = [1, 2])]
fn blocks_of_64_kib() {
    for i in 0..1000_u16 {
        let mut block: Vec<u8> = Vec::with_capacity(64 << 10);
        block.push(i as u8);
        black_box(block);
    }
}
