//! A dense layer, a row at a time: the sums of a panel of outputs stay in registers while inputs are added to them.

/// Outputs of a panel: eight registers of AVX2, so many as it takes to add without waiting for the sum before.
pub const PANEL: usize = 64;

/// In whole cache lines: a load across two of them takes twice as long.
#[derive(Clone)]
#[repr(align(64))]
struct Panel([f32; PANEL]);

#[derive(Clone)]
pub struct Dense {
    /// Panel by panel, in each input by input; the last one is filled up with zeros.
    panels: Vec<Panel>,
    bias: Vec<Panel>,
}

impl Dense {
    /// Of weights [in, out].
    pub fn new(weights: &[f32], bias: &[f32]) -> Self {
        let outputs = bias.len();
        let cut = |row: &[f32], start: usize| {
            Panel(std::array::from_fn(|i| row.get(start + i).copied().unwrap_or_default()))
        };
        let starts = || (0..outputs).step_by(PANEL);
        let rows = || weights.chunks_exact(outputs);
        Self {
            panels: starts().flat_map(|start| rows().map(move |row| cut(row, start))).collect(),
            bias: starts().map(|start| cut(bias, start)).collect(),
        }
    }

    pub fn inputs(&self) -> usize {
        self.panels.len() / self.bias.len()
    }

    /// Outputs in whole panels.
    pub fn width(&self) -> usize {
        self.bias.len() * PANEL
    }

    /// relu(row times weights plus bias).
    #[inline(always)]
    pub fn relu<const FMA: bool>(&self, row: &[f32], out: &mut [f32]) {
        let panels = self.panels.chunks_exact(row.len());
        let out = out.as_chunks_mut::<PANEL>().0;
        for ((panel, bias), out) in panels.zip(&self.bias).zip(out) {
            let mut sums = bias.0;
            for (&input, weights) in row.iter().zip(panel) {
                for (sum, &weight) in sums.iter_mut().zip(&weights.0) {
                    *sum = multiply_add::<FMA>(input, weight, *sum);
                }
            }
            *out = sums.map(|sum| sum.max(0.0));
        }
    }
}

/// The compiler fuses nothing by itself; and where the processor cannot, `mul_add` is a slow function.
#[inline(always)]
pub fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}
