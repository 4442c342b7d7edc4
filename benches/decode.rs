//! How fast images of a data set are decoded and brought to size: JPEGs of 1500x1000 pixels to 256x256, by one thread
//! and by two. `decode.py` beside it measures Pillow on the same files.

use std::path::PathBuf;
use std::sync::LazyLock;

use diadc::dataset::transform::Transform;
use diadc::dataset::{predict_inputs, read_image};
use diadc::graph::program::ImageFormat;
use divan::counter::ItemsCount;
use image::{Rgb, RgbImage};

/// The folder of images: the one named from outside, or one that is made.
static IMAGES: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let folder = std::env::var_os("DIADC_BENCH_IMAGES").map_or_else(make, PathBuf::from);
    predict_inputs(&[folder]).expect("the folder holds images")
});

fn main() {
    divan::main();
}

/// Images a second: each of eight reads is one image of the folder.
#[divan::bench(threads = [1, 2])]
fn read_and_resize(bencher: divan::Bencher<'_, '_>) {
    let transform = Transform::from(ImageFormat::plain(256, 256));
    let paths = &IMAGES[..IMAGES.len().min(8)];
    bencher.counter(ItemsCount::new(paths.len())).bench(|| {
        for path in paths {
            divan::black_box(transform.resize_u8(&read_image(path).expect("it is sound")));
        }
    });
}

/// Smooth shades with a little noise.
fn make() -> PathBuf {
    let folder = std::env::temp_dir().join("diadc-bench-images");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let mut noise = 1_u32;
    for number in 0..8_u32 {
        let image = RgbImage::from_fn(1500, 1000, |x, y| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shade = (x / 8 + y / 6 + 16 * number) % 200 + (noise >> 28);
            Rgb([shade as u8, (shade / 2 + 60) as u8, (220 - shade) as u8])
        });
        image.save(folder.join(format!("{number}.jpg"))).expect("the image can be written");
    }
    folder
}
