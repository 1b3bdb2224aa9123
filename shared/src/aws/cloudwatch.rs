//! [`MetricHistory`] and [`Alarms`] on CloudWatch.

use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmType, Dimension, Metric as NamedMetric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
    StateValue, StatusCode,
};

use super::failure::failure;
use crate::error::{Error, ErrorKind};
use crate::ports::{Alarms, MetricHistory, Point, RingingAlarm, SeriesQuery, Span};
use crate::telemetry::{Dimension as ToldApartBy, NAMESPACE};
use crate::timestamp::Timestamp;

/// More pages than this are not read: a stack has some dozens of alarms, and a page holds a hundred.
const ALARM_PAGES_MAX: usize = 5;
/// More pages than this are not read: one page holds a hundred thousand values, several times what is asked for.
const DATA_PAGES_MAX: usize = 5;

/// The metrics and alarms of one stack, through the SDK.
#[derive(Clone, Debug)]
pub struct CloudWatch {
    client: Client,
    stack: String,
}

impl CloudWatch {
    /// Those of the stack with this name.
    pub fn new(client: Client, stack: impl Into<String>) -> Self {
        Self { client, stack: stack.into() }
    }

    fn query(&self, number: usize, query: &SeriesQuery, period_seconds: i32) -> MetricDataQuery {
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let mut dimensions = vec![dimension("Stack", &self.stack)];
        match (query.of, query.metric.dimension()) {
            (Some(function), ToldApartBy::Function) => dimensions.push(dimension("Function", function)),
            (Some(route), ToldApartBy::Route) => dimensions.push(dimension("Route", route)),
            (Some(_), ToldApartBy::Stack) | (None, _) => {}
        }
        let metric = NamedMetric::builder()
            .namespace(NAMESPACE)
            .metric_name(query.metric.name())
            .set_dimensions(Some(dimensions))
            .build();
        let stat = MetricStat::builder().metric(metric).period(period_seconds).stat(query.statistic.name());
        MetricDataQuery::builder()
            .id(format!("q{number}"))
            .metric_stat(stat.build())
            .return_data(true)
            .build()
    }
}

#[async_trait]
impl MetricHistory for CloudWatch {
    async fn read(&self, queries: &[SeriesQuery], span: Span) -> Result<Vec<Vec<Point>>, Error> {
        let period_seconds = i32::try_from(span.period_seconds)
            .map_err(|_| Error::new(ErrorKind::Internal, "the period is longer than any"))?;
        let questions = queries
            .iter()
            .enumerate()
            .map(|(number, query)| self.query(number, query, period_seconds))
            .collect::<Vec<_>>();
        let mut series = vec![Vec::new(); queries.len()];
        let mut next_token = None;
        for _ in 0..DATA_PAGES_MAX {
            let page = self
                .client
                .get_metric_data()
                .set_metric_data_queries(Some(questions.clone()))
                .start_time(at(span.from))
                .end_time(at(span.to))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(next_token)
                .send()
                .await
                .map_err(|err| failure("could not read what was measured", &err))?;
            for result in page.metric_data_results() {
                take(&mut series, result)?;
            }
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(series);
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "what was measured does not end"))
    }
}

/// Adds the values of one result to the series that it belongs to. A result that failed fails the whole: numbers of which
/// some are missing would look like quiet hours.
fn take(series: &mut [Vec<Point>], result: &MetricDataResult) -> Result<(), Error> {
    if matches!(result.status_code(), Some(StatusCode::InternalError | StatusCode::Forbidden)) {
        return Err(Error::new(ErrorKind::Unavailable, "CloudWatch could not read all that was measured"));
    }
    let number = result.id().and_then(|id| id.strip_prefix('q')).and_then(|id| id.parse::<usize>().ok());
    let Some(points) = number.and_then(|number| series.get_mut(number)) else { return Ok(()) };
    let values = result.timestamps().iter().zip(result.values());
    points.extend(
        values
            .filter(|(_, value)| value.is_finite())
            .filter_map(|(at, value)| Some(Point { at: timestamp(at)?, value: *value })),
    );
    points.sort_by_key(|point| point.at);
    Ok(())
}

#[async_trait]
impl Alarms for CloudWatch {
    async fn ringing(&self) -> Result<Vec<RingingAlarm>, Error> {
        let mut ringing = Vec::new();
        let mut next_token = None;
        for _ in 0..ALARM_PAGES_MAX {
            let page = self
                .client
                .describe_alarms()
                .alarm_name_prefix(format!("{}-", self.stack))
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .state_value(StateValue::Alarm)
                .set_next_token(next_token)
                .send()
                .await
                .map_err(|err| failure("could not ask which alarms ring", &err))?;
            let metric_alarms = page.metric_alarms().iter().map(|alarm| {
                (alarm.alarm_name(), alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp()))
            });
            let composite_alarms = page.composite_alarms().iter().map(|alarm| {
                (alarm.alarm_name(), alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp()))
            });
            ringing.extend(metric_alarms.chain(composite_alarms).map(|(name, since)| RingingAlarm {
                name: name.unwrap_or_default().to_owned(),
                since: since.and_then(timestamp).unwrap_or_default(),
            }));
            next_token = page.next_token;
            if next_token.is_none() {
                break;
            }
        }
        ringing.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(ringing)
    }
}

fn at(time: Timestamp) -> DateTime {
    DateTime::from_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

fn timestamp(at: &DateTime) -> Option<Timestamp> {
    at.to_millis().ok().and_then(|millis| u64::try_from(millis).ok()).map(Timestamp::from_millis)
}
