//! What the functions refuse to start with: settings that are missing, garbage, or at odds with each other or with what
//! surrounds the function. Every fault is in one message, and no function starts with half of its settings.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a step of a test that fails should stop it")]

use std::collections::BTreeMap;

use shared::config::Settings;

/// The settings of all functions, as the template gives them on AWS.
const GOOD: [(&str, &str); 35] = [
    ("STACK_KIND", "aws"),
    ("STACK_NAME", "longshore"),
    ("LOG_LEVEL", "info"),
    ("DEBUG_SAMPLE", "0"),
    ("SLOW_REQUEST_MILLIS", "200"),
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE12"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048"),
    ("TABLE_NAME", "uploads"),
    ("ORIGINALS_BUCKET", "originals"),
    ("VARIANTS_BUCKET", "variants"),
    ("BUCKET_OWNER", "111122223333"),
    ("ASSEMBLY_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/assembly"),
    ("IMAGE_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/image"),
    ("DEAD_LETTER_QUEUE_URLS", "https://sqs.eu-west-1.amazonaws.com/111122223333/dead"),
    ("AUTH_MODE", "jwt"),
    ("ALLOWED_CONTENT_TYPES", "*"),
    ("MALWARE_SCAN", "off"),
    ("LEASE_SECONDS", "330"),
    ("FILE_SIZE_BYTES_MAX", "53687091200000"),
    ("SINGLE_PUT_BYTES_MAX", "8388608"),
    ("URL_LIFETIME_SECONDS", "900"),
    ("DOWNLOAD_URL_LIFETIME_SECONDS", "300"),
    ("UPLOAD_LIFETIME_SECONDS", "86400"),
    ("ORPHAN_AGE_SECONDS", "172800"),
    ("SWEEP_ITEMS_MAX", "500"),
    ("IMAGE_BYTES_MAX", "52428800"),
    ("IMAGE_PIXELS_MAX", "50000000"),
    ("AVIF_PIXELS_MAX", "2073600"),
    ("IMAGE_NORMALIZE", "false"),
    ("IMAGE_BACKGROUND", "ffffff"),
    ("ANIMATION_FRAMES_MAX", "1"),
    ("API_MEMORY_MEGABYTES", "512"),
    ("ASSEMBLY_MEMORY_MEGABYTES", "512"),
    ("THUMBNAIL_MEMORY_MEGABYTES", "1769"),
    ("CLEANUP_MEMORY_MEGABYTES", "256"),
];

/// The six functions.
const FUNCTIONS: [&str; 6] = ["assembly", "chunk-complete", "cleanup", "insights", "presign", "thumbnail"];

