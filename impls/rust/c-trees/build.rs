//! Compiles the walker as a C program would be: gcc -O3, the plain instruction set of the target.
fn main() {
    println!("cargo::rerun-if-changed=src/trees.c");
    cc::Build::new().file("src/trees.c").opt_level(3).warnings_into_errors(true).compile("trees");
}
