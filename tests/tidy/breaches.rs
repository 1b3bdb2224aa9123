//! What each rule must see. A rule that nothing can break says nothing.

use crate::rules::RULES;
use crate::sources::{Source, rust_files};

/// For every rule in turn: files that break it.
fn breaches() -> Vec<Vec<Source>> {
    let made_up = Source::made_up;
    vec![
        vec![
            made_up("shared/src/plan.rs", "use std::fmt;\n"),
            made_up("xtask/src/up.rs", "// Not a doc comment.\n"),
            made_up("tests/world.rs", ""),
        ],
        vec![made_up("tests/world.rs", &"//! Long.\n".repeat(321))],
        vec![made_up("functions/presign/src/main.rs", &"//! Long.\n".repeat(41))],
        vec![
            made_up("functions/presign/src/app.rs", "use aws_sdk_s3::Client;"),
            made_up("shared/src/access.rs", "    let config = aws_config::load().await;"),
            made_up("shared/src/testing/content.rs", "use aws_smithy_types::Blob;"),
            made_up("shared/src/aws_like.rs", "use aws_types::region::Region;"),
            made_up("tests/flow/main.rs", "use aws_credential_types::Credentials;"),
        ],
        vec![
            made_up("functions/presign/src/start_upload.rs", "use lambda_http::Request;"),
            made_up("functions/assembly/src/app.rs", "use lambda_runtime::Error;"),
            made_up("shared/src/wire/messages.rs", "use aws_lambda_events::s3::S3Event;"),
            made_up("xtask/src/main.rs", "use lambda_runtime::run;"),
        ],
        vec![
            made_up("shared/src/upload.rs", "    pub async fn store(&self) {}"),
            made_up("shared/src/upload.rs", "use crate::ports::UploadTable;"),
            made_up("shared/src/plan.rs", "use crate::aws::Buckets;"),
            made_up("shared/src/timestamp.rs", "    let now = SystemTime::now();"),
            made_up("shared/src/part_page.rs", "    let text = std::env::var(\"X\");"),
        ],
        vec![
            made_up("functions/assembly/src/prove_object.rs", "    let key = format!(\"u/{owner}/{id}\");"),
            made_up("shared/src/aws/s3.rs", "    let (a, b) = (\"u/\", \"v/x\");"),
        ],
        vec![
            made_up("functions/presign/src/show_file.rs", "    let upload = app.table.get(id).await?;"),
            made_up("functions/chunk-complete/src/report_parts.rs", "    UploadTable::get(&*app.table, id)"),
            made_up(
                "functions/presign/src/cancel_upload.rs",
                "    change(app.table.as_ref(), id, |upload| {",
            ),
        ],
        vec![
            made_up("functions/presign/src/show_file.rs", "    let text = format!(\"{}\", url.expose());"),
            made_up("shared/src/aws/s3.rs", "    send(part.url.expose());"),
        ],
        vec![
            made_up("shared/src/aws/s3.rs", "    tracing::debug!(request = ?input, \"asking S3\");"),
            made_up("shared/src/aws/sqs.rs", "    tracing::trace!(\"asking {input:?}\");"),
            made_up("functions/presign/src/handler.rs", "    tracing::warn!(?request, \"refused\");"),
            made_up(
                "shared/src/http_api.rs",
                "    tracing::info!(\n        id,\n        ?claims,\n        \"x\"\n    );",
            ),
        ],
    ]
}

#[test]
fn every_rule_sees_every_way_to_break_it() {
    let breaches = breaches();
    assert_eq!(breaches.len(), RULES.len());
    for ((rule, breaches_in), files) in RULES.into_iter().zip(breaches) {
        for file in files {
            let seen = breaches_in(std::slice::from_ref(&file));
            assert_eq!(seen.len(), 1, "{rule}: {file:?}");
        }
    }
}

#[test]
fn comments_may_speak_of_anything() {
    let words = "//! Speaks of aws_sdk_s3::Client, lambda_http::Request, async fn, ports:: and \"u/x\".\n";
    let files = [
        Source::made_up("shared/src/plan.rs", words),
        Source::made_up("functions/presign/src/app.rs", words),
    ];
    for (rule, breaches_in) in RULES {
        assert_eq!(breaches_in(&files), Vec::<String>::new(), "{rule}");
    }
}

#[test]
fn the_rules_look_at_every_crate() {
    let files = rust_files();
    for path in [
        "functions/presign/src/handler.rs",
        "functions/cleanup/src/main.rs",
        "shared/src/aws/s3.rs",
        "shared/tests/fakes.rs",
        "imaging/src/lib.rs",
        "imaging/sample/src/lib.rs",
        "tests/tidy/rules.rs",
        "xtask/src/main.rs",
        "operate/src/main.rs",
        "fuzz/src/lib.rs",
        "bench/images/src/main.rs",
        "bench/signing/src/main.rs",
    ] {
        assert!(files.iter().any(|file| file.path == path), "{path}");
    }
}
