//! The ten group-by questions over a table of coded keys and dense vectors.
mod answer;
mod columns;
mod correlation;
mod csv;
mod dictionary;
mod extremes;
mod field;
mod grouping;
mod hashed;
mod lines;
mod packed;
mod parallel;
mod spread;
mod sums;
mod table;

use bench_protocol::{Failure, Request, Workload};

use answer::{Answer, Chunk, KeyColumn, ValueColumn, Values};
use correlation::Correlation;
use extremes::{Largest, Range};
use grouping::Grouping;
use sums::{Means, Sizes, Sum, SumAndMean, Sums};
use table::{Key, Table};

pub struct Groupby {
    table: Table,
}

impl Workload for Groupby {
    type Answer = Answer;

    fn start(request: &Request) -> Result<usize, Failure> {
        Ok(request.threads)
    }

    fn load(request: &Request) -> Result<Self, Failure> {
        Ok(Self { table: csv::read(request.input("table")?, request.threads)? })
    }

    fn units(&self) -> u64 {
        self.table.v3.len() as u64
    }

    fn run(&mut self, step: &str) -> Result<Answer, Failure> {
        let table = &self.table;
        let [id1, id2, id3, id4, id5, id6] = &table.ids;
        match step {
            "q1" => Ok(sum_v1(table, &[id1])),
            "q2" => Ok(sum_v1(table, &[id1, id2])),
            "q3" => Ok(sum_v1_mean_v3(table, &[id3])),
            "q4" => Ok(means(table, &[id4])),
            "q5" => Ok(sums(table, &[id6])),
            "q6" => Ok(median_and_deviation(table, &[id4, id5])),
            "q7" => Ok(range(table, &[id3])),
            "q8" => Ok(two_largest(table, &[id6])),
            "q9" => Ok(correlation(table, &[id2, id4])),
            "q10" => Ok(sum_v3_and_count(table, &[id1, id2, id3, id4, id5, id6])),
            _ => Err(Failure::unsupported(format!("no step '{step}' in groupby"))),
        }
    }
}

fn sum_v1(table: &Table, keys: &[&Key]) -> Answer {
    let grouping = Grouping::new(keys, table.threads);
    let sums = grouping.fold(|sum: &mut Sum, row| sum.add(table.v1[row]));
    let (keys, sums) = grouping.present(sums);
    Answer::new(keys, vec![whole("v1", &sums, |sum| sum.v1)])
}

fn sum_v1_mean_v3(table: &Table, keys: &[&Key]) -> Answer {
    let grouping = Grouping::new(keys, table.threads);
    let groups =
        grouping.fold(|group: &mut SumAndMean, row| group.add(table.v1[row], table.v3[row]));
    let (keys, groups) = grouping.present(groups);
    let values =
        vec![whole("v1", &groups, |group| group.v1), real("v3", &groups, SumAndMean::mean)];
    Answer::new(keys, values)
}

fn means(table: &Table, keys: &[&Key]) -> Answer {
    let grouping = Grouping::new(keys, table.threads);
    let groups = grouping.fold(|group: &mut Means, row| {
        group.add(table.v1[row], table.v2[row], table.v3[row]);
    });
    let (keys, groups) = grouping.present(groups);
    let values = ["v1", "v2", "v3"]
        .into_iter()
        .enumerate()
        .map(|(i, name)| real(name, &groups, |group| group.means()[i]))
        .collect();
    Answer::new(keys, values)
}

fn sums(table: &Table, keys: &[&Key]) -> Answer {
    let grouping = Grouping::new(keys, table.threads);
    let groups = grouping.fold(|group: &mut Sums, row| {
        group.add(table.v1[row], table.v2[row], table.v3[row]);
    });
    let (keys, groups) = grouping.present(groups);
    let values = vec![
        whole("v1", &groups, |group| group.v1),
        whole("v2", &groups, |group| group.v2),
        real("v3", &groups, |group| group.v3),
    ];
    Answer::new(keys, values)
}

fn median_and_deviation(table: &Table, keys: &[&Key]) -> Answer {
    let grouping = Grouping::new(keys, table.threads);
    let sizes = grouping.fold(|group: &mut Sizes, row| group.add(table.v3[row]));
    let (medians, deviations) = spread::of_groups(&grouping, &sizes, &table.v3, table.threads);
    let (keys, _) = grouping.present(sizes);
    let column = |name, values| ValueColumn { name, values: Values::Real(values) };
    Answer::new(keys, vec![column("median_v3", medians), column("sd_v3", deviations)])
}

fn range(table: &Table, keys: &[&Key]) -> Answer {
    let grouping = Grouping::new(keys, table.threads);
    let ranges = grouping.fold(|group: &mut Range, row| group.add(table.v1[row], table.v2[row]));
    let (keys, ranges) = grouping.present(ranges);
    let values = Values::WholeOrNone(ranges.iter().map(Range::value).collect());
    Answer::new(keys, vec![ValueColumn { name: "range_v1_v2", values }])
}

/// A group has a row for each of its values.
fn two_largest(table: &Table, keys: &[&Key]) -> Answer {
    let grouping = Grouping::new(keys, table.threads);
    let groups = grouping.fold(|group: &mut Largest, row| group.add(table.v3[row]));
    let rows = (0..)
        .zip(&groups)
        .flat_map(|(group, largest)| largest.values().map(move |value| (group, value)));
    let (groups, values): (Vec<u32>, Vec<f64>) = rows.unzip();
    let values = ValueColumn { name: "largest2_v3", values: Values::Real(values) };
    Answer::new(grouping.columns(&groups), vec![values])
}

fn correlation(table: &Table, keys: &[&Key]) -> Answer {
    let grouping = Grouping::new(keys, table.threads);
    let groups =
        grouping.fold(|group: &mut Correlation, row| group.add(table.v1[row], table.v2[row]));
    let (keys, groups) = grouping.present(groups);
    Answer::new(keys, vec![real("r2", &groups, Correlation::squared)])
}

/// Nearly every row is a group of its own: what is gathered is pushed as groups appear.
fn sum_v3_and_count(table: &Table, keys: &[&Key]) -> Answer {
    let payload = |row: usize| sums::real(table.v3[row]);
    let new = || (Vec::new(), Vec::new());
    let add = |(sums, counts): &mut (Vec<f64>, Vec<i64>), group, v3: f64| {
        if group == sums.len() {
            sums.push(0.0);
            counts.push(0);
        }
        sums[group] += v3;
        counts[group] += 1;
    };
    let chunk = |chunk: hashed::Chunk<(Vec<f64>, Vec<i64>)>| Chunk {
        keys: keys.iter().zip(chunk.codes).map(|(key, codes)| KeyColumn::new(key, codes)).collect(),
        values: vec![
            ValueColumn { name: "v3", values: Values::Real(chunk.gathered.0) },
            ValueColumn { name: "count", values: Values::Whole(chunk.gathered.1) },
        ],
    };
    let chunks = hashed::fold(keys, table.threads, payload, new, add);
    chunks.into_iter().map(chunk).collect::<Vec<_>>().into()
}

fn whole<G>(name: &'static str, groups: &[G], value: impl Fn(&G) -> i64) -> ValueColumn {
    ValueColumn { name, values: Values::Whole(groups.iter().map(value).collect()) }
}

fn real<G>(name: &'static str, groups: &[G], value: impl Fn(&G) -> f64) -> ValueColumn {
    ValueColumn { name, values: Values::Real(groups.iter().map(value).collect()) }
}
