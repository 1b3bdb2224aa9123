//! Bombs cost no memory. One test in a program of its own, because the peak of a process never goes down again.

mod inputs;

use imaging::{Limits, probe};
use imaging_hostile::{Class, Hostile};
use inputs::decode;

/// `None` where the system does not tell.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Decodes them all and gives by how much the peak grew, in kilobytes; 0 where the system does not tell.
fn growth_kilobytes(files: &[Hostile]) -> u64 {
    let before = peak_kilobytes();
    for hostile in files {
        let _ = decode(&hostile.file, &Limits::default());
        let _ = probe(&hostile.file, &Limits::default());
    }
    before.zip(peak_kilobytes()).map_or(0, |(before, after)| after - before)
}

#[test]
fn refused_bombs_cost_less_memory_than_a_small_picture() {
    let (allowed, refused): (Vec<_>, Vec<_>) =
        imaging_hostile::all().into_iter().partition(|hostile| hostile.class == Class::Decoded);
    assert!(10 < refused.len() && 10 < allowed.len());
    let growth = growth_kilobytes(&refused);
    assert!(growth < 8 * 1024, "the refused ones took {growth} KB");
    // The largest of them are of 16 million pixels, or have 24 million coefficients.
    let growth = growth_kilobytes(&allowed);
    assert!(growth < 128 * 1024, "the allowed ones took {growth} KB");
}
