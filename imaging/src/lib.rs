//! Turns the bytes of an uploaded picture into small, clean variants, within fixed limits.
//!
//! The order of work is [`probe`] (header only), [`decode`] (once, into a picture of working size), then
//! [`render_all`] with [`QUICK_VARIANTS`], [`placeholder`], and last [`render_all`] with [`AVIF_VARIANTS`].
//! The crate does no I/O and knows no clock: the caller hands in bytes and a closure that says whether there is
//! time left. A decoder cannot be cancelled while it runs, so the caller also runs this work where it can be
//! abandoned with the process.

mod animation;
mod axis;
mod baseline;
mod color;
mod crew;
mod decode;
mod encode;
mod error;
mod fit;
mod format;
mod guard;
mod jpeg_structure;
mod layer;
mod limits;
mod memory;
mod normalize;
mod options;
mod placeholder;
mod plane;
mod probe;
mod render;
mod scale;
mod source;
mod variant;
mod webp_source;
mod webp_structure;

pub use crew::Crew;
pub use decode::{Picture, decode};
pub use error::{ImageError, Measure};
pub use fit::fit_inside;
pub use format::{InputFormat, OutputFormat};
pub use imaging_codecs::memory::give_back_freed_pixels;
pub use limits::Limits;
pub use options::Look;
pub use placeholder::{Placeholder, placeholder};
pub use probe::{Header, probe};
pub use render::{Conditions, SkipReason, Skipped, Variant, render_all};
pub use variant::{AVIF_VARIANTS, QUICK_VARIANTS, VARIANTS, VariantSpec};
