//! Making variants in this process: for tests on fakes and for the simulation, which own the time.

use std::sync::Arc;

use async_trait::async_trait;
use imaging::Crew;
use shared::error::Error;
use shared::ports::Clock;

use super::produce::{Work, produce};
use super::{Order, Rendered, Renderer};

/// Without any isolation: a file that aborts its decoder aborts the process. Not for files of strangers.
#[derive(Clone, Debug)]
pub struct InProcess {
    clock: Arc<dyn Clock>,
}

impl InProcess {
    /// Takes the time from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

#[async_trait]
impl Renderer for InProcess {
    async fn render(&self, order: Order) -> Result<Rendered, Error> {
        let time_left = || self.clock.now() < order.stop_at;
        let work = Work {
            specs: &order.specs,
            wants_placeholder: order.wants_placeholder,
            limits: &order.limits,
            look: order.look,
            time_left: &time_left,
            crew: &Crew::alone(),
        };
        let mut rendered = Rendered::default();
        produce(order.file, &work, &mut |piece| rendered.add(piece));
        Ok(rendered)
    }
}
