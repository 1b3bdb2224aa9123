//! Bombs cost no memory. One test in a program of its own, because the peak of a process never goes down again.

mod inputs;

use imaging::{Limits, decode, probe};
use inputs::{jpeg_claiming, png_of_chunks, tiny_gif, webp_claiming};

/// `None` where the system does not tell.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn refused_bombs_cost_less_memory_than_a_small_picture() {
    let bombs = [
        png_of_chunks(30_000, 30_000, [1, 0], &[]),
        png_of_chunks(12_000, 12_000, [8, 6], &[]),
        png_of_chunks(7_000, 7_000, [16, 6], &[]),
        jpeg_claiming(16_000, 16_000, false),
        jpeg_claiming(65_500, 65_500, true),
        jpeg_claiming(7_000, 7_000, true),
        webp_claiming(16_383, 16_383),
        tiny_gif([65_535, 65_535], [0, 0, 1, 1]),
        tiny_gif([4, 4], [0, 0, 65_535, 65_535]),
    ];
    let before = peak_kilobytes();
    for bomb in &bombs {
        assert!(decode(bomb, &Limits::default()).is_err());
        let _ = probe(bomb, &Limits::default());
    }
    if let (Some(before), Some(after)) = (before, peak_kilobytes()) {
        assert!(after - before < 8 * 1024, "the bombs took {} KB", after - before);
    }
}
