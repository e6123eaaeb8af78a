//! The shared library that computes: found, loaded, and named by its version and the digest of its file.
use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{env, io};

use bench_protocol::Failure;
use libloading::Symbol;
use ort::sys::OrtApiBase;
use sha2::{Digest, Sha256};

/// Where the image has it; elsewhere the variable says where it is.
const PLACE: &str = "/usr/local/lib/libonnxruntime.so";
const VARIABLE: &str = "BENCH_ONNXRUNTIME";

pub struct Library {
    pub version: String,
    /// `sha256:` and hex. The same file serves the other languages, and this shows it.
    pub digest: String,
}

pub fn load() -> Result<Library, Failure> {
    let path = env::var_os(VARIABLE).map_or_else(|| PathBuf::from(PLACE), PathBuf::from);
    // The digest comes first: the crate would look elsewhere for a file that is not there.
    let digest = digest(&path).map_err(|error| {
        Failure::internal(format!("{}: {error}; {VARIABLE} names the library", path.display()))
    })?;
    // Official builds for Linux tell their maker of themselves, by a thread and a database of their own, unless this is set before.
    // SAFETY: no other thread runs yet that could read the environment.
    unsafe { env::set_var("ORT_DISABLE_TELEMETRY", "1") };
    ort::init_from(&path).map_err(|error| Failure::internal(error.to_string()))?.commit();
    let version = version(&path).map_err(|error| Failure::internal(error.to_string()))?;
    Ok(Library { version, digest })
}

fn digest(path: &Path) -> io::Result<String> {
    let (mut digest, mut file) = (Sha256::new(), File::open(path)?);
    // A part at a time: read whole, it would stand in the figures of memory.
    let mut part = vec![0; 1 << 20];
    loop {
        match file.read(&mut part)? {
            0 => break,
            length => digest.update(&part[..length]),
        }
    }
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}

/// What the library says of itself; the crate checks that, but does not pass it on.
fn version(path: &Path) -> Result<String, libloading::Error> {
    // SAFETY: the crate has loaded this file before; it is only counted once more, and stays.
    let library = unsafe { libloading::Library::new(path) }?;
    // SAFETY: the one function that ONNX Runtime exports, declared as in its header.
    let base: Symbol<unsafe extern "C" fn() -> *const OrtApiBase> =
        unsafe { library.get(c"OrtGetApiBase") }?;
    // SAFETY: it gives a pointer to a static table, whose function gives a static text that ends in a zero.
    let version = unsafe { CStr::from_ptr(((*base()).GetVersionString)()) };
    Ok(version.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::{fs, process};

    use super::*;

    #[test]
    fn a_library_is_named_by_its_digest() {
        let path = env::temp_dir().join(format!("bench-ort-{}", process::id()));
        fs::write(&path, "abc").unwrap();
        let named = digest(&path);
        fs::remove_file(&path).unwrap();
        // The example of FIPS 180-2.
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(named.unwrap(), format!("sha256:{hex}"));
    }
}
