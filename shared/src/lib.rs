//! The common crate of Longshore.
//!
//! Reading order: the pure core first ([`ids`] to [`upload`]), then what the functions say to the outside
//! ([`wire`], [`error`]), then the [`ports`] and what stands behind them ([`aws`], and [`testing`] for tests).
//! The core does no I/O and reads no clock; AWS SDK types stay inside [`aws`].

pub mod checksum;
pub mod ids;
pub mod image_work;
pub mod media_type;
pub mod object_key;
pub mod part_page;
pub mod part_ranges;
pub mod plan;
pub mod prices;
pub mod record;
pub mod redacted;
pub mod scan;
pub mod sigv4;
pub mod timestamp;
pub mod upload;
pub mod upload_state;

pub mod error;
pub mod guard;
pub mod wire;

pub mod config;
pub mod telemetry;

pub mod access;
pub mod aws;
#[cfg(feature = "batch")]
pub mod batch;
#[cfg(feature = "http")]
pub mod http_api;
pub mod ports;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::{Error, ErrorKind};
