//! Around every invocation: what it took, what it used, and one line of metrics at its end.

use std::fmt;
use std::future::Future;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

use super::emf::{Frame, lines};
use super::logs;
use super::metric::Metric;
use super::process;
use super::route::Route;
use super::samples::{Samples, answers, float, gather, record, record_count, record_flag};
use crate::ports::{Clock as _, SystemClock};
use crate::timestamp::Timestamp;

/// A route is warned about at most this often.
const SLOW_WARNING_EVERY: Duration = Duration::from_mins(1);

/// What a function needs to speak of itself: made first thing in `main`.
pub struct Telemetry {
    function: &'static str,
    stack: String,
    /// From here on a request is slow.
    slow_request: Duration,
    /// One invocation in so many writes its debug lines, whatever the level.
    debug_sample: u64,
    memory_bytes: Option<u64>,
    started_at: Instant,
    is_cold: AtomicBool,
    /// When each route was last warned about.
    warned_at: Mutex<[Option<Instant>; Route::ALL.len()]>,
    sink: Sink,
}

type Sink = Box<dyn Fn(&str) + Send + Sync>;

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").field("function", &self.function).finish_non_exhaustive()
    }
}

/// Whose invocation it is.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// Lambda's id of it.
    pub id: String,
    /// X-Ray's id of the whole way of the request.
    pub trace_id: Option<String>,
    /// When Lambda ends it.
    pub deadline: Timestamp,
}

impl Invocation {
    /// From what Lambda says of it.
    pub fn of(context: &Context) -> Self {
        let root =
            |trace: &str| trace.split(';').find_map(|field| field.strip_prefix("Root=").map(str::to_owned));
        Self {
            id: context.request_id.clone(),
            trace_id: context.xray_trace_id.as_deref().and_then(root),
            deadline: Timestamp::from_millis(context.deadline),
        }
    }
}

