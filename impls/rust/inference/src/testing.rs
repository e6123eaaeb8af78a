//! A folder of small safetensors files and a request for them, for the tests of this crate.
use std::path::PathBuf;
use std::{env, fs, process};

use bench_protocol::Request;
use serde_json::{Map, Value, json};

pub struct Folder(PathBuf);

impl Folder {
    pub fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("bench-inference-{test}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A request for a model whose inputs these are.
    pub fn request(&self, inputs: &[u8], params: Value, threads: usize) -> Request {
        let inputs = self.write("inputs", inputs);
        let request = json!({
            "protocol": 1, "workload": "batch-inference", "inputs": {"inputs": inputs},
            "params": params, "steps": [], "warmup": 0, "timed": 1, "threads": threads,
        });
        Request::parse(&request.to_string()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A file of float tensors with these names and shapes.
pub fn file(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let mut header = Map::from_iter([("__metadata__".into(), json!({"format": "1"}))]);
    let mut data = Vec::new();
    for (name, shape, numbers) in tensors {
        let begin = data.len();
        data.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        let tensor = json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert((*name).into(), tensor);
    }
    let header = Value::from(header).to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}
