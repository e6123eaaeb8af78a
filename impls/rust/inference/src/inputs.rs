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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Folder, file};

    fn read(rows: usize, spoil: impl FnOnce(&mut [f32])) -> Result<Inputs, Failure> {
        let folder = Folder::new(&format!("{:?}", std::thread::current().id()));
        let mut values: Vec<f32> = (0..40_u8).map(f32::from).collect();
        spoil(&mut values);
        let params = json!({"model": "gbdt", "batch": 2, "rows": rows, "queries": 0});
        let request = folder.request(&file(&[("input", &[4, 10], &values)]), params, 1);
        Inputs::read(&Setup::new(&request)?)
    }

    #[test]
    fn a_query_is_rows_that_lie_side_by_side() {
        let inputs = read(4, |values| values[37] = f32::NAN).unwrap();
        let query = inputs.query(1, 2, &mut []);
        assert_eq!((query.rows, query.values.len(), query.values[0]), (2, 20, 20.0));
        assert_eq!(query.tokens, [&[] as &[i64]; 3]);
    }

    #[test]
    fn values_that_are_not_finite_are_refused_where_they_are_unlawful() {
        for (at, value) in [(6, f32::NAN), (10, f32::NAN), (39, f32::INFINITY)] {
            let failure = read(4, |values| values[at] = value).err().unwrap();
            let why = format!("row {}, column {}: {value} is not finite", at / 10, at % 10);
            assert!(failure.message.ends_with(&why), "{failure}");
        }
    }

    #[test]
    fn another_number_of_rows_is_refused() {
        let refusal = |rows| read(rows, |_| ()).err().unwrap().message;
        assert!(refusal(6).ends_with("has the shape [4, 10], not [6, 10]"));
        assert_eq!(refusal(3), "batch 2 does not divide 3 rows");
        assert_eq!(refusal(0), "there are no rows");
    }
}
