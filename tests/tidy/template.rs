//! The template and the code agree: settings, queues, leases, routes.

use std::collections::{BTreeMap, BTreeSet};

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::sources::{Source, expect_none, read, rust_files};

/// Settings that Lambda itself provides, and those that logs and metrics read before any other.
const GIVEN_BY_LAMBDA: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
const READ_BY_TELEMETRY: [&str; 4] = ["DEBUG_SAMPLE", "LOG_LEVEL", "SLOW_REQUEST_MILLIS", "STACK_NAME"];

/// `template.yaml` as JSON; a tag becomes an object: `!Ref X` is `{"Ref": "X"}`.
pub(crate) struct Template(Value);

impl Template {
    pub(crate) fn read() -> Self {
        Self::parse(&read("template.yaml"))
    }

    /// Reads a template and gives every function what it has from the globals, as SAM does.
    pub(crate) fn parse(text: &str) -> Self {
        let mut template = as_json(&Yaml::load_from_str(text).expect("template.yaml is YAML")[0]);
        let global = template["Globals"]["Function"].clone();
        for resource in template["Resources"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            if resource["Type"] == "AWS::Serverless::Function" {
                add_what_is_missing(&mut resource["Properties"], &global);
            }
        }
        Self(template)
    }

    /// The properties of a resource.
    pub(crate) fn resource(&self, name: &str) -> &Value {
        &self.0["Resources"][name]["Properties"]
    }

    /// The definition of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> &Value {
        &self.0["Parameters"][name]
    }

    /// A part of the template by its name, such as its outputs.
    pub(crate) fn section(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// A rule about the parameters.
    pub(crate) fn rule(&self, name: &str) -> &Value {
        &self.0["Rules"][name]
    }

    pub(crate) fn of_type(&self, kind: &str) -> impl Iterator<Item = (&String, &Value)> {
        let resources = self.0["Resources"].as_object().expect("resources");
        resources.iter().filter(move |(_, resource)| resource["Type"] == kind)
    }

    /// The functions by the folder of their code: their properties.
    pub(crate) fn functions(&self) -> BTreeMap<String, &Value> {
        let folder = |resource: &Value| {
            format!("functions/{}", resource["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap())
        };
        self.of_type("AWS::Serverless::Function")
            .map(|(_, found)| (folder(found), &found["Properties"]))
            .collect()
    }

    /// Each function's queues, as the properties of function, event source and queue.
    pub(crate) fn queue_sources(&self) -> Vec<(String, &Value, &Value, &Value)> {
        let mut found = Vec::new();
        for (function, properties) in self.functions() {
            for event in properties["Events"].as_object().into_iter().flat_map(Map::values) {
                if event["Type"] == "SQS" {
                    let arn = event["Properties"]["Queue"]["GetAtt"].as_str().expect("a queue of ours");
                    let queue = arn.strip_suffix(".Arn").expect("an ARN");
                    let queue = &self.0["Resources"][queue]["Properties"];
                    found.push((function.clone(), properties, &event["Properties"], queue));
                }
            }
        }
        found
    }
}

/// Adds the fields of `global` that `own` does not have, within maps too.
fn add_what_is_missing(own: &mut Value, global: &Value) {
    for (name, value) in global.as_object().into_iter().flatten() {
        match own.get_mut(name) {
            Some(own) => add_what_is_missing(own, value),
            None => own[name] = value.clone(),
        }
    }
}

fn as_json(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::Boolean(flag)) => json!(flag),
        Yaml::Value(Scalar::FloatingPoint(number)) => json!(number.into_inner()),
        Yaml::Sequence(items) => items.iter().map(as_json).collect(),
        Yaml::Mapping(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.as_str().unwrap_or_default().to_owned(), as_json(value)))
                .collect(),
        ),
        Yaml::Tagged(tag, inner) => json!({ tag.suffix.as_str(): as_json(inner) }),
        _ => Value::Null,
    }
}

/// `GET /uploads/{id}` and the like.
pub(crate) fn routes(template: &Template) -> Vec<String> {
    let routes = template.of_type("AWS::ApiGatewayV2::Route");
    routes.map(|(_, route)| route["Properties"]["RouteKey"].as_str().unwrap().to_owned()).collect()
}

/// The names in `settings.required("NAME")` and `settings.within("NAME", ..)`, with or without a type.
fn settings_read_by(file: &Source) -> BTreeSet<String> {
    let calls = file.text.split("settings").skip(1).filter_map(|rest| {
        let rest = rest.trim_start().strip_prefix('.')?;
        let call = rest.strip_prefix("required").or_else(|| rest.strip_prefix("within"))?;
        let (before, rest) = call.split_once("(\"")?;
        (before.is_empty() || before.starts_with("::<")).then(|| rest.split('"').next().unwrap_or_default())
    });
    calls.map(str::to_owned).collect()
}

fn settings_given_to(properties: &Value) -> BTreeSet<String> {
    properties["Environment"]["Variables"].as_object().into_iter().flat_map(Map::keys).cloned().collect()
}

