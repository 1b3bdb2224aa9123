//! The alarms of this stack.

use std::fmt;

use async_trait::async_trait;

use crate::error::Error;
use crate::timestamp::Timestamp;

/// An alarm that rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingingAlarm {
    /// `<stack>-<severity>-<what>`.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
}

/// CloudWatch's alarms.
#[async_trait]
pub trait Alarms: fmt::Debug + Send + Sync {
    /// Those alarms of the stack that ring, composite ones too. IAM: `cloudwatch:DescribeAlarms`.
    async fn ringing(&self) -> Result<Vec<RingingAlarm>, Error>;
}
