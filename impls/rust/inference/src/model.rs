//! The five models of the spec: what a row of each holds, and how many values answer it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    Gbdt,
    Mlp,
    Vad,
    OcrCls,
    Minilm,
}

impl Model {
    pub const ALL: [Self; 5] = [Self::Gbdt, Self::Mlp, Self::Vad, Self::OcrCls, Self::Minilm];

    /// Its name in the parameter `model`, by which its steps begin.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gbdt => "gbdt",
            Self::Mlp => "mlp",
            Self::Vad => "vad",
            Self::OcrCls => "ocr-cls",
            Self::Minilm => "minilm",
        }
    }

    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }

    /// Its tensors in `inputs` and in the ONNX graph, vad's `state` left out.
    pub fn tensors(self) -> &'static [&'static str] {
        match self {
            Self::OcrCls => &["x"],
            Self::Minilm => &["input_ids", "attention_mask", "token_type_ids"],
            _ => &["input"],
        }
    }

    /// The dimensions of a row in each of its tensors; the number of rows goes before them.
    pub fn row(self) -> &'static [usize] {
        match self {
            Self::Gbdt => &[10],
            Self::Mlp => &[131],
            Self::Vad => &[576],
            Self::OcrCls => &[3, 48, 192],
            Self::Minilm => &[32],
        }
    }

    /// Numbers in a row of one tensor.
    pub fn row_length(self) -> usize {
        self.row().iter().product()
    }

    /// Values that answer a row.
    pub fn width(self) -> usize {
        match self {
            Self::Gbdt | Self::Mlp | Self::Vad => 1,
            Self::OcrCls => 2,
            Self::Minilm => 384,
        }
    }

    /// The output of the ONNX graph that holds the answer (of gbdt, its last column).
    pub fn output(self) -> &'static str {
        match self {
            Self::Gbdt => "probabilities",
            Self::Minilm => "embedding",
            _ => "output",
        }
    }

    /// Columns in which NaN is lawful: temperature, wind and sight, where the weather was not noted.
    pub(crate) fn may_be_nan(self, column: usize) -> bool {
        self == Self::Gbdt && (7..10).contains(&column)
    }

    pub(crate) fn whole_numbers(self) -> bool {
        self == Self::Minilm
    }
}