#[test]
fn every_function_is_given_exactly_the_settings_that_it_reads() {
    let (template, files) = (Template::read(), rust_files());
    assert_eq!(template.functions().len(), 6);
    let buckets = files.iter().find(|file| file.path == "shared/src/aws/buckets.rs").expect("buckets.rs");
    for (folder, properties) in template.functions() {
        let app = format!("{folder}/src/app.rs");
        let app = files.iter().find(|file| file.path == app).expect("a function has an app.rs");
        let mut read = settings_read_by(app);
        if app.text.contains("Buckets::read(") {
            read.extend(settings_read_by(buckets));
        }
        assert!(3 < read.len(), "{folder} reads settings");
        read.remove(GIVEN_BY_LAMBDA);
        read.extend(READ_BY_TELEMETRY.map(str::to_owned));
        assert_eq!(settings_given_to(properties), read, "{folder}: given, and read");
    }
    let telemetry = files.iter().filter(|file| file.path.starts_with("shared/src/telemetry/"));
    let telemetry: String = telemetry.map(|file| file.text.as_str()).collect();
    for name in READ_BY_TELEMETRY {
        assert!(telemetry.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn settings_are_found_however_they_are_read() {
    let text = r#"let a: String = settings.required("A"); settings.required::<String>("B");
        let c = settings
            .within("C", 1, 2);"#;
    let found = settings_read_by(&Source::made_up("x", text));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["A", "B", "C"]);
}

fn queue_faults(template: &Template) -> Vec<String> {
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let mut faults = Vec::new();
    for (function, properties, source, queue) in template.queue_sources() {
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{function}: {what}"));
            }
        };
        let partial = json!(["ReportBatchItemFailures"]);
        expect(source["FunctionResponseTypes"] == partial, "the event source reports no single messages");
        let timeout = number(&properties["Timeout"]);
        let needed = 6 * timeout + number(&source["MaximumBatchingWindowInSeconds"]);
        expect(0 < timeout && needed <= number(&queue["VisibilityTimeout"]), "messages come back too early");
        expect(5 <= number(&queue["RedrivePolicy"]["maxReceiveCount"]), "messages are given up too early");
        let lease = properties["Environment"]["Variables"]["LEASE_SECONDS"].as_str();
        let lease: i64 = lease.and_then(|lease| lease.parse().ok()).unwrap_or_default();
        expect(timeout < lease, "a lease ends before its holder");
        let dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["GetAtt"].as_str().unwrap_or_default();
        let dead = template.resource(dead.trim_end_matches(".Arn"));
        let kept = number(&dead["MessageRetentionPeriod"]);
        expect(kept == 14 * 24 * 3600, "dead letters are lost early");
        // A dead letter keeps the age that it had in its queue.
        let source_kept = number(&queue["MessageRetentionPeriod"]);
        expect(0 < source_kept && source_kept < kept, "a dead letter may be too old to be seen");
        let attempts = number(&queue["RedrivePolicy"]["maxReceiveCount"]);
        let last_attempt = attempts * number(&queue["VisibilityTimeout"]);
        expect(last_attempt < source_kept, "messages are forgotten before their last attempt");
    }
    faults
}

#[test]
fn queues_deliver_again_and_never_too_early() {
    let template = Template::read();
    assert_eq!(template.queue_sources().len(), 2, "assembly and thumbnail");
    expect_none("queues", &queue_faults(&template));
}

#[test]
fn every_fault_of_a_queue_is_seen() {
    let text = read("template.yaml");
    for (good, bad) in [
        ("FunctionResponseTypes: [ReportBatchItemFailures]", "Enabled: true"),
        ("VisibilityTimeout: 1800", "VisibilityTimeout: 1799"),
        ("VisibilityTimeout: 720", "VisibilityTimeout: 120"),
        ("maxReceiveCount: 5", "maxReceiveCount: 1"),
        ("LEASE_SECONDS: \"330\"", "LEASE_SECONDS: \"300\""),
        ("MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 345600"),
        ("MessageRetentionPeriod: 345600", "MessageRetentionPeriod: 1209600"),
        ("MessageRetentionPeriod: 345600", "MessageRetentionPeriod: 3600"),
    ] {
        assert!(text.contains(good), "the template no longer says {good}");
        let broken = Template::parse(&text.replace(good, bad));
        assert!(!queue_faults(&broken).is_empty(), "{bad}");
    }
}

#[test]
fn only_health_is_open_to_everybody() {
    let template = Template::read();
    let open: Vec<&str> = template
        .of_type("AWS::ApiGatewayV2::Route")
        .filter(|(_, route)| route["Properties"]["AuthorizationType"] == "NONE")
        .map(|(_, route)| route["Properties"]["RouteKey"].as_str().unwrap())
        .collect();
    assert_eq!(open, ["GET /health"]);
    assert_eq!(routes(&template).len(), 10);
    for (name, route) in template.of_type("AWS::ApiGatewayV2::Route") {
        let closed = json!({ "If": ["HasIssuer", "JWT", { "If": ["IsOpen", "NONE", "AWS_IAM"] }] });
        let kind = &route["Properties"]["AuthorizationType"];
        assert!(*kind == "NONE" || *kind == closed, "{name}: {kind}");
    }
}
