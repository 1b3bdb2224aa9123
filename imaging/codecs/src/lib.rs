//! Safe doors to the C libraries that read and write pictures.
//!
//! This is the one crate that may call C, so all that must be proved by hand lies here. Each module has one door, takes
//! and gives slices, checks every length before C sees a pointer, and turns what the library says into an error. The
//! libraries meet bytes of strangers (only libjpeg reads; libwebp and libaom write), which is why the process that
//! calls them is one that nothing else depends on.

pub mod avif;
pub mod jpeg_reader;
pub mod jpeg_writer;
mod libjpeg;
pub mod memory;
mod numbers;
mod plane;
pub mod webp;
pub mod webp_animation;

pub use plane::{PlaneRef, Planes};
