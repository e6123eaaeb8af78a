//! The dense network of the spec: two layers with relu, a third of a single output.
use std::path::Path;

use bench_protocol::Failure;
use inference::Tensors;

use crate::dense::{Dense, multiply_add};
use crate::isa::twice;
use crate::sigmoid;

/// Numbers in a row.
pub const INPUTS: usize = 131;

#[derive(Clone)]
pub struct Network {
    layers: [Dense; 2],
    /// Of the third, filled up with zeros to the width of the second.
    weights: Vec<f32>,
    bias: f32,
    /// Of a row, after each layer.
    hidden: [Vec<f32>; 2],
}

impl Network {
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let file = Tensors::read(path)?;
        file.expect_format("1")?;
        let [_, first] = file.shape::<f32, 2>("weight0")?;
        let [_, second] = file.shape::<f32, 2>("weight1")?;
        let layers = [layer(&file, 0, INPUTS, first)?, layer(&file, 1, first, second)?];
        let (weights, bias) = numbers(&file, 2, second, 1)?;
        Ok(Self::new(layers, weights, bias[0]))
    }

    fn new(layers: [Dense; 2], mut weights: Vec<f32>, bias: f32) -> Self {
        weights.resize(layers[1].width(), 0.0);
        let hidden = layers.each_ref().map(|layer| vec![0.0; layer.width()]);
        Self { layers, weights, bias, hidden }
    }

    /// The probability of each row.
    pub fn predict<V: From<f32>>(&mut self, rows: &[f32], out: &mut [V]) {
        predict(self, rows, out);
    }

    #[inline(always)]
    fn predict_rows<const FMA: bool, V: From<f32>>(&mut self, rows: &[f32], out: &mut [V]) {
        let [first, second] = &self.layers;
        let [hidden, last] = &mut self.hidden;
        for (row, out) in rows.chunks_exact(INPUTS).zip(out) {
            first.relu::<FMA>(row, hidden);
            second.relu::<FMA>(&hidden[..second.inputs()], last);
            let sum = self.bias + dot::<FMA>(last, &self.weights);
            *out = V::from(sigmoid!(sum));
        }
    }
}

/// In eight sums, since the order of one would be kept to. Both are whole panels, so nothing is left over.
#[inline(always)]
fn dot<const FMA: bool>(row: &[f32], weights: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (values, weights) in row.as_chunks::<8>().0.iter().zip(weights.as_chunks::<8>().0) {
        for i in 0..8 {
            sums[i] = multiply_add::<FMA>(values[i], weights[i], sums[i]);
        }
    }
    sums.iter().sum()
}

fn layer(file: &Tensors, number: usize, inputs: usize, outputs: usize) -> Result<Dense, Failure> {
    if outputs == 0 {
        return Err(file.refuse(format!("layer {number} has no outputs")));
    }
    let (weights, bias) = numbers(file, number, inputs, outputs)?;
    Ok(Dense::new(&weights, &bias))
}

fn numbers(
    file: &Tensors,
    layer: usize,
    inputs: usize,
    outputs: usize,
) -> Result<(Vec<f32>, Vec<f32>), Failure> {
    let finite = |name: String, shape: &[usize]| {
        let numbers: Vec<f32> = file.numbers(&name, shape)?;
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(i) => Err(file.refuse(format!("number {i} of '{name}' is not finite"))),
            None => Ok(numbers),
        }
    };
    let weights = finite(format!("weight{layer}"), &[inputs, outputs])?;
    Ok((weights, finite(format!("bias{layer}"), &[outputs])?))
}

twice! {
    fn predict<V: From<f32>>(network: &mut Network, rows: &[f32], out: &mut [V])
        => Network::predict_rows::<false, V>, Network::predict_rows::<true, V>
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forest::tests::Draw;

    /// With widths that fill no panel.
    const WIDTHS: [usize; 4] = [INPUTS, 70, 33, 1];

    fn drawn(draw: &mut Draw, count: usize) -> Vec<f32> {
        (0..count).map(|_| draw.below(2000) as f32 / 8000.0 - 0.125).collect()
    }

    fn obvious(layers: &[(Vec<f32>, Vec<f32>)], row: &[f32]) -> f64 {
        let mut values: Vec<f64> = row.iter().copied().map(f64::from).collect();
        for (weights, bias) in layers {
            let column = |j: usize| {
                let terms = values.iter().zip(weights.chunks(bias.len()));
                let sum: f64 = terms.map(|(value, weights)| value * f64::from(weights[j])).sum();
                sum + f64::from(bias[j])
            };
            let last = bias.len() == 1;
            let relu = |value: f64| if last { value } else { value.max(0.0) };
            values = (0..bias.len()).map(column).map(relu).collect();
        }
        sigmoid!(values[0])
    }

    #[test]
    fn a_network_answers_as_plain_loops_do() {
        let draw = &mut Draw(3);
        let layers: Vec<_> = WIDTHS
            .windows(2)
            .map(|pair| (drawn(draw, pair[0] * pair[1]), drawn(draw, pair[1])))
            .collect();
        let [first, second, third] = &layers[..] else { unreachable!() };
        let dense = [first, second].map(|(weights, bias)| Dense::new(weights, bias));
        let mut network = Network::new(dense, third.0.clone(), third.1[0]);
        let rows = drawn(draw, 5 * INPUTS);
        let (mut out, mut plain) = ([0.0_f32; 5], [0.0_f64; 5]);
        network.predict(&rows, &mut out);
        network.predict_rows::<false, _>(&rows, &mut plain);
        for (row, (found, plain)) in rows.chunks(INPUTS).zip(out.iter().zip(plain)) {
            let expected = obvious(&layers, row);
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found}, not {expected}");
            assert!((plain - expected).abs() < 1e-6, "{plain}, not {expected}");
        }
    }
}
