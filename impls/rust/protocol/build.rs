//! Leaves the compiler's version where `hello` can name it: a binary does not know it otherwise.
use std::env;
use std::process::Command;

fn main() {
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let output = Command::new(rustc).arg("--version").output().expect("rustc answers --version");
    let line = String::from_utf8_lossy(&output.stdout);
    let version = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    println!("cargo::rustc-env=RUSTC_VERSION={version}");
    println!("cargo::rerun-if-changed=build.rs");
}
