//! The README promises what the code does.

use std::collections::BTreeMap;

use shared::ErrorKind;

use crate::sources::read;
use crate::template::{Template, routes};

/// The rows of a Markdown table that give a status to one code or several: `` | `code`, `code` | 404 | ... ``.
fn codes_in(text: &str) -> BTreeMap<String, u16> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let codes = cells.next()?.strip_suffix('`')?.split("`, `").map(str::to_owned);
        let status: u16 = cells.next()?.parse().ok()?;
        Some(codes.map(|code| (code, status)).collect::<Vec<_>>())
    };
    text.lines().filter_map(row).flatten().collect()
}

#[test]
fn the_table_of_errors_is_the_one_in_the_code() {
    let expected: BTreeMap<String, u16> =
        ErrorKind::ALL.iter().map(|kind| (kind.code().to_owned(), kind.status())).collect();
    assert_eq!(codes_in(&read("README.md")), expected);
}

#[test]
fn a_row_of_the_table_is_read_as_it_stands() {
    let table = "| code | status | meaning |\n|---|---|---|\n| `busy`, `gone` | 503 | later |\n| `NAME` | text | no |\n";
    let expected = [("busy".to_owned(), 503), ("gone".to_owned(), 503)];
    assert_eq!(codes_in(table), BTreeMap::from(expected));
}

#[test]
fn every_kind_of_error_is_in_the_list_of_all() {
    let source = read("shared/src/error.rs");
    let rows =
        source.lines().filter(|line| line.trim_start().starts_with("Self::") && line.contains("=> (\""));
    assert_eq!(rows.count(), ErrorKind::ALL.len());
}

#[test]
fn every_route_is_described() {
    let readme = read("README.md");
    for route in routes(&Template::read()) {
        assert!(readme.contains(&route), "the README does not speak of {route}");
    }
}
