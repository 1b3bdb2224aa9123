//! The port through which variants are made, and its two ways: in this process, and in a process of its own.
//!
//! A decoder that asks for too much memory aborts its process, and one that never comes to an end cannot be cancelled
//! from within. So what ships ([`Isolated`]) hands each file to a child that nothing else depends on; [`InProcess`]
//! does the same work without one, for tests on fakes and for the simulation, which own the time.

mod answer;
mod frames;
mod hard_limits;
mod in_process;
mod isolated;
mod pace;
mod produce;
mod worker;

use std::fmt;

use async_trait::async_trait;
use imaging::{Limits, Look, Variant, VariantSpec};
use shared::error::Error;
use shared::record::{Placeholder, Reason};
use shared::timestamp::Timestamp;

pub use hard_limits::{HardLimits, hide_from_workers};
pub use in_process::InProcess;
pub use isolated::{Isolated, Program};
pub use worker::{WORKER_ARGUMENT, run as run_worker};

/// Makes variants of one file.
#[async_trait]
pub trait Renderer: fmt::Debug + Send + Sync {
    /// Makes what is ordered. A file that cannot be processed, whatever it does to its decoder, is no error but an
    /// [`Ending`]; an error means that the work could not be tried, and that trying again may help.
    async fn render(&self, order: Order) -> Result<Rendered, Error>;
}

/// What to make of one file.
#[derive(Clone)]
pub struct Order {
    /// The whole file.
    pub file: Vec<u8>,
    /// The variants, in the order of their worth.
    pub specs: Vec<VariantSpec>,
    /// Whether a placeholder is wanted.
    pub wants_placeholder: bool,
    /// What the picture may cost.
    pub limits: Limits,
    /// What the stack has chosen about its variants.
    pub look: Look,
    /// When to begin no further variant.
    pub stop_at: Timestamp,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The file is somebody's, so it is not shown.
        let names: Vec<&str> = self.specs.iter().map(|spec| spec.name).collect();
        f.debug_struct("Order")
            .field("specs", &names)
            .field("file_bytes", &self.file.len())
            .finish_non_exhaustive()
    }
}

/// What came of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Width and height as shown, in pixels, once the header was read.
    pub size: Option<(u32, u32)>,
    /// The stand-in, if it was wanted and could be made.
    pub placeholder: Option<Placeholder>,
    /// What was made, as it was finished. After a bad end these are good all the same.
    pub variants: Vec<Variant>,
    /// What was left out on purpose.
    pub left_out: Vec<LeftOut>,
    /// How it ended.
    pub ending: Ending,
}

/// A variant that was left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub cause: Cause,
}

/// Why a variant was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The time was over before it was begun. Another attempt may make it.
    OutOfTime,
    /// Another attempt would leave it out again. The sentence says why.
    ForGood(String),
}

/// How the work on a file ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Every spec was made or left out.
    #[default]
    Finished,
    /// The file was refused by what it is: the pipeline's own word, so trying again gives the same.
    Refused(Reason),
    /// The decoder had to be stopped, or stopped itself. The sentence says why. It would be so again.
    Stopped(String),
    /// The decoder was stopped because its time was over. Of what is neither made nor left out nothing is known.
    OutOfTime,
}

/// One thing that the work gives, as soon as it is there.
#[derive(Debug)]
enum Piece {
    Size(u32, u32),
    Placeholder(Placeholder),
    Variant(Variant),
    LeftOut(LeftOut),
    Refused(Reason),
}

impl Rendered {
    fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Size(width, height) => self.size = Some((width, height)),
            Piece::Placeholder(placeholder) => self.placeholder = Some(placeholder),
            Piece::Variant(variant) => self.variants.push(variant),
            Piece::LeftOut(left_out) => self.left_out.push(left_out),
            Piece::Refused(reason) => self.ending = Ending::Refused(reason),
        }
    }
}