impl Telemetry {
    /// Sets up logs and metrics, once, at the start of `main`. Reads `STACK_NAME`, `LOG_LEVEL`, `DEBUG_SAMPLE` (one in
    /// so many invocations; 0 is none) and `SLOW_REQUEST_MILLIS`; what is missing or garbage has a default, because a
    /// function that does not start is worse than one that says too little of itself.
    #[expect(clippy::disallowed_methods, reason = "logging starts before any configuration is read")]
    pub fn start(function: &'static str) -> Self {
        logs::init();
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.trim().parse::<u64>().ok());
        let mut telemetry = Self::new(function, std::env::var("STACK_NAME").unwrap_or_default());
        telemetry.slow_request =
            number("SLOW_REQUEST_MILLIS").map_or(telemetry.slow_request, Duration::from_millis);
        telemetry.debug_sample = number("DEBUG_SAMPLE").unwrap_or(0);
        telemetry.memory_bytes =
            number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").map(|megabytes| megabytes.saturating_mul(1024 * 1024));
        telemetry
    }

    /// Without an environment, as tests make it; lines go to standard output.
    pub fn new(function: &'static str, stack: impl Into<String>) -> Self {
        Self {
            function,
            stack: stack.into(),
            slow_request: Duration::from_millis(200),
            debug_sample: 0,
            memory_bytes: None,
            started_at: Instant::now(),
            is_cold: AtomicBool::new(true),
            warned_at: Mutex::new([None; Route::ALL.len()]),
            sink: Box::new(|line| write_line(&mut std::io::stdout().lock(), line)),
        }
    }

    /// The same, with the lines going elsewhere.
    #[must_use]
    pub fn with_sink(mut self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.sink = Box::new(sink);
        self
    }

    /// Serves events with `handle` until Lambda stops the process.
    pub async fn serve<E, A, H, F>(&self, handle: H) -> Result<(), Error>
    where
        E: DeserializeOwned + Send,
        A: Serialize,
        H: Fn(LambdaEvent<E>) -> F,
        F: Future<Output = Result<A, Error>>,
    {
        let serve = |event: LambdaEvent<E>| {
            let invocation = Invocation::of(&event.context);
            // In a box, because the work of a whole invocation is a large future.
            let work = Box::pin(handle(event));
            async move { self.observe(&invocation, work).await }
        };
        lambda_runtime::run(service_fn(serve)).await
    }

    /// Does the work of one invocation, and writes its metrics afterwards. The result is that of the work.
    pub async fn observe<T, E>(
        &self,
        invocation: &Invocation,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let (begun_at, cpu_before) = (Instant::now(), process::cpu_time());
        let is_cold = self.is_cold.swap(false, Ordering::Relaxed);
        let init = begun_at.duration_since(self.started_at);
        logs::show_debug(self.is_sampled(&invocation.id));
        let span = tracing::error_span!(
            "invocation",
            invocation.id,
            trace.id = invocation.trace_id,
            upload.id = tracing::field::Empty
        );
        let work = async {
            let result = work.await;
            record_flag(Metric::InvocationFailed, result.is_err());
            record_flag(Metric::ColdStart, is_cold);
            if is_cold {
                record(Metric::InitDuration, init.as_secs_f64() * 1e3);
            }
            let left = invocation.deadline.since(SystemClock.now());
            record(Metric::TimeLeft, left.as_secs_f64() * 1e3);
            self.record_process(begun_at.elapsed(), cpu_before);
            result
        };
        let (result, mut samples) = gather(work.instrument(span)).await;
        samples.close();
        self.write(&samples, invocation);
        result
    }

    fn record_process(&self, took: Duration, cpu_before: Option<Duration>) {
        if let (Some(before), Some(after)) = (cpu_before, process::cpu_time()) {
            // No invocation is shorter than the clock can tell.
            let took = took.max(Duration::from_micros(1));
            record(
                Metric::CpuPercent,
                100.0 * after.saturating_sub(before).as_secs_f64() / took.as_secs_f64(),
            );
        }
        if let (Some(used), Some(limit)) =
            (process::peak_memory_bytes(), self.memory_bytes.filter(|limit| *limit != 0))
        {
            record(Metric::MemoryUsedPercent, 100.0 * float(used) / float(limit));
        }
        if let Some(used) = process::tmp_bytes() {
            record_count(Metric::TmpUsed, used);
        }
    }

    /// Puts an answer of the API on record, and warns of one that took too long.
    pub fn answered(&self, route: Route, status: u16, took: Duration) {
        answers(route);
        record(Metric::RequestDuration, took.as_secs_f64() * 1e3);
        record_flag(Metric::RequestFailed, 500 <= status);
        record_flag(Metric::RequestRefused, (400..500).contains(&status));
        let is_slow = self.slow_request <= took;
        record_flag(Metric::RequestSlow, is_slow);
        if is_slow && self.may_warn(route) {
            let (took_millis, threshold_millis) = (took.as_millis(), self.slow_request.as_millis());
            tracing::warn!(route = route.key(), status, took_millis, threshold_millis, "a slow request");
        }
    }

    fn may_warn(&self, route: Route) -> bool {
        let Ok(mut warned_at) = self.warned_at.lock() else { return false };
        let place = Route::ALL.into_iter().position(|other| other == route);
        let Some(slot) = place.and_then(|place| warned_at.get_mut(place)) else { return false };
        let may = slot.is_none_or(|at| SLOW_WARNING_EVERY <= at.elapsed());
        if may {
            *slot = Some(Instant::now());
        }
        may
    }

    /// By the invocation's id, which is random: the same invocation is sampled or not however often it is asked.
    fn is_sampled(&self, id: &str) -> bool {
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) // FNV-1a
        });
        hash.checked_rem(self.debug_sample).is_some_and(|rest| rest == 0)
    }

    fn write(&self, samples: &Samples, invocation: &Invocation) {
        let frame = Frame {
            at: SystemClock.now(),
            stack: &self.stack,
            function: self.function,
            route: samples.route().map(Route::key),
            request_id: &invocation.id,
            trace_id: invocation.trace_id.as_deref(),
        };
        for line in lines(samples, &frame) {
            (self.sink)(&line);
        }
    }
}

/// In one write, so that no other line comes between. A standard output that is closed or full costs the line alone.
fn write_line(output: &mut impl Write, line: &str) {
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    let _ = output.write_all(&bytes);
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_standard_output_that_takes_nothing_costs_the_line_alone() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        write_line(&mut Closed, "{}");
        let mut bytes = Vec::new();
        write_line(&mut bytes, "{}");
        assert_eq!(bytes, b"{}\n");
    }

    #[test]
    fn one_invocation_in_so_many_is_sampled_and_always_the_same() {
        let mut telemetry = Telemetry::new("presign", "longshore");
        let ids: Vec<String> = (0..10_000).map(|number| format!("invocation-{number}")).collect();
        let sampled = |telemetry: &Telemetry| ids.iter().filter(|id| telemetry.is_sampled(id)).count();
        assert_eq!(sampled(&telemetry), 0);
        telemetry.debug_sample = 1;
        assert_eq!(sampled(&telemetry), 10_000);
        telemetry.debug_sample = 100;
        assert!((50..200).contains(&sampled(&telemetry)), "{}", sampled(&telemetry));
    }

    #[test]
    fn a_trace_is_named_by_its_root() {
        let mut context = Context::default();
        context.xray_trace_id = Some("Root=1-5e1b4151-43a0;Parent=53995c3f42cd8ad8;Sampled=1".to_owned());
        assert_eq!(Invocation::of(&context).trace_id.as_deref(), Some("1-5e1b4151-43a0"));
        context.xray_trace_id = Some("garbage".to_owned());
        assert_eq!(Invocation::of(&context).trace_id, None);
    }
}
