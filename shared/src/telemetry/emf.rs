//! Samples as lines in Embedded Metric Format, from which CloudWatch makes metrics without an API call.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde_json::{Map, Value, json};

use super::metric::{Dimension, Metric};
use super::samples::Samples;
use crate::timestamp::Timestamp;

/// The namespace of every metric of ours.
pub const NAMESPACE: &str = "Longshore";
/// The most values of one metric in one line, by the specification.
pub const SAMPLES_PER_LINE_MAX: usize = 100;

/// What stands in every line beside the numbers: the values of the dimensions, and what finds the line again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    /// When it was measured.
    pub(super) at: Timestamp,
    /// The values of the dimensions, by [`Dimension::sets`]. A metric by a dimension that has no value is left out.
    pub(super) stack: &'a str,
    pub(super) function: &'a str,
    pub(super) route: Option<&'a str>,
    /// Not dimensions, but properties: to be found by Logs Insights, and no metric is made of them.
    pub(super) request_id: &'a str,
    pub(super) trace_id: Option<&'a str>,
}

/// The lines for these samples, mostly one; none when there are none.
pub(super) fn lines(samples: &Samples, frame: &Frame<'_>) -> Vec<String> {
    let measured: Vec<(Metric, Vec<f64>)> = Metric::ALL
        .iter()
        .filter(|metric| frame.route.is_some() || metric.dimension() != Dimension::Route)
        .map(|metric| (*metric, samples.of(*metric).collect::<Vec<f64>>()))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let count = measured.iter().map(|(_, values)| values.len().div_ceil(SAMPLES_PER_LINE_MAX)).max();
    (0..count.unwrap_or(0)).map(|number| line(&measured, number, frame)).collect()
}

fn line(measured: &[(Metric, Vec<f64>)], number: usize, frame: &Frame<'_>) -> String {
    let in_this_line: Vec<(Metric, &[f64])> = measured
        .iter()
        .filter_map(|(metric, values)| Some((*metric, values.chunks(SAMPLES_PER_LINE_MAX).nth(number)?)))
        .collect();
    let directives: Vec<Value> = Dimension::ALL
        .iter()
        .filter_map(|dimension| {
            let metrics: Vec<Value> = in_this_line
                .iter()
                .filter(|(metric, _)| metric.dimension() == *dimension)
                .map(|(metric, _)| json!({ "Name": metric.name(), "Unit": metric.unit().name() }))
                .collect();
            let directive =
                json!({ "Namespace": NAMESPACE, "Dimensions": dimension.sets(), "Metrics": metrics });
            (!metrics.is_empty()).then_some(directive)
        })
        .collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({ "Timestamp": frame.at.as_millis(), "CloudWatchMetrics": directives }),
    );
    line.insert("Stack".to_owned(), frame.stack.into());
    line.insert("Function".to_owned(), frame.function.into());
    if let Some(route) = frame.route {
        line.insert("Route".to_owned(), route.into());
    }
    line.insert("request.id".to_owned(), frame.request_id.into());
    if let Some(trace_id) = frame.trace_id {
        line.insert("trace.id".to_owned(), trace_id.into());
    }
    for (metric, values) in in_this_line {
        let value = match values {
            [value] => json!(value),
            values => json!(values),
        };
        line.insert(metric.name().to_owned(), value);
    }
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> = Frame {
        at: Timestamp::from_seconds(1_700_000_000),
        stack: "longshore",
        function: "presign",
        route: Some("GET /health"),
        request_id: "r-1",
        trace_id: Some("1-2-3"),
    };

    fn parsed(samples: &Samples, frame: &Frame<'_>) -> Vec<Value> {
        lines(samples, frame).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_holds_one_directive_for_each_dimension_and_every_value_that_it_names() {
        let mut samples = Samples::default();
        for (metric, value) in
            [(Metric::RequestDuration, 1.5), (Metric::ColdStart, 1.0), (Metric::PartsSigned, 3.0)]
        {
            samples.push(metric, value);
        }
        let [line] = &parsed(&samples, &FRAME)[..] else { panic!("one line") };
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!(directives.len(), 3);
        for directive in directives {
            assert_eq!(directive["Namespace"], NAMESPACE);
            for name in
                directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap())
            {
                assert!(line[name.as_str().unwrap()].is_string(), "{name}");
            }
            for metric in directive["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
            }
        }
        assert_eq!((&line["Route"], &line["request.id"]), (&json!("GET /health"), &json!("r-1")));
    }

    #[test]
    fn more_values_than_a_line_may_hold_go_on_in_the_next() {
        let mut samples = Samples::default();
        for value in 0..250 {
            samples.push(Metric::S3HeadObjectDuration, f64::from(value));
        }
        let lines = parsed(&samples, &FRAME);
        let lengths: Vec<usize> =
            lines.iter().map(|line| line["S3HeadObjectDuration"].as_array().unwrap().len()).collect();
        assert_eq!(lengths, [100, 100, 50]);
    }

    #[test]
    fn nothing_measured_is_no_line_and_without_a_route_there_is_no_metric_by_route() {
        assert_eq!(parsed(&Samples::default(), &FRAME), Vec::<Value>::new());
        let mut samples = Samples::default();
        samples.push(Metric::RequestDuration, 1.0);
        assert_eq!(parsed(&samples, &Frame { route: None, ..FRAME }), Vec::<Value>::new());
    }

    #[test]
    fn every_metric_at_once_stays_within_what_a_directive_may_hold() {
        let mut samples = Samples::default();
        for metric in Metric::ALL {
            samples.push(*metric, 1.0);
        }
        for line in parsed(&samples, &FRAME) {
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
                assert!(directive["Metrics"].as_array().unwrap().len() <= 100);
            }
            assert!(line.to_string().len() < 256 * 1024);
        }
    }

    #[test]
    fn a_line_is_one_line_whatever_the_ids_hold() {
        let mut samples = Samples::default();
        samples.push(Metric::ColdStart, 1.0);
        let frame = Frame { request_id: "a\nb\"c\u{2028}", ..FRAME };
        for line in lines(&samples, &frame) {
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["request.id"], "a\nb\"c\u{2028}");
        }
    }
}
