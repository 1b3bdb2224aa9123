//! What a function says about itself: one line of metrics an invocation, and logs. It never changes a result: no call in
//! here fails, waits for anything or panics.
//!
//! A function measures by [`measure`] and [`record`]. The samples gather in the task of the invocation and leave it as one
//! line in Embedded Metric Format on standard output, from where CloudWatch makes metrics of it without an API call.
//! [`Metric`] names everything that is ever sent; the dashboard and the alarms in `infra/` are held against it.

mod emf;
#[cfg(feature = "lambda")]
mod invocation;
mod logs;
mod metric;
mod operation;
#[cfg(feature = "lambda")]
mod process;
mod route;
mod samples;

pub use emf::{NAMESPACE, SAMPLES_PER_LINE_MAX};
#[cfg(feature = "lambda")]
pub use invocation::{Invocation, Telemetry};
pub use logs::about;
pub use metric::{Dimension, Metric, Unit};
pub use operation::{Operation, measure};
pub use route::Route;
pub use samples::{SAMPLES_MAX, Samples, gather, record, record_count, record_flag};
