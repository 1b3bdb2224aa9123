//! Says how the stack is doing: whether it is healthy, what is slow, what it costs and what to do, from CloudWatch.
//!
//! | | |
//! |---|---|
//! | trigger | HTTP API: `GET /health/deep`, `GET /performance/{view}` |
//! | AWS calls | CloudWatch: `GetMetricData`, one call for everything, and `DescribeAlarms`. For the health check one call of each dependency |
//! | a repeat | asks CloudWatch again only when its last answer has become old |
//!
//! Nothing depends on it: it reads, and changes nothing.

mod app;
mod check_health;
pub mod compare;
pub mod cost;
pub mod handler;
mod history;
pub mod number;
pub mod prometheus;
pub mod recommend;
mod recommend_resources;
pub mod series;
pub mod statistics;
pub mod summary;
pub mod trends;
mod views;
pub mod window;

pub use app::{App, AppSettings, WatchedQueue};
pub use check_health::HEALTH_CHECK_OWNER;
pub use history::Kept;
