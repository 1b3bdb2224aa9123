//! Images whose time runs out after as many variants as a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use shared::error::Error;
use shared::ports::Clock;
use thumbnail::render::{Cause, Ending, InProcess, LeftOut, Order, Rendered, Renderer};

/// When the time of one order runs out, and how.
#[derive(Clone, Copy, Debug)]
pub struct Hurry {
    /// So many variants are made before.
    pub variants: usize,
    /// The decoder is killed in the middle of the next one, rather than that it does not begin it.
    pub killed: bool,
}

impl Hurry {
    /// Makes as much of an order as there is time for.
    pub async fn render(self, inner: &InProcess, mut order: Order) -> Result<Rendered, Error> {
        if self.variants >= order.specs.len() {
            return inner.render(order).await;
        }
        let rest = order.specs.split_off(self.variants);
        if self.killed && self.variants == 0 {
            // It was still decoding.
            return Ok(Rendered { ending: Ending::OutOfTime, ..Rendered::default() });
        }
        let mut rendered = inner.render(order).await?;
        match (&rendered.ending, self.killed) {
            (Ending::Finished, true) => rendered.ending = Ending::OutOfTime,
            (Ending::Finished, false) => {
                let late = rest.iter().map(|spec| LeftOut { name: spec.name, cause: Cause::OutOfTime });
                rendered.left_out.extend(late);
            }
            _ => {}
        }
        Ok(rendered)
    }
}

/// What was ordered: the names of the variants, and whether a placeholder was.
pub type Ordered = (Vec<&'static str>, bool);

/// Makes images in this process; the next ones run out of time if a test says so.
#[derive(Debug)]
pub struct Hurried {
    renderer: InProcess,
    next: Mutex<VecDeque<Hurry>>,
    orders: Mutex<Vec<Ordered>>,
}

impl Hurried {
    /// Has all the time there is.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let (next, orders) = (Mutex::default(), Mutex::default());
        Arc::new(Self { renderer: InProcess::new(clock), next, orders })
    }

    /// One order, after those that are hurried already, runs out of time like this.
    pub fn hurry(&self, variants: usize, killed: bool) {
        locked(&self.next).push_back(Hurry { variants, killed });
    }

    /// All orders so far.
    pub fn orders(&self) -> Vec<Ordered> {
        locked(&self.orders).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Renderer for Hurried {
    async fn render(&self, order: Order) -> Result<Rendered, Error> {
        let names = order.specs.iter().map(|spec| spec.name).collect();
        locked(&self.orders).push((names, order.wants_placeholder));
        let hurry = locked(&self.next).pop_front();
        match hurry {
            Some(hurry) => hurry.render(&self.renderer, order).await,
            None => self.renderer.render(order).await,
        }
    }
}
