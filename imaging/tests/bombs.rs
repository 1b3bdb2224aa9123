//! Each picture of the hostile collection gets the class that is written next to it, soon.
#![allow(clippy::panic, reason = "a surprise in a helper must stop the test")]

mod inputs;

use std::time::{Duration, Instant};

use imaging::{ImageError, Limits, placeholder, probe};
use imaging_hostile::{Class, Hostile};
use inputs::decode;

/// Far more than the slowest takes on a busy machine, and far less than an endless one.
const PATIENCE: Duration = Duration::from_secs(20);

fn class_of<T>(result: &Result<T, ImageError>) -> Class {
    match result {
        Ok(_) => Class::Decoded,
        Err(ImageError::TooLarge { .. }) => Class::TooLarge,
        Err(ImageError::Unsupported) => Class::Unsupported,
        Err(ImageError::Damaged(reason)) => {
            assert!(!reason.contains("did not expect"), "a codec panicked: {reason}");
            Class::Damaged
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_hostile_picture_gets_its_class() {
    let mut others = Vec::new();
    for hostile in imaging_hostile::all() {
        let begun = Instant::now();
        let decoded = decode(&hostile.file, &Limits::default());
        if let Ok(picture) = &decoded {
            assert!(placeholder(picture).is_ok(), "{hostile:?}");
        }
        if class_of(&decoded) != hostile.class {
            others.push(format!("{hostile:?}: {:?}", decoded.map(|picture| picture.header())));
        }
        assert!(begun.elapsed() < PATIENCE, "{hostile:?} took {:?}", begun.elapsed());
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn what_is_too_large_is_refused_by_its_header() {
    let too_large = |hostile: &Hostile| hostile.class == Class::TooLarge;
    let mut seen = 0;
    for hostile in imaging_hostile::all().into_iter().filter(too_large) {
        assert_eq!(class_of(&probe(&hostile.file, &Limits::default())), Class::TooLarge, "{hostile:?}");
        seen += 1;
    }
    assert!(seen > 10, "there are bombs of every format");
}
