//! A job on a small file of flights as the harness runs it, for the tests of every variant.
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, process};

use serde_json::{Value, json};

pub const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,\
    carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour";
pub const LINE: &str =
    "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-05T10:00:00Z";

const AIRLINES: &str = "carrier,name\nUA,United Air Lines Inc.\n";
const WEATHER: &str = "origin,temp,wind_speed,visib,time_hour\n\
    EWR,39.02,NA,10,2013-01-05T10:00:00Z\nEWR,NA,1.5,9,2013-01-05T11:00:00Z\n";

/// The line with a part of it replaced.
pub fn with(from: &str, to: &str) -> String {
    assert!(LINE.contains(from));
    LINE.replacen(from, to, 1)
}

/// Records of every kind, each with its reason where it is malformed.
pub fn records() -> Vec<(String, Option<&'static str>)> {
    vec![
        (LINE.into(), None),
        ("x".repeat(5_000), Some("long")),
        (with("UA", "U\0A"), Some("nul")),
        (with("UA", "\"UA"), Some("quote")),
        (with("UA", "\"U,\n\"\"A\""), None),
        (String::new(), Some("few")),
        (with("UA", "U,A"), Some("many")),
        (with("1545", "15.5"), Some("value")),
        (with("T10", "T24"), Some("time")),
        (with("830", "NA"), None),
        (with("N14228", "NA") + "\r", None),
        (with(",11,UA", ",16,9E").replace("T10", "T11"), None),
        (with("1400", "499"), None),
    ]
}

pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(test: &str, flights: &[u8]) -> Self {
        let path = env::temp_dir().join(format!("bench-flights-{test}-{}", process::id()));
        fs::create_dir_all(path.join("outputs")).unwrap();
        for (name, bytes) in [
            ("flights", flights),
            ("airlines", AIRLINES.as_bytes()),
            ("weather", WEATHER.as_bytes()),
        ] {
            fs::write(path.join(name), bytes).unwrap();
        }
        Self(path)
    }

    pub fn output(&self, name: &str) -> PathBuf {
        self.0.join("outputs").join(name)
    }

    /// The lines of an output behind its header, sorted.
    pub fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.output(name)).unwrap();
        let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The sample of the step's pass, or the error that ended the job.
pub fn run(program: &str, folder: &Folder, step: &str, threads: usize) -> Value {
    let input = |name: &str| folder.0.join(name);
    let request = json!({
        "protocol": 1, "workload": "csv-etl", "params": {}, "steps": [step], "warmup": 0, "timed": 1,
        "inputs": {"flights": input("flights"), "airlines": input("airlines"), "weather": input("weather")},
        "threads": threads, "seed": 1, "time_limit_s": 10, "answers": null, "meter": null,
        "outputs": input("outputs"),
    });
    let events = speak(Path::new(program), &format!("{request}\n"));
    let wanted = |event: &&Value| event["event"] == "error" || event["step"] == step;
    events.iter().find(wanted).expect("a pass or an error").clone()
}

fn speak(program: &Path, input: &str) -> Vec<Value> {
    let mut child =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The course of every step of a program that does them all by the rules; `read` checks its main output.
pub fn takes_its_course(program: &str, steps: &[&str], rows: &dyn Fn(&Folder, &str) -> u64) {
    let round = 1_500;
    let mut text = format!("\u{feff}{HEADER}\n").into_bytes();
    let (mut line, mut rejects) = (2, Vec::new());
    for _ in 0..round {
        for (record, reason) in records() {
            rejects.extend(reason.map(|reason| format!("{line},{reason}")));
            line += record.matches('\n').count() + 1;
            text.extend_from_slice(record.as_bytes());
            text.push(b'\n');
        }
        text.extend_from_slice(b"\xff\n");
        rejects.push(format!("{line},utf8"));
        line += 1;
    }
    let expected: u64 = rejects
        .iter()
        .map(|reject| reject.split(',').next().unwrap().parse::<u64>().unwrap())
        .sum();
    let folder = Folder::new("course", &text);
    for (step, threads) in steps.iter().flat_map(|step| [(step, 1), (step, 3)]) {
        let sample = run(program, &folder, step, threads);
        let sums = &sample["check"]["sums"];
        assert_eq!(sample["units"], 14 * round, "{sample}");
        for (name, count) in
            [("read", 14), ("clean", 5), ("dropped", 1), ("rejected", 8), ("kept", 4)]
        {
            assert_eq!(sums[name], f64::from(count * round), "{step} {name}");
        }
        assert_eq!(sums["reject_lines"], expected as f64);
        let written = fs::read_to_string(folder.output(&format!("{step}.rejects.csv"))).unwrap();
        assert_eq!(written, format!("line,reason\n{}\n", rejects.join("\n")));
        assert_eq!(sample["check"]["rows"], rows(&folder, step));
    }
}

/// The groups of that course, whatever makes them.
pub fn groups(folder: &Folder) -> u64 {
    let lines = folder.lines("agg.csv");
    // A quoted carrier spans two lines of the file.
    assert_eq!(lines.len(), 4);
    let fields = |start: &str| {
        let line = lines.iter().find(|line| line.starts_with(start)).unwrap();
        line.split(',').map(str::to_owned).collect::<Vec<_>>()
    };
    let numbers =
        |texts: &[String]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<f64>>();
    let united = fields("UA,United Air Lines Inc.,EWR,1,");
    let speed = 1400.0 * 60.0 / 227.0;
    let close = |value: f64, expected: f64| (value - expected).abs() < 1e-9 * expected.abs();
    let values = numbers(&united[4..]);
    assert_eq!(values[..5], [3_000.0, 0.0, 3_000.0, 3_000.0, -9.0]);
    assert!(close(values[5], speed) && close(values[6], 39.02), "{values:?}");
    let endeavor = fields("9E,");
    assert_eq!(
        (endeavor[1].as_str(), endeavor[2].as_str(), endeavor[10].as_str()),
        ("", "EWR", "")
    );
    assert_eq!(numbers(&endeavor[4..9]), [1_500.0, 1_500.0, 1_500.0, 1_500.0, -14.0]);
    3
}

/// Inputs that refuse the whole file, and leave no output.
pub fn refuses(program: &str, step: &str) {
    for (flights, word) in [
        (&b""[..], "empty"),
        (b"\x1f\x8b\x08\0\0\0", "gzip"),
        (b"carrier,name\n", "carrier,name"),
        (b"\xff\xfey\0e\0a\0r\0", "UTF-16"),
    ] {
        let folder = Folder::new("refused", flights);
        let error = run(program, &folder, step, 2);
        assert_eq!((&error["event"], &error["kind"]), (&json!("error"), &json!("input")));
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
        assert_eq!(fs::read_dir(folder.0.join("outputs")).unwrap().count(), 0);
    }
    let folder = Folder::new("vanished", b"");
    fs::remove_file(folder.0.join("flights")).unwrap();
    let error = run(program, &folder, step, 1);
    assert_eq!(error["kind"], "input");
    assert!(error["message"].as_str().unwrap().contains("flights"), "{error}");
}
