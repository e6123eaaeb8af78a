//! The result of a step as the harness wants it: a cheap digest of each, and on request all of it as CSV.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// The number of rows, and of each value column the sum of what is not missing; of a step that writes, its tally.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    pub rows: u64,
    pub sums: BTreeMap<String, f64>,
}

/// A result, whole in memory, or written and closed in the request's `outputs`.
pub trait Answer {
    fn check(&self) -> Result<Check, Failure>;

    /// Header and rows; a missing value is an empty field, a number reads back as itself.
    /// Not asked of a pass that wrote outputs: those are its answer.
    fn write_csv(&mut self, _out: &mut dyn Write) -> Result<(), Failure> {
        Err(Failure::internal("the step has neither an answer nor outputs"))
    }
}

pub struct Written {
    pub path: PathBuf,
    pub sha256: String,
}

pub fn write(answer: &mut impl Answer, folder: &Path, step: &str) -> Result<Written, Failure> {
    let path = folder.join(format!("{step}.csv"));
    let file = File::create(&path)
        .map_err(|error| Failure::input(format!("cannot create {}: {error}", path.display())))?;
    let mut out = BufWriter::with_capacity(1 << 20, Hashing { inner: file, digest: Sha256::new() });
    answer.write_csv(&mut out)?;
    let hashing = out.into_inner().map_err(|error| error.into_error())?;
    let sha256 = hashing.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Written { path, sha256 })
}

/// Digests what passes through, so that a large answer is not read again.
struct Hashing<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    struct Fixed(&'static str);

    impl Answer for Fixed {
        fn check(&self) -> Result<Check, Failure> {
            Ok(Check { rows: 1, sums: BTreeMap::new() })
        }

        fn write_csv(&mut self, out: &mut dyn Write) -> Result<(), Failure> {
            Ok(out.write_all(self.0.as_bytes())?)
        }
    }

    #[test]
    fn an_answer_is_written_with_its_digest() {
        let folder = env::temp_dir().join(format!("bench-protocol-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let written = write(&mut Fixed("abc"), &folder, "q1").unwrap();
        assert_eq!(fs::read_to_string(&written.path).unwrap(), "abc");
        // The example of FIPS 180-2.
        assert_eq!(
            written.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
