//! A safetensors file, read whole and checked; a tensor is copied out of it as plain numbers.
//!
//! The `safetensors` crate, which the format comes from, judges the header: lengths, overlaps, holes, overflows.
//! What is checked here is what the spec adds to it: names, types, shapes, the version of ours.
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
        tensor.shape().try_into().map_err(|_| self.misshaped(name, tensor.shape(), &[0; N]))
    }

    pub fn numbers<T: Element>(&self, name: &str, shape: &[usize]) -> Result<Vec<T>, Failure> {
        let tensor = self.typed::<T>(name)?;
        if tensor.shape() != shape {
            return Err(self.misshaped(name, tensor.shape(), shape));
        }
        Ok(T::read(tensor.data()))
    }

    /// A failure that names the file.
    pub fn refuse(&self, why: impl std::fmt::Display) -> Failure {
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
