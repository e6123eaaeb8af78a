//! The files that a step writes: a pass works in `<outputs>/.part`, and only what a whole pass left there moves up.
//!
//! So a step writes plainly, and whoever reads the folder never sees half a file or an earlier pass's.
//! All of it happens outside the clock.
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::failure::Failure;

const WORKING: &str = ".part";

/// The working folder of this process, for the panic hook, which may run on any thread and is handed nothing.
static DISCARDED: OnceLock<PathBuf> = OnceLock::new();

/// The request's `outputs`; without one, nothing is written and nothing kept.
#[derive(Debug, Default)]
pub struct Outputs {
    folder: Option<PathBuf>,
}

impl Outputs {
    pub fn open(folder: Option<PathBuf>) -> Result<Self, Failure> {
        if let Some(folder) = &folder {
            if !folder.is_dir() {
                let path = folder.display();
                let message =
                    format!("the request's outputs is not a folder: {path}; make it first");
                return Err(Failure::input(message));
            }
            DISCARDED.get_or_init(|| folder.join(WORKING));
        }
        Ok(Self { folder })
    }

    /// What a workload gets to know.
    pub fn working(&self) -> Option<PathBuf> {
        self.folder.as_deref().map(|folder| folder.join(WORKING))
    }

    /// An empty working folder. The pass before goes too: its dirty pages are not written back on this pass's time.
    pub fn prepare(&self, step: &str) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let start = format!("{step}.");
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&start) {
                fs::remove_file(entry.path())?;
            }
        }
        remove(&folder.join(WORKING))?;
        fs::create_dir(folder.join(WORKING))?;
        // Who removes what a killed job leaves may be another user.
        fs::set_permissions(folder.join(WORKING), Permissions::from_mode(0o777))
    }

    /// Keeps the files of a pass that has succeeded, and says how many they are.
    pub fn publish(&self) -> io::Result<usize> {
        let Some(folder) = &self.folder else { return Ok(0) };
        let working = folder.join(WORKING);
        let mut written = 0;
        for entry in fs::read_dir(&working)? {
            let entry = entry?;
            fs::rename(entry.path(), folder.join(entry.file_name()))?;
            written += 1;
        }
        remove(&working)?;
        Ok(written)
    }
}

/// Nothing of a pass that failed stays; that it could not be removed is no news beside the failure.
pub fn discard() {
    if let Some(working) = DISCARDED.get() {
        let _ = remove(working);
    }
}

fn remove(working: &Path) -> io::Result<()> {
    match fs::remove_dir_all(working) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;
    use crate::failure::Kind;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_whole_pass_is_kept_and_a_broken_one_is_not() {
        let folder = env::temp_dir().join(format!("bench-protocol-outputs-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let outputs = Outputs::open(Some(folder.clone())).unwrap();
        let working = outputs.working().unwrap();

        outputs.prepare("agg").unwrap();
        fs::write(working.join("agg.csv"), "a\n").unwrap();
        fs::write(working.join("agg.rest.csv"), "b\n").unwrap();
        assert_eq!(outputs.publish().unwrap(), 2);
        assert_eq!(names(&folder), ["agg.csv", "agg.rest.csv"]);

        outputs.prepare("csv").unwrap();
        assert_eq!(outputs.publish().unwrap(), 0);
        assert_eq!(names(&folder), ["agg.csv", "agg.rest.csv"], "another step's stay");

        outputs.prepare("agg").unwrap();
        fs::write(working.join("agg.csv"), "half").unwrap();
        discard();
        assert_eq!(names(&folder), Vec::<String>::new());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn outputs_that_are_no_folder_are_an_input_failure() {
        let failure = Outputs::open(Some("/nowhere/outputs".into())).unwrap_err();
        assert_eq!(failure.kind, Kind::Input);
        assert!(Outputs::open(None).unwrap().working().is_none());
    }
}
