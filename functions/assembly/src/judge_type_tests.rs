//! What is taken and what is refused, type by type.

use super::*;

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\x00\x10JFIF\0";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const EXE: &[u8] = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xFF\xFF\x00\x00";
const HTML: &[u8] = b"\n <!doctype html>\n<script>alert(1)</script>";
const ZIP: &[u8] = b"PK\x03\x04\x14\x00\x00\x00\x08\x00 and more of it, but no name of a document";

/// The code of the refusal, or `taken`.
fn verdict(list: &str, declared: &str, start: &[u8]) -> String {
    run(&list.parse().unwrap(), declared, start).map_or("taken".to_owned(), |reason| reason.code)
}

fn expect(list: &str, declared: &str, start: &[u8], expected: &str) {
    let text = String::from_utf8_lossy(start);
    assert_eq!(verdict(list, declared, start), expected, "{list}, declared {declared}: {text:?}");
}

#[test]
fn without_a_list_nothing_is_refused() {
    for start in [JPEG, PNG, EXE, HTML, ZIP, b"", b"\0\0\0"] {
        expect("*", "image/png", start, "taken");
    }
}

#[test]
fn bytes_that_are_what_was_declared_are_taken_by_any_of_its_names() {
    expect("image/*", "image/jpeg", JPEG, "taken");
    expect("image/*", "IMAGE/JPG; q=1", JPEG, "taken");
    expect("image/jpg,image/png", "image/jpeg", JPEG, "taken");
    expect("audio/wav", "audio/x-wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "taken");
    expect("application/pdf", "application/pdf", b"%PDF-1.7\n", "taken");
    expect("application/x-msdownload", "application/vnd.microsoft.portable-executable", EXE, "taken");
}

#[test]
fn bytes_of_a_type_that_is_not_on_the_list_are_refused_whatever_was_declared() {
    for declared in ["image/png", "application/octet-stream", "text/plain"] {
        expect("image/png,text/plain,application/octet-stream", declared, EXE, "content_type_not_allowed");
        expect("image/png,text/plain,application/octet-stream", declared, HTML, "content_type_not_allowed");
    }
    expect("text/plain", "text/plain", b"<svg onload=alert(1)>", "content_type_not_allowed");
    expect("text/plain", "text/plain", b"\xEF\xBB\xBF<html >", "content_type_not_allowed");
    expect("text/plain", "text/plain", b"\x7FELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0\0\0\0\0\0\0\0\0@\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "content_type_not_allowed");
    expect("text/plain", "text/plain", b"#!/bin/sh\nrm -rf /\n", "content_type_not_allowed");
    expect("image/*", "text/plain", b"plain", "content_type_not_allowed");
}

#[test]
fn bytes_that_contradict_the_declared_type_are_refused_though_both_are_on_the_list() {
    let list =
        "image/*,text/*,application/json,application/pdf,application/vnd.microsoft.portable-executable";
    expect(list, "image/png", JPEG, "content_type_mismatch");
    expect(list, "image/png", HTML, "content_type_mismatch");
    expect(list, "text/plain", HTML, "content_type_mismatch");
    expect(list, "text/plain", EXE, "content_type_mismatch");
    expect(list, "text/csv", PNG, "content_type_mismatch");
    expect(list, "application/json", b"%PDF-1.7", "content_type_mismatch");
    expect(list, "image/svg+xml", HTML, "content_type_mismatch");
    // Who declares nothing has not lied.
    expect("image/*,application/octet-stream", "application/octet-stream", JPEG, "taken");
}

#[test]
fn bytes_that_show_nothing_are_taken_only_under_a_type_without_a_signature() {
    for (declared, start) in [
        ("text/plain", &b"just text"[..]),
        ("text/csv; charset=utf-8", b"BC,MZ\n1,2\n"),
        ("text/plain", b"MZ is how it begins, and it is no program"),
        ("text/plain", b"\xFF\xFEh\0i\0"),
        ("text/plain", "\u{FEFF}Gr\u{FC}\u{DF}e".as_bytes()),
        ("application/json", b"{\"a\":1}"),
        ("application/ld+json", b"[]"),
        ("application/octet-stream", b"\x01\x02\x03"),
        ("application/x-of-our-own", b"\x01\x02\x03"),
        ("text/html", b"Only words, and no tag to begin with"),
    ] {
        expect("text/*,application/*,application/octet-stream", declared, start, "taken");
    }
    for declared in
        ["image/png", "image/jpg", "video/mp4", "audio/webm", "application/zip", "font/woff2", "image/heic"]
    {
        expect(
            "image/*,video/*,audio/*,font/*,application/*",
            declared,
            b"just text",
            "content_type_mismatch",
        );
    }
    for declared in ["text/plain", "application/json", "image/svg+xml", "text/html"] {
        expect("text/*,application/*,image/*", declared, b"\x01\x02\x03\x05", "content_type_mismatch");
    }
}

#[test]
fn a_container_is_what_was_declared_as_far_as_first_bytes_can_tell() {
    let office = "application/vnd.openxmlformats-officedocument.wordprocessingml";
    for declared in [&format!("{office}.document"), &format!("{office}.template"), "application/epub+zip"] {
        expect(declared, declared, ZIP, "taken");
    }
    expect("application/*", "application/pdf", ZIP, "content_type_mismatch");
    expect("image/svg+xml", "image/svg+xml", b"<?xml version=\"1.0\"?><svg/>", "taken");
    expect("image/svg+xml", "image/svg+xml", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "taken");
    expect("audio/*", "audio/mp4", b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2", "taken");
    expect("video/*", "video/mp4", b"\0\0\0\x20ftypabcd\0\0\x02\0abcd", "taken");
    expect("image/heic", "image/heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "taken");
    expect("audio/ogg", "audio/ogg", b"OggS\0\x02\0\0\0\0\0\0\0\0", "taken");
    expect("video/webm", "image/png", b"\x1A\x45\xDF\xA3", "content_type_not_allowed");
}

#[test]
fn older_and_open_documents_are_taken_as_what_was_declared() {
    let ole = [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 24]].concat();
    let office = "application/msword,application/vnd.ms-excel,application/vnd.ms-powerpoint,image/png";
    for declared in ["application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"] {
        expect(office, declared, &ole, "taken");
    }
    expect(office, "image/png", &ole, "content_type_not_allowed");
    let named = |kind: &str| {
        let mime = format!("application/vnd.oasis.opendocument.{kind}");
        let head = [
            b"PK\x03\x04\x14\x00\x00\x08\x00\x00".as_slice(),
            &[0; 16],
            b"\x08\0\0\0mimetype",
            mime.as_bytes(),
        ];
        (mime.clone(), head.concat())
    };
    for kind in ["text", "text-template", "spreadsheet", "spreadsheet-template"] {
        let (mime, start) = named(kind);
        expect(&mime, &mime, &start, "taken");
    }
}
