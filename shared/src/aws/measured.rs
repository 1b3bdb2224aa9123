//! Measures every call of AWS from inside the SDK, so that none is forgotten.

use std::time::Instant;

use aws_sdk_s3::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::telemetry::{Metric, Operation, record};

/// When the call began; in its own bag.
#[derive(Debug)]
struct BegunAt(Instant);

impl Storable for BegunAt {
    type Storer = StoreReplace<Self>;
}

/// How many attempts were made.
#[derive(Debug)]
struct Attempts(u32);

impl Storable for Attempts {
    type Storer = StoreReplace<Self>;
}

/// Puts the duration of each call on record, all attempts and waits included, and how many attempts were repeats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured;

impl Intercept for Measured {
    fn name(&self) -> &'static str {
        "Measured"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(BegunAt(Instant::now()));
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let before = bag.load::<Attempts>().map_or(0, |attempts| attempts.0);
        if before != 0 {
            record(Metric::AwsRetries, 1.0);
        }
        bag.interceptor_state().store_put(Attempts(before.saturating_add(1)));
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(begun_at), Some(call)) = (bag.load::<BegunAt>(), bag.load::<Metadata>()) {
            Operation::of_aws_call(call.service(), call.name()).took(begun_at.0.elapsed());
        }
        Ok(())
    }
}
