//! The rows of the file `inputs`, in memory and found lawful.
use bench_protocol::Failure;

use crate::{Query, Setup, Tensors};

pub struct Inputs {
    values: Vec<f32>,
    tokens: [Vec<i64>; 3],
    row_length: usize,
}

impl Inputs {
    pub fn read(setup: &Setup) -> Result<Self, Failure> {
        let (model, file) = (setup.model, Tensors::read(setup.file("inputs")?)?);
        let shape = [&[setup.rows], model.row()].concat();
        let mut inputs =
            Self { values: Vec::new(), tokens: Default::default(), row_length: model.row_length() };
        if model.whole_numbers() {
            for (tokens, name) in inputs.tokens.iter_mut().zip(model.tensors()) {
                *tokens = file.numbers(name, &shape)?;
            }
        } else {
            inputs.values = file.numbers(model.tensors()[0], &shape)?;
            inputs.check(setup).map_err(|why| file.refuse(why))?;
        }
        Ok(inputs)
    }

    /// Query number `index` of those with `rows` rows.
    pub fn query<'a>(&'a self, index: usize, rows: usize, state: &'a mut [f32]) -> Query<'a> {
        let length = rows * self.row_length;
        let part = index * length..(index + 1) * length;
        let values = self.values.get(part.clone()).unwrap_or_default();
        let tokens = self.tokens.each_ref().map(|all| all.get(part.clone()).unwrap_or_default());
        Query { rows, values, tokens, state }
    }

    fn check(&self, setup: &Setup) -> Result<(), String> {
        let unlawful = |column: usize, value: f32| {
            !(value.is_finite() || value.is_nan() && setup.model.may_be_nan(column))
        };
        for (row, values) in self.values.chunks_exact(self.row_length).enumerate() {
            // Whole rows first, without a branch a value: nearly all of them are finite.
            if values.iter().fold(true, |finite, value| finite & value.is_finite()) {
                continue;
            }
            let found = (0..).zip(values).find(|&(column, &value)| unlawful(column, value));
            if let Some((column, value)) = found {
                return Err(format!("row {row}, column {column}: {value} is not finite"));
            }
        }
        Ok(())
    }
}
