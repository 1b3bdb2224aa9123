//! What it costs to measure: one sample, one measured operation, and a whole invocation with its line.
#![allow(missing_docs, clippy::expect_used, reason = "what criterion's macros make is not ours to document")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use shared::telemetry::{Invocation, Metric, Operation, Route, Telemetry, gather, measure, record};
use tokio::runtime::{Builder, Runtime};

/// Samples of one turn: the scope around them is shared by that many.
const SAMPLES: u32 = 1_000;

fn runtime() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime starts")
}

fn telemetry(criterion: &mut Criterion) {
    let runtime = runtime();
    criterion.bench_function("1000 samples", |bencher| {
        bencher.iter(|| {
            runtime.block_on(gather(async {
                for number in 0..SAMPLES {
                    record(Metric::PartsRecorded, f64::from(black_box(number)));
                }
            }))
        });
    });
    criterion.bench_function("1000 measured operations", |bencher| {
        bencher.iter(|| {
            runtime.block_on(gather(async {
                for _ in 0..SAMPLES {
                    let _ = measure(Operation::Assemble, async { black_box(Ok::<_, ()>(())) }).await;
                }
            }))
        });
    });
    let telemetry = Telemetry::new("presign", "longshore").with_sink(|line| {
        black_box(line);
    });
    let invocation = Invocation::default();
    criterion.bench_function("a request, and its line", |bencher| {
        bencher.iter(|| {
            let work = async {
                telemetry.answered(Route::CreateUpload, 201, Duration::from_millis(3));
                for operation in [Operation::DynamoDbPutItem, Operation::S3CreateMultipartUpload] {
                    operation.took(Duration::from_millis(5));
                }
                Ok::<_, ()>(())
            };
            runtime.block_on(telemetry.observe(&invocation, work))
        });
    });
}

criterion_group!(benches, telemetry);
criterion_main!(benches);
