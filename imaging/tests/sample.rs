//! The generated photograph of the demonstration.

mod inputs;

use imaging::{Limits, QUICK_VARIANTS};
use imaging_sample::sample_photo_jpeg;
use inputs::{decode, render_all};

#[test]
fn the_sample_is_stored_sideways_and_shown_upright() {
    let file = sample_photo_jpeg(480, 320).unwrap();
    let picture = decode(&file, &Limits::default()).unwrap();
    assert_eq!(
        (picture.header().width, picture.header().height, picture.header().orientation),
        (480, 320, 6)
    );
    let brightness = |x, y| picture.pixel(x, y).unwrap().iter().map(|value| u32::from(*value)).sum::<u32>();
    assert!(brightness(240, 300) < brightness(316, 150), "the lake is darker than the sun");
    let mut made = 0;
    assert_eq!(render_all(picture, QUICK_VARIANTS, &Limits::default(), &|| true, &mut |_| made += 1), []);
    assert_eq!(made, QUICK_VARIANTS.len());
}

#[test]
fn the_sample_is_the_same_each_time_and_of_any_size() {
    assert_eq!(sample_photo_jpeg(60, 40).unwrap(), sample_photo_jpeg(60, 40).unwrap());
    assert!(sample_photo_jpeg(1, 1).is_ok());
    assert!(sample_photo_jpeg(0, 4).is_err());
}
