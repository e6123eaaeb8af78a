//! A safetensors file, read whole and checked; a tensor is copied out of it as plain numbers.
//!
//! The `safetensors` crate, which the format comes from, judges the header: lengths, overlaps, holes, overflows.
//! What is checked here is what the spec adds to it: names, types, shapes, the version of ours.
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use bench_protocol::Failure;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

pub struct Tensors {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// A number as it lies in a file: little-endian.
pub trait Element: Copy + 'static {
    const DTYPE: Dtype;
    fn read(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! element {
    ($number:ty, $dtype:ident) => {
        impl Element for $number {
            const DTYPE: Dtype = Dtype::$dtype;

            fn read(bytes: &[u8]) -> Vec<Self> {
                let (numbers, _) = bytes.as_chunks();
                numbers.iter().map(|&number| Self::from_le_bytes(number)).collect()
            }
        }
    };
}

element!(f32, F32);
element!(f64, F64);
element!(i32, I32);
element!(i64, I64);
element!(u8, U8);

impl Tensors {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(path)
            .map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
        let tensors = Self { path: path.to_owned(), bytes };
        tensors.parse()?;
        Ok(tensors)
    }

    /// An error unless `__metadata__` says that the file has this format.
    pub fn expect_format(&self, format: &str) -> Result<(), Failure> {
        let (_, metadata) = SafeTensors::read_metadata(&self.bytes)
            .map_err(|error| self.refuse(format!("no safetensors: {error}")))?;
        let found = metadata.metadata().as_ref().and_then(|metadata| metadata.get("format"));
        match found {
            Some(found) if found == format => Ok(()),
            Some(found) => Err(self.refuse(format!("format '{found}', known is '{format}'"))),
            None => Err(self.refuse(format!("no format is named, known is '{format}'"))),
        }
    }

    /// The shape of a tensor of this type and number of dimensions.
    pub fn shape<T: Element, const N: usize>(&self, name: &str) -> Result<[usize; N], Failure> {
        let tensor = self.typed::<T>(name)?;
        let found = tensor.shape();
        let unlike = |_| format!("tensor '{name}' has the shape {found:?}, not {N} dimension(s)");
        found.try_into().map_err(|error| self.refuse(unlike(error)))
    }

    pub fn numbers<T: Element>(&self, name: &str, shape: &[usize]) -> Result<Vec<T>, Failure> {
        let tensor = self.typed::<T>(name)?;
        if tensor.shape() != shape {
            return Err(self.misshaped(name, tensor.shape(), shape));
        }
        Ok(T::read(tensor.data()))
    }

    /// A failure that names the file.
    pub fn refuse(&self, why: impl Display) -> Failure {
        Failure::input(format!("{}: {why}", self.path.display()))
    }

    fn typed<T: Element>(&self, name: &str) -> Result<TensorView<'_>, Failure> {
        let tensor = self.parse()?.tensor(name);
        let tensor = tensor.map_err(|_| self.refuse(format!("no tensor '{name}'")))?;
        if tensor.dtype() != T::DTYPE {
            let (found, wanted) = (tensor.dtype(), T::DTYPE);
            return Err(self.refuse(format!("tensor '{name}' is {found:?}, not {wanted:?}")));
        }
        Ok(tensor)
    }

    fn misshaped(&self, name: &str, found: &[usize], wanted: &[usize]) -> Failure {
        self.refuse(format!("tensor '{name}' has the shape {found:?}, not {wanted:?}"))
    }

    fn parse(&self) -> Result<SafeTensors<'_>, Failure> {
        SafeTensors::deserialize(&self.bytes)
            .map_err(|error| self.refuse(format!("cut off or no safetensors: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use bench_protocol::Kind;

    use super::*;
    use crate::testing::{Folder, file};

    #[test]
    fn a_tensor_reads_back_as_it_was_written() {
        let folder = Folder::new("tensors");
        let bytes = file(&[("a", &[2, 2], &[1.5, f32::NAN, -0.0, 7.0]), ("b", &[0], &[])]);
        let file = Tensors::read(&folder.write("file", &bytes)).unwrap();
        file.expect_format("1").unwrap();
        assert_eq!(file.shape::<f32, 2>("a").unwrap(), [2, 2]);
        let numbers: Vec<f32> = file.numbers("a", &[2, 2]).unwrap();
        assert_eq!(
            numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>()[3],
            0x40e0_0000
        );
        assert!(numbers[1].is_nan());
        assert!(file.numbers::<f32>("b", &[0]).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_tensor_of_that_kind_is_refused() {
        let folder = Folder::new("kinds");
        let bytes = file(&[("a", &[2, 2], &[0.0; 4])]);
        let file = Tensors::read(&folder.write("file", &bytes)).unwrap();
        let refusals = [
            (file.numbers::<f32>("c", &[2, 2]).unwrap_err(), "no tensor 'c'"),
            (file.numbers::<f64>("a", &[2, 2]).unwrap_err(), "tensor 'a' is F32, not F64"),
            (file.numbers::<f32>("a", &[4]).unwrap_err(), "has the shape [2, 2], not [4]"),
            (file.shape::<f32, 1>("a").unwrap_err(), "has the shape [2, 2], not 1 dimension(s)"),
            (file.expect_format("2").unwrap_err(), "format '1', known is '2'"),
        ];
        for (failure, why) in refusals {
            assert_eq!(failure.kind, Kind::Input);
            assert!(failure.message.ends_with(why), "{failure}");
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_refused() {
        let folder = Folder::new("cut");
        let bytes = file(&[("a", &[2, 2], &[0.0; 4])]);
        let huge = [&[0xff_u8; 8], &bytes[8..]].concat();
        let longer = [&bytes[..], b"!"].concat();
        let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
        for bytes in cut.chain([huge, longer]) {
            let Err(failure) = Tensors::read(&folder.write("file", &bytes)) else {
                panic!("{} bytes were taken", bytes.len());
            };
            assert_eq!(failure.kind, Kind::Input);
            assert!(!failure.message.contains('\n'));
        }
    }
}
