//! A world in which everything goes wrong that can, decided by a seed: processes die, freeze and race, messages come twice
//! or never, replies get lost, clocks jump. Then the faults stop, and everything that was promised must hold.
//!
//! `conductor` decides who goes next and what breaks, `watch` looks at every step, `check` at the end. The numbers of
//! the invariants (I-01 and so on) are those of docs/reliability.md.

mod case;
mod check;
mod clients;
mod conductor;
mod coverage;
mod explore;
mod hurry;
mod mishaps;
mod model;
mod net;
mod schedule;
mod transfer;
mod watch;

pub use case::Case;
pub use coverage::{Blow, Coverage, Program};
pub use explore::{Report, SEEDS, explore, hunt, replay};
pub use mishaps::Mishap;
