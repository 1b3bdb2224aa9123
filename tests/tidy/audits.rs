//! What the auditors of the test command are told to pass over is passed over for a reason.

use crate::sources::{expect_none, read};

/// The shortest reason that says something, in words.
const REASON_WORDS_MIN: usize = 4;

/// The lines that make checkov skip a check without saying why.
fn skips_without_a_reason(template: &str) -> Vec<String> {
    let unfounded = |line: &&str| {
        let Some((_, skip)) = line.split_once("checkov:skip=") else { return false };
        skip.split_once(':').is_none_or(|(_, reason)| reason.split_whitespace().count() < REASON_WORDS_MIN)
    };
    template.lines().filter(unfounded).map(|line| line.trim().to_owned()).collect()
}

/// The entries of `deny.toml` that forbid or let through something without saying why.
fn entries_without_a_reason(config: &str) -> Vec<String> {
    let is_entry = |line: &&str| line.trim_start().starts_with("{ ");
    let entries = config.lines().filter(is_entry).filter(|line| !line.contains("reason = \""));
    entries.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn whatever_an_auditor_passes_over_has_its_reason() {
    let template = read("template.yaml");
    assert!(template.contains("checkov:skip="), "there are skips to look at");
    for path in ["template.yaml", "infra/watch.yaml", "infra/watch-cloud.yaml"] {
        expect_none("a skip says why", &skips_without_a_reason(&read(path)));
    }
    expect_none("an entry says why", &entries_without_a_reason(&read("deny.toml")));
}

#[test]
fn a_skip_without_a_reason_is_seen() {
    for line in
        ["# checkov:skip=CKV_AWS_1", "# checkov:skip=CKV_AWS_1:", "# checkov:skip=CKV_AWS_1:not needed"]
    {
        assert_eq!(skips_without_a_reason(line).len(), 1, "{line}");
    }
    assert_eq!(entries_without_a_reason("ignore = [\n    { id = \"RUSTSEC-2023-0125\" },\n]\n").len(), 1);
}
