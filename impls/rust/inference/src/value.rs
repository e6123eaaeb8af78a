//! The two kinds of float that an answer may be made of.
use std::fmt::Debug;

pub trait Value: Copy + Default + Send + Sync + Debug + Into<f64> + 'static {}

impl Value for f32 {}
impl Value for f64 {}
