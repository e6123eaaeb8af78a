//! A file that is being written, and fields of CSV.
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bench_protocol::Failure;

/// A new file whose errors name it. Callers hand over large pieces: there is no buffer here
/// whose last bytes could fail unseen.
pub struct Output {
    file: File,
    path: PathBuf,
}

impl Output {
    pub fn create(path: &Path) -> Result<Self, Failure> {
        match File::create(path) {
            Ok(file) => Ok(Self { file, path: path.to_owned() }),
            Err(error) => Err(unwritten(path, &error)),
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| unwritten(&self.path, &error))
    }

    /// For a library that writes by itself.
    pub fn into_file(self) -> File {
        self.file
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::internal(format!("cannot write {}: {error}", path.display()))
}

/// Appends a text as a field of CSV, quoted where it must be.
pub fn field(out: &mut Vec<u8>, text: &[u8]) {
    if !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for part in text.split_inclusive(|&byte| byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (text, expected) in [
            ("UA", "UA"),
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("\"", "\"\"\"\""),
            ("a\r\nb\"c", "\"a\r\nb\"\"c\""),
        ] {
            let mut out = Vec::new();
            field(&mut out, text.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let failure = Output::create(Path::new("/nowhere/agg.csv")).err().unwrap();
        assert!(failure.message.contains("cannot write /nowhere/agg.csv"), "{failure}");
        let mut full = Output::create(Path::new("/dev/full")).unwrap();
        assert!(full.write(b"x").unwrap_err().message.contains("/dev/full"));
    }
}