/// What makes a stack local.
const LOCAL: [(&str, &str); 4] = [
    ("STACK_KIND", "local"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
    ("AWS_ACCESS_KEY_ID", "test"),
    ("BUCKET_OWNER", "000000000000"),
];

/// What a function says to the good settings with these changes; a change to nothing takes the setting away. Empty when
/// it would start.
fn refusal(function: &str, changes: &[(&str, &str)]) -> String {
    let mut values: BTreeMap<&str, &str> = GOOD.into_iter().collect();
    values.extend(changes.iter().copied());
    let settings = Settings::from_lookup(move |name| {
        values.get(name).filter(|value| !value.is_empty()).map(|value| (*value).to_owned())
    });
    let outcome = match function {
        "assembly" => assembly::AppSettings::read(settings).map(drop),
        "chunk-complete" => chunk_complete::AppSettings::read(settings).map(drop),
        "cleanup" => cleanup::AppSettings::read(settings).map(drop),
        "insights" => insights::AppSettings::read(settings).map(drop),
        "presign" => presign::AppSettings::read(settings).map(drop),
        "thumbnail" => thumbnail::AppSettings::read(settings).map(drop),
        other => panic!("there is no function {other}"),
    };
    outcome.map_or_else(|err| err.to_string(), |()| String::new())
}

/// What all functions say, each once.
fn refusals(changes: &[(&str, &str)]) -> Vec<String> {
    let mut said: Vec<String> = FUNCTIONS.iter().map(|function| refusal(function, changes)).collect();
    said.sort();
    said.dedup();
    said
}

#[test]
fn the_settings_of_the_template_are_taken_on_aws_and_locally() {
    assert_eq!(refusals(&[]), [""]);
    assert_eq!(refusals(&LOCAL), [""]);
    let by_service =
        [("AWS_ENDPOINT_URL", ""), ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"), ("AUTH_MODE", "open")];
    assert_eq!(refusals(&[LOCAL.as_slice(), &by_service].concat()), [""], "each service elsewhere");
}

/// What a function reads.
fn read_by(function: &str) -> Vec<&'static str> {
    let of_all = [
        "AWS_ACCESS_KEY_ID",
        "BUCKET_OWNER",
        "DEBUG_SAMPLE",
        "LOG_LEVEL",
        "ORIGINALS_BUCKET",
        "SLOW_REQUEST_MILLIS",
        "STACK_KIND",
        "STACK_NAME",
        "TABLE_NAME",
    ];
    let own: &[&'static str] = match function {
        "assembly" => &["ALLOWED_CONTENT_TYPES", "MALWARE_SCAN", "IMAGE_QUEUE_URL", "LEASE_SECONDS"],
        "chunk-complete" => &["ASSEMBLY_QUEUE_URL", "AUTH_MODE"],
        "cleanup" => &[
            "ASSEMBLY_QUEUE_URL",
            "DEAD_LETTER_QUEUE_URLS",
            "IMAGE_QUEUE_URL",
            "ORPHAN_AGE_SECONDS",
            "SWEEP_ITEMS_MAX",
            "UPLOAD_LIFETIME_SECONDS",
            "URL_LIFETIME_SECONDS",
            "VARIANTS_BUCKET",
        ],
        "insights" => &[
            "API_MEMORY_MEGABYTES",
            "ASSEMBLY_MEMORY_MEGABYTES",
            "ASSEMBLY_QUEUE_URL",
            "AUTH_MODE",
            "CLEANUP_MEMORY_MEGABYTES",
            "DEAD_LETTER_QUEUE_URLS",
            "IMAGE_QUEUE_URL",
            "THUMBNAIL_MEMORY_MEGABYTES",
        ],
        "presign" => &[
            "ALLOWED_CONTENT_TYPES",
            "AUTH_MODE",
            "DOWNLOAD_URL_LIFETIME_SECONDS",
            "FILE_SIZE_BYTES_MAX",
            "MALWARE_SCAN",
            "SINGLE_PUT_BYTES_MAX",
            "UPLOAD_LIFETIME_SECONDS",
            "URL_LIFETIME_SECONDS",
            "VARIANTS_BUCKET",
        ],
        _ => &[
            "ANIMATION_FRAMES_MAX",
            "AVIF_PIXELS_MAX",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "IMAGE_BACKGROUND",
            "IMAGE_BYTES_MAX",
            "IMAGE_NORMALIZE",
            "IMAGE_PIXELS_MAX",
            "IMAGE_QUEUE_URL",
            "LEASE_SECONDS",
            "VARIANTS_BUCKET",
        ],
    };
    [own, of_all.as_slice()].concat()
}

#[test]
fn no_function_starts_without_one_of_its_settings() {
    for function in FUNCTIONS {
        for (name, _) in GOOD {
            let said = refusal(function, &[(name, "")]);
            match read_by(function).contains(&name) {
                true => assert!(
                    said.starts_with("bad configuration: ") && said.contains(name),
                    "{function}: {said}"
                ),
                false => assert_eq!(said, "", "{function} does not read {name}"),
            }
        }
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (function, changes, fault) in [
        (
            "presign",
            [("VARIANTS_BUCKET", "originals")],
            "ORIGINALS_BUCKET and VARIANTS_BUCKET are one bucket",
        ),
        (
            "cleanup",
            [("VARIANTS_BUCKET", "originals")],
            "ORIGINALS_BUCKET and VARIANTS_BUCKET are one bucket",
        ),
        (
            "thumbnail",
            [("VARIANTS_BUCKET", "originals")],
            "ORIGINALS_BUCKET and VARIANTS_BUCKET are one bucket",
        ),
        (
            "cleanup",
            [("IMAGE_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/assembly")],
            "ASSEMBLY_QUEUE_URL and IMAGE_QUEUE_URL are one queue",
        ),
        (
            "cleanup",
            [("ORPHAN_AGE_SECONDS", "89999")],
            "ORPHAN_AGE_SECONDS is not an hour more than UPLOAD_LIFETIME_SECONDS",
        ),
        (
            "presign",
            [("FILE_SIZE_BYTES_MAX", "8388607")],
            "SINGLE_PUT_BYTES_MAX is more than FILE_SIZE_BYTES_MAX",
        ),
        (
            "presign",
            [("SINGLE_PUT_BYTES_MAX", "5368709121")],
            "SINGLE_PUT_BYTES_MAX is 5368709121, which is not between 1 and 5368709120",
        ),
        (
            "presign",
            [("UPLOAD_LIFETIME_SECONDS", "899")],
            "URL_LIFETIME_SECONDS is more than UPLOAD_LIFETIME_SECONDS",
        ),
        ("thumbnail", [("IMAGE_PIXELS_MAX", "2073599")], "AVIF_PIXELS_MAX is more than IMAGE_PIXELS_MAX"),
        ("presign", [("AUTH_MODE", "open")], "AUTH_MODE is open, which only a local stack may be"),
        ("chunk-complete", [("AUTH_MODE", "open")], "AUTH_MODE is open, which only a local stack may be"),
        ("insights", [("AUTH_MODE", "open")], "AUTH_MODE is open, which only a local stack may be"),
        (
            "insights",
            [("CLEANUP_MEMORY_MEGABYTES", "64")],
            "CLEANUP_MEMORY_MEGABYTES is 64, which is not between 128 and 10240",
        ),
    ] {
        assert_eq!(refusal(function, &changes), format!("bad configuration: {fault}"), "{function}");
    }
}

#[test]
fn nothing_on_aws_leads_to_an_emulator() {
    for (name, value, fault) in [
        (
            "AWS_ENDPOINT_URL",
            "http://127.0.0.1:4566",
            "AWS_ENDPOINT_URL is set, which only a local stack may have",
        ),
        (
            "AWS_ENDPOINT_URL_CLOUDWATCH",
            "https://x",
            "AWS_ENDPOINT_URL_CLOUDWATCH is set, which only a local stack may have",
        ),
        ("AWS_ENDPOINT_URL_S3", "https://x", "AWS_ENDPOINT_URL_S3 is set, which only a local stack may have"),
        (
            "AWS_ENDPOINT_URL_SQS",
            "https://x",
            "AWS_ENDPOINT_URL_SQS is set, which only a local stack may have",
        ),
        (
            "AWS_ENDPOINT_URL_DYNAMODB",
            "x",
            "AWS_ENDPOINT_URL_DYNAMODB is set, which only a local stack may have",
        ),
        ("AWS_CONFIG_FILE", "/tmp/config", "AWS_CONFIG_FILE is set, which only a local stack may have"),
        ("AWS_PROFILE", "local", "AWS_PROFILE is set, which only a local stack may have"),
        ("AWS_ACCESS_KEY_ID", "test", "AWS_ACCESS_KEY_ID is none that AWS gives"),
        ("BUCKET_OWNER", "000000000000", "BUCKET_OWNER is the account of an emulator"),
        ("BUCKET_OWNER", "somebody", "BUCKET_OWNER is not the number of an account"),
        ("LOG_LEVEL", "everything", "LOG_LEVEL is not one of error, warn, info and debug"),
        ("DEBUG_SAMPLE", "1%", "DEBUG_SAMPLE is not a whole number"),
        ("SLOW_REQUEST_MILLIS", "0.2", "SLOW_REQUEST_MILLIS is not a whole number"),
    ] {
        assert_eq!(refusals(&[(name, value)]), [format!("bad configuration: {fault}")]);
    }
}

#[test]
fn a_stack_that_calls_itself_local_does_not_start_on_aws() {
    let fault = "bad configuration: STACK_KIND is local, but no AWS_ENDPOINT_URL leads away from AWS";
    assert_eq!(refusals(&[("STACK_KIND", "local")]), [fault]);
}

#[test]
fn all_contradictions_are_in_one_message_and_no_credential_is() {
    let changes = [
        ("TABLE_NAME", ""),
        ("VARIANTS_BUCKET", "originals"),
        ("AUTH_MODE", "open"),
        ("UPLOAD_LIFETIME_SECONDS", "many"),
        ("AWS_ACCESS_KEY_ID", "secret"),
    ];
    // What is garbage by itself is held against nothing.
    assert_eq!(
        refusal("presign", &changes),
        "bad configuration: TABLE_NAME is not set; ORIGINALS_BUCKET and VARIANTS_BUCKET are one bucket; AUTH_MODE is \
         open, which only a local stack may be; UPLOAD_LIFETIME_SECONDS is not valid: \"many\"; AWS_ACCESS_KEY_ID is \
         none that AWS gives"
    );
}
