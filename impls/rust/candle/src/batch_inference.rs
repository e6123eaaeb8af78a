//! batch-inference in candle: the library's own BERT on the weights of the file `arrays`, then mean and length.
use std::env;
use std::path::{Path, PathBuf};

use bench_protocol::Failure;
use candle_core::{Device, Error, Result, Tensor, bail, safetensors, utils};
use candle_nn::{VarBuilder, linear};
use candle_transformers::models::bert::{BertModel, Config, DTYPE, HiddenAct};
use inference::{Engine, Model, Query, Setup};
use rayon::ThreadPoolBuilder;

const TOKENS: usize = 32;

/// Whole numbers from 0, published along with the weights.
const NO_WEIGHT: &str = "embeddings.position_ids";

pub struct Candle {
    path: PathBuf,
    bert: BertModel,
}

impl Engine for Candle {
    type Value = f32;

    fn start(setup: &Setup) -> std::result::Result<usize, Failure> {
        // SAFETY: this is the only thread so far, so no other one can be reading the environment.
        unsafe { env::set_var("RAYON_NUM_THREADS", setup.threads.to_string()) };
        // This thread is one of the pool: else one thread would be two that wait for each other.
        let pool = ThreadPoolBuilder::new().num_threads(setup.threads).use_current_thread();
        pool.build_global().map_err(|error| Failure::internal(error.to_string()))?;
        Ok(utils::get_num_threads())
    }

    fn open(setup: &Setup) -> std::result::Result<Self, Failure> {
        if setup.model != Model::Minilm {
            return Err(Failure::unsupported(format!("no model '{}' here", setup.model.name())));
        }
        let path = setup.file("arrays")?.to_owned();
        let bert = load(&path).map_err(|error| refuse(&path, &error))?;
        Ok(Self { path, bert })
    }

    fn answer(&mut self, query: Query<'_>, out: &mut [f32]) -> std::result::Result<(), Failure> {
        let embedding = self.embed(&query).and_then(|answer| answer.flatten_all()?.to_vec1());
        out.copy_from_slice(&embedding.map_err(|error| refuse(&self.path, &error))?);
        Ok(())
    }
}

impl Candle {
    /// As candle's own example of BERT has it: hidden states, their mean where the mask is 1, divided by its length.
    fn embed(&self, query: &Query<'_>) -> Result<Tensor> {
        let tensor = |tokens| Tensor::from_slice(tokens, (query.rows, TOKENS), &Device::Cpu);
        let [ids, mask, types] = query.tokens.map(tensor);
        let mask = mask?;
        let states = self.bert.forward(&ids?, &types?, Some(&mask))?;
        let mask = mask.to_dtype(DTYPE)?.unsqueeze(2)?;
        let mean = states.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?;
        mean.broadcast_div(&mean.sqr()?.sum_keepdim(1)?.sqrt()?)
    }
}

fn load(path: &Path) -> Result<BertModel> {
    let weights = safetensors::load(path, &Device::Cpu)?;
    for (name, weight) in weights.iter().filter(|(name, _)| *name != NO_WEIGHT) {
        check(name, weight)?;
    }
    let (weights, config) = (VarBuilder::from_tensors(weights, DTYPE, &Device::Cpu), config());
    let bert = BertModel::load(weights.clone(), &config)?;
    // Not asked here, but part of a file that is whole.
    linear(config.hidden_size, config.hidden_size, weights.pp("pooler.dense"))?;
    Ok(bert)
}

/// What the library would take: it converts other types, and counts with any number.
fn check(name: &str, weight: &Tensor) -> Result<()> {
    if weight.dtype() != DTYPE {
        bail!("tensor '{name}' is {:?}, not {DTYPE:?}", weight.dtype());
    }
    // One number that is not finite makes the sum such a one.
    if !weight.sum_all()?.to_scalar::<f32>()?.is_finite() {
        bail!("tensor '{name}' has a value that is not finite");
    }
    Ok(())
}

/// all-MiniLM-L6-v2; what is not named is as in every BERT.
fn config() -> Config {
    Config {
        hidden_size: 384,
        num_hidden_layers: 6,
        num_attention_heads: 12,
        intermediate_size: 1536,
        hidden_act: HiddenAct::Gelu,
        ..Config::default()
    }
}

fn refuse(path: &Path, error: &Error) -> Failure {
    // Its first line: a backtrace may follow.
    let text = error.to_string();
    Failure::input(format!("{}: {}", path.display(), text.lines().next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;

    #[test]
    fn weights_of_another_type_and_without_end_are_refused() {
        let weight = |values: [f32; 3]| Tensor::new(&values, &Device::Cpu).unwrap();
        assert!(check("w", &weight([1.0, -2.0, 0.5])).is_ok());
        for value in [f32::NAN, f32::INFINITY] {
            let error = check("w", &weight([1.0, value, -1.0])).unwrap_err();
            assert!(error.to_string().contains("finite"), "{error}");
        }
        let half = weight([1.0, 2.0, 3.0]).to_dtype(DType::F16).unwrap();
        assert!(check("w", &half).unwrap_err().to_string().contains("F16"));
    }

    #[test]
    fn weights_that_are_missing_are_named() {
        let path = env::temp_dir().join(format!("bench-candle-{}", std::process::id()));
        let weight = Tensor::zeros(3, DTYPE, &Device::Cpu).unwrap();
        weight.save_safetensors("some", &path).unwrap();
        let failure = refuse(&path, &load(&path).err().expect("there is no BERT in it"));
        std::fs::remove_file(&path).unwrap();
        assert!(failure.message.contains("embeddings.weight"), "{failure}");
    }
}
