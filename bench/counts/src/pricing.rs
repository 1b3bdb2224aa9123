//! The bill that AWS's list prices in us-east-1 make, first tier, no free tier.
//!
//! Not included: storage, data transfer out, requests with which Lambda polls idle queues, logs, traces, cleanup's
//! scheduled runs, and a client that looks more often than once.

use serde::Serialize;
use shared::prices;

use crate::usage::Usage;

const S3_MILLION_PUTS: f64 = 1_000.0 * prices::S3_THOUSAND_PUTS;
const S3_MILLION_GETS: f64 = 1_000.0 * prices::S3_THOUSAND_GETS;
/// A message is sent, received and deleted.
const REQUESTS_PER_MESSAGE: f64 = 3.0;

const MEBIBYTE_MILLIS_PER_GIGABYTE_SECOND: f64 = 1_024.0 * 1_000.0;
const UPLOADS: f64 = 1_000_000.0;

/// Dollars for a million uploads, by service.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Bill {
    /// The client's PUTs.
    pub(crate) s3_client_puts: f64,
    /// The functions' requests to S3.
    pub(crate) s3_functions: f64,
    /// Reads and writes of the table.
    pub(crate) dynamodb: f64,
    /// The HTTP API.
    pub(crate) api_gateway: f64,
    /// Invocations and their assumed time.
    pub(crate) lambda: f64,
    /// Messages.
    pub(crate) sqs: f64,
}

impl Bill {
    /// The sum.
    pub(crate) fn total(&self) -> f64 {
        self.s3_client_puts + self.s3_functions + self.dynamodb + self.api_gateway + self.lambda + self.sqs
    }
}

/// Prices a million uploads that each use this.
pub(crate) fn bill(usage: &Usage) -> Bill {
    let put_class = f64::from(usage.s3_put_class_calls) * S3_MILLION_PUTS;
    let get_class = f64::from(usage.s3_get_class_calls) * S3_MILLION_GETS;
    let gigabyte_seconds = f64::from(usage.mebibyte_millis) / MEBIBYTE_MILLIS_PER_GIGABYTE_SECOND;
    Bill {
        s3_client_puts: f64::from(usage.client_puts) * S3_MILLION_PUTS,
        s3_functions: put_class + get_class,
        dynamodb: f64::from(usage.write_units) * prices::TABLE_MILLION_WRITES
            + f64::from(usage.read_half_units) / 2.0 * prices::TABLE_MILLION_READS,
        api_gateway: f64::from(usage.api_metered_requests) * prices::API_MILLION_REQUESTS,
        lambda: f64::from(usage.invocations) * prices::LAMBDA_MILLION_REQUESTS
            + gigabyte_seconds * UPLOADS * prices::LAMBDA_GIB_SECOND,
        sqs: f64::from(usage.queue_messages) * REQUESTS_PER_MESSAGE * prices::QUEUE_MILLION_REQUESTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_about(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 1e-6
    }

    #[test]
    fn a_million_of_each_costs_its_list_price() {
        let bill = bill(&Usage {
            write_units: 2,
            read_half_units: 2,
            s3_put_class_calls: 3,
            s3_get_class_calls: 2,
            client_puts: 64,
            api_metered_requests: 3,
            queue_messages: 2,
            invocations: 5,
            mebibyte_millis: 512 * 2_000,
            ..Usage::default()
        });
        assert!(is_about(bill.dynamodb, 1.375), "{bill:?}");
        assert!(is_about(bill.s3_functions, 15.8), "{bill:?}");
        assert!(is_about(bill.s3_client_puts, 320.0), "{bill:?}");
        assert!(is_about(bill.api_gateway, 3.0), "{bill:?}");
        assert!(is_about(bill.sqs, 2.4), "{bill:?}");
        // A function of 512 MiB that runs for two seconds uses one GB-second.
        assert!(is_about(bill.lambda, 1.0 + 16.666_7), "{bill:?}");
        assert!(is_about(bill.total(), 1.375 + 15.8 + 320.0 + 3.0 + 2.4 + 17.666_7), "{bill:?}");
    }

    #[test]
    fn nothing_used_costs_nothing() {
        assert!(is_about(bill(&Usage::default()).total(), 0.0));
    }
}
