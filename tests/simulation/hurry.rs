//! Images whose time runs out, as the seed says, while the weather is bad.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use shared::error::Error;
use thumbnail::render::{InProcess, Order, Rendered, Renderer};

use super::conductor::Conductor;
use super::coverage::Program;
use super::mishaps::Mishap;
use crate::breaker::next_random;
use crate::hurried::Hurry;

/// Makes images, and runs out of time now and then.
#[derive(Debug)]
pub(super) struct ShortOfTime {
    renderer: InProcess,
    conductor: Arc<Conductor>,
    /// Of its own, so that it draws nothing away from the rest of a schedule.
    bits: Mutex<u64>,
}

impl ShortOfTime {
    pub(super) fn new(renderer: InProcess, seed: u64, conductor: Arc<Conductor>) -> Arc<Self> {
        Arc::new(Self { renderer, conductor, bits: Mutex::new(seed ^ 0x071e) })
    }

    /// One order in three is hurried: made of it is nothing, or up to three variants.
    fn draw(&self) -> Option<Hurry> {
        let mut bits = self.bits.lock().unwrap_or_else(PoisonError::into_inner);
        let is_hurried = next_random(&mut bits).is_multiple_of(3);
        let variants = usize::try_from(next_random(&mut bits) % 4).unwrap_or(0);
        let killed = next_random(&mut bits).is_multiple_of(2);
        is_hurried.then_some(Hurry { variants, killed })
    }
}

#[async_trait]
impl Renderer for ShortOfTime {
    async fn render(&self, order: Order) -> Result<Rendered, Error> {
        let ordered = order.specs.len();
        match self.draw().filter(|hurry| hurry.variants < ordered && !self.conductor.is_calm()) {
            Some(hurry) => {
                self.conductor.note_mishap(Mishap::ShortOfTime);
                if hurry.variants == 0 {
                    // An attempt of which nothing comes is counted.
                    self.conductor.overtake(Program::Thumbnail);
                }
                hurry.render(&self.renderer, order).await
            }
            None => self.renderer.render(order).await,
        }
    }
}
