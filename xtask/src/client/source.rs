//! The local file of an upload: what the server has to know about it, and a reader of one part of it.
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::ClientError;
use super::parts::PartRange;
use crate::progress::Task;

/// A file on disk that is to be uploaded.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its name without folders.
    pub(crate) name: String,
    /// Its size when the upload began.
    pub(crate) size_bytes: u64,
    /// Guessed from the name; `application/octet-stream` when the name says nothing.
    pub(crate) content_type: String,
}

impl SourceFile {
    /// Looks at the file without reading it.
    pub(crate) fn open(path: &Path) -> Result<Self, ClientError> {
        let metadata = fs::metadata(path).map_err(|error| ClientError::file(path, &error))?;
        if !metadata.is_file() {
            return Err(ClientError::file(path, &"not a file"));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            path: path.to_owned(),
            name: name.ok_or_else(|| ClientError::file(path, &"has no name"))?,
            size_bytes: metadata.len(),
            content_type: mime_guess::from_path(path).first_or_octet_stream().essence_str().to_owned(),
        })
    }
}

/// Reads exactly one part and counts it as progress. A fault of the file is kept aside: seen through the HTTP library
/// it would look like a fault of the network, and would be tried again.
#[derive(Debug)]
pub(crate) struct PartReader<'a> {
    file: io::Take<File>,
    task: &'a Task,
    sent_bytes: u64,
    /// What went wrong with the file.
    pub(crate) fault: Option<ClientError>,
    path: &'a Path,
}

impl<'a> PartReader<'a> {
    /// Opens the file a second time, so that every thread has a position of its own.
    pub(crate) fn open(source: &'a SourceFile, part: PartRange, task: &'a Task) -> Result<Self, ClientError> {
        let fault = |error| ClientError::file(&source.path, &error);
        let mut file = File::open(&source.path).map_err(fault)?;
        file.seek(SeekFrom::Start(part.offset_bytes)).map_err(fault)?;
        let file = file.take(part.size_bytes);
        Ok(Self { file, task, sent_bytes: 0, fault: None, path: &source.path })
    }

    /// Takes this attempt's bytes out of the progress again.
    pub(crate) fn undo_progress(&mut self) {
        self.task.retreat(self.sent_bytes);
        self.sent_bytes = 0;
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        self.fault = Some(ClientError::file(self.path, &error));
        error
    }
}

impl Read for PartReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.file.read(buffer) {
            Ok(count) => count,
            Err(error) => return Err(self.fail(error)),
        };
        if count == 0 && !buffer.is_empty() && 0 < self.file.limit() {
            let text = "the file became shorter while it was uploaded";
            return Err(self.fail(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
        }
        let count_bytes = u64::try_from(count).unwrap_or(u64::MAX);
        self.sent_bytes += count_bytes;
        self.task.advance(count_bytes);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    fn source(name: &str, bytes: &[u8]) -> (tempfile::TempDir, SourceFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let source = SourceFile::open(&path).unwrap();
        (folder, source)
    }

    #[test]
    fn the_content_type_follows_the_name() {
        let cases = [
            ("a.JPG", "image/jpeg"),
            ("a.avif", "image/avif"),
            ("a.mp4", "video/mp4"),
            ("a.txt", "text/plain"),
            ("a", "application/octet-stream"),
            ("a.not-a-type", "application/octet-stream"),
        ];
        for (name, content_type) in cases {
            assert_eq!(source(name, b"x").1.content_type, content_type, "{name}");
        }
    }

    #[test]
    fn a_folder_is_not_a_file_and_a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(SourceFile::open(folder.path()).unwrap_err().to_string().ends_with("not a file"));
        let missing = SourceFile::open(&folder.path().join("gone.bin")).unwrap_err().to_string();
        assert!(missing.contains("gone.bin"), "{missing}");
    }

    #[test]
    fn a_part_reads_its_own_bytes_and_progress_can_be_taken_back() {
        let (_folder, source) = source("a.bin", b"0123456789");
        let task = Progress::nowhere().task("a.bin", 10);
        let part = PartRange { number: 2, offset_bytes: 4, size_bytes: 4 };
        let mut reader = PartReader::open(&source, part, &task).unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), task.done_bytes()), ("4567", 4));
        reader.undo_progress();
        assert_eq!(task.done_bytes(), 0);
    }

    #[test]
    fn a_file_that_ends_early_is_a_fault_of_the_file() {
        let (_folder, source) = source("a.bin", b"0123456789");
        let task = Progress::nowhere().task("a.bin", 10);
        let part = PartRange { number: 1, offset_bytes: 4, size_bytes: 20 };
        let mut reader = PartReader::open(&source, part, &task).unwrap();
        let result = reader.read_to_end(&mut Vec::new());
        assert!(result.is_err());
        assert!(reader.fault.unwrap().to_string().contains("became shorter"));
    }
}
