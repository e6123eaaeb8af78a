//! The program as the harness sees it: events in their order, answers in their files, failures as events.
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs, process};

use serde_json::{Value, json};

const TABLE: &str = "id1,id2,id3,id4,id5,id6,v1,v2,v3\n\
    a,x,k1,1,1,1,5,3,1.5\n\
    a,y,k1,1,2,1,,3,\n\
    ,x,k2,,2,9,-2,1,0.25\n";

struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("bench-std-{test}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("table.csv"), TABLE).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn request(folder: &Path, steps: &[&str]) -> Value {
    json!({
        "protocol": 1, "workload": "groupby", "inputs": {"table": folder.join("table.csv")},
        "params": {}, "steps": steps, "warmup": 1, "timed": 1, "threads": 1, "seed": 1,
        "time_limit_s": 10, "answers": folder,
        "meter": {"interval_ns": 1_000_000, "threshold_ns": 8_000_000},
    })
}

fn run(input: &str) -> (Output, Vec<Value>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bench-std"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let events = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output, events)
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn a_job_takes_its_course() {
    let folder = Folder::new("course");
    let (output, events) = run(&format!("{}\n", request(&folder.0, &["q1", "q8"])));
    assert!(output.status.success());
    let expected = [
        "hello", "ready", "sample", "sample", "sample", "answer", "sample", "sample", "answer",
        "pauses", "stalls", "done",
    ];
    assert_eq!(names(&events), expected);
    assert_eq!((&events[2]["step"], &events[2]["check"]), (&json!("load"), &Value::Null));
    let warmups = [3, 4, 6, 7].map(|at| events[at]["warmup"].as_bool().unwrap());
    assert_eq!(warmups, [true, false, true, false]);
    assert_eq!(events[4]["check"], json!({"rows": 2, "sums": {"v1": 3.0}}));
    assert_eq!(fs::read_to_string(folder.0.join("q1.csv")).unwrap(), "id1,v1\n,-2\na,5\n");
    let largest = fs::read_to_string(folder.0.join("q8.csv")).unwrap();
    assert_eq!(largest, "id6,largest2_v3\n1,1.5\n9,0.25\n");
}

#[test]
fn without_a_request_it_only_says_hello() {
    let (output, events) = run("");
    assert!(output.status.success());
    assert_eq!(names(&events), ["hello"]);
}

#[test]
fn what_it_lacks_is_unsupported() {
    let folder = Folder::new("lacks");
    let mut other = request(&folder.0, &["q1"]);
    other["workload"] = json!("other");
    for (request, kind) in [
        (other, "unsupported"),
        (request(&folder.0, &["q99"]), "unsupported"),
        (request(&folder.0.join("nowhere"), &["q1"]), "input"),
    ] {
        let (output, events) = run(&format!("{request}\n"));
        assert_eq!(output.status.code(), Some(1));
        let last = events.last().unwrap();
        assert_eq!((&last["event"], &last["kind"]), (&json!("error"), &json!(kind)));
    }
}
