//! The client against the stand-in server: every promise of the module, over real connections.
mod faults;

use std::path::PathBuf;

use super::testing::{Fault, StandIn, quick_client};
use super::*;
use crate::progress::Progress;

const MIB: usize = 1024 * 1024;

/// One file on disk, one server, one client.
struct Bench {
    server: StandIn,
    client: Client,
    bytes: Vec<u8>,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(size: usize) -> Self {
        let mut bytes = vec![0; size];
        fastrand::Rng::with_seed(11).fill(&mut bytes);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("video.mp4");
        std::fs::write(&path, &bytes).unwrap();
        let server = StandIn::start();
        let client = quick_client(&server);
        Self { server, client, bytes, path, _folder: folder }
    }

    fn fault(&self, line: &'static str, times: u32, status: u16, code: &'static str) {
        self.server.world().faults.push(Fault { line, times, status, code, after_effect: false });
    }

    fn upload(&self) -> Result<Uploaded, UploadFailure> {
        let task = Progress::nowhere().task("video.mp4", 0);
        let uploaded = self.client.upload(&self.source(), &task, &|_| {})?;
        assert_eq!(task.done_bytes(), u64::try_from(self.bytes.len()).unwrap(), "progress ends at the size");
        Ok(uploaded)
    }

    fn source(&self) -> SourceFile {
        SourceFile::open(&self.path).unwrap()
    }

    fn resume(&self, id: &str) -> Result<Uploaded, UploadFailure> {
        self.client.resume(id, &self.source(), &Progress::nowhere().task("video.mp4", 0))
    }

    /// How often a request was seen.
    fn count(&self, line: &str) -> usize {
        self.server.world().count(line)
    }

    fn assert_stored(&self) {
        let world = self.server.world();
        assert_eq!(world.uploads.len(), 1, "one upload, however often it was tried");
        assert!(world.uploads["upload-1"].bytes() == self.bytes, "the stored bytes are those of the file");
        assert_eq!(world.uploads["upload-1"].state, "completed");
    }
}

#[test]
fn a_small_file_takes_one_put_and_three_calls() {
    let bench = Bench::new(MIB / 2);
    bench.server.world().image_state = "done";
    let uploaded = bench.upload().unwrap();
    bench.assert_stored();
    assert_eq!((uploaded.part_count, uploaded.file.variants.len()), (1, 1));
    let world = bench.server.world();
    let create = &world.uploads["upload-1"].create;
    assert_eq!(
        (create["filename"].as_str(), create["contentType"].as_str()),
        (Some("video.mp4"), Some("video/mp4"))
    );
    let posts = world.log.iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!((posts, world.count("PUT 1")), (3, 1), "{:?}", world.log);
}

#[test]
fn parts_that_finish_out_of_order_make_the_same_file_with_three_calls() {
    let bench = Bench::new(5 * MIB + 3);
    bench.server.world().hold = Some((1, 6));
    assert_eq!(bench.upload().unwrap().part_count, 6);
    bench.assert_stored();
    let world = bench.server.world();
    let place = |part| world.stored_order.iter().position(|stored| *stored == part);
    assert!(place(6) < place(1), "the first part came after the last: {:?}", world.stored_order);
    assert_eq!(world.count("report 1 2 3 4 5 6"), 1, "{:?}", world.log);
    assert_eq!(world.log.iter().filter(|line| line.starts_with("POST")).count(), 3, "{:?}", world.log);
}

#[test]
fn a_server_that_plans_other_parts_gets_their_checksums() {
    let bench = Bench::new(7 * MIB);
    bench.server.world().own_part_size = Some(3 * MIB);
    assert_eq!(bench.upload().unwrap().part_count, 3);
    bench.assert_stored();
    assert_eq!(bench.count("sign 1 2 3"), 1);
}

#[test]
fn a_server_that_takes_larger_files_in_one_put_is_followed() {
    let bench = Bench::new(3 * MIB);
    bench.server.world().own_part_size = Some(8 * MIB);
    assert_eq!(bench.upload().unwrap().part_count, 1);
    bench.assert_stored();
}

#[test]
fn an_upload_that_broke_off_is_resumed_with_its_missing_parts_only() {
    let bench = Bench::new(6 * MIB + 5);
    bench.fault("PUT 4", 1, 400, "InvalidRequest");
    let id = bench.upload().unwrap_err().upload_id.unwrap();
    {
        let mut world = bench.server.world();
        let upload = world.uploads.get_mut(&id).unwrap();
        assert_eq!(upload.recorded.len(), upload.stored.len(), "what did arrive was reported");
        assert!(!upload.stored.contains_key(&4));
        // As after a crash: these two were stored, and nobody came to report them.
        upload.recorded.retain(|number| *number != 1 && *number != 2);
        world.log.clear();
    }
    let had: Vec<usize> = bench.server.world().uploads[&id].stored.keys().copied().collect();
    bench.resume(&id).unwrap();
    bench.assert_stored();
    for number in 1..=7 {
        let expected = usize::from(!had.contains(&number));
        assert_eq!(bench.count(&format!("PUT {number}")), expected, "part {number}");
    }
    assert_eq!(bench.count("POST /uploads"), 0);
}

#[test]
fn a_single_put_that_broke_off_is_resumed() {
    let bench = Bench::new(MIB / 2);
    bench.fault("PUT 1", 1, 400, "InvalidRequest");
    let id = bench.upload().unwrap_err().upload_id.unwrap();
    bench.resume(&id).unwrap();
    bench.assert_stored();
    assert_eq!(bench.count("PUT 1"), 2);
}

#[test]
fn resuming_a_finished_upload_sends_nothing_and_shows_the_file() {
    let bench = Bench::new(2 * MIB);
    bench.upload().unwrap();
    let uploaded = bench.resume("upload-1").unwrap();
    assert_eq!(uploaded.file.id, "upload-1");
    assert_eq!((bench.count("PUT 1"), bench.count("PUT 2")), (1, 1));
}

#[test]
fn resuming_with_another_file_is_refused_before_a_byte_is_sent() {
    let bench = Bench::new(2 * MIB);
    bench.fault("PUT 1", 1, 400, "InvalidRequest");
    bench.upload().unwrap_err();
    std::fs::write(&bench.path, b"something else").unwrap();
    let text = bench.resume("upload-1").unwrap_err().to_string();
    assert!(text.contains("has 14 bytes") && text.contains("2097152 bytes"), "{text}");
    assert_eq!(bench.count("PUT 1"), 1);
}

#[test]
fn a_downloaded_file_is_compared_byte_for_byte() {
    let bench = Bench::new(3 * MIB + 1);
    bench.fault("GET /s3/upload-1", 1, 503, "SlowDown");
    let file = bench.upload().unwrap().file;
    let task = Progress::nowhere().task("video.mp4", 0);
    assert_eq!(bench.client.has_content_of(&file.url, &bench.path, &task), Ok(true));
    let copy = bench.path.with_extension("copy");
    let fetched = bench.client.fetch_to(&file.url, &copy).unwrap();
    assert_eq!(fetched.size_bytes, u64::try_from(bench.bytes.len()).unwrap());
    assert!(std::fs::read(&copy).unwrap() == bench.bytes);
    std::fs::write(&bench.path, &bench.bytes[..3 * MIB]).unwrap();
    assert_eq!(bench.client.has_content_of(&file.url, &bench.path, &task), Ok(false), "shorter");
    let mut other = bench.bytes.clone();
    other[MIB] ^= 1;
    std::fs::write(&bench.path, &other).unwrap();
    assert_eq!(bench.client.has_content_of(&file.url, &bench.path, &task), Ok(false), "one bit");
}
