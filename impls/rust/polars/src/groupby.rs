//! The ten group-by questions, each a lazy query over a table in memory.
//!
//! The streaming engine, which was the faster one for every question: `collect` returns only when
//! every batch is in the DataFrame, so nothing of an answer is left to be computed.
use bench_protocol::{Failure, Request, Workload};
use polars::prelude::*;

use crate::frame::{Frame, collect, internal, start};

const TEXTS: [&str; 3] = ["id1", "id2", "id3"];
const IDS: [&str; 6] = ["id1", "id2", "id3", "id4", "id5", "id6"];

pub struct Groupby {
    table: DataFrame,
}

impl Workload for Groupby {
    type Answer = Frame;

    fn start(request: &Request) -> Result<usize, Failure> {
        Ok(start(request.threads))
    }

    fn load(request: &Request) -> Result<Self, Failure> {
        let path = request.input("table")?;
        let table = path.to_str().ok_or_else(|| Failure::input("a path must be UTF-8")).and_then(
            |path| read(path).map_err(|error| Failure::input(format!("{path}: {error}"))),
        )?;
        Ok(Self { table })
    }

    fn units(&self) -> u64 {
        self.table.height() as u64
    }

    fn run(&mut self, step: &str) -> Result<Frame, Failure> {
        let Some((keys, query)) = query(step, self.table.clone().lazy()) else {
            return Err(Failure::unsupported(format!("no step '{step}' in groupby")));
        };
        Ok(Frame { data: collect(query).map_err(internal)?, keys })
    }
}

/// The texts are made categories after the parse, which is faster than to name that type in the schema.
fn read(path: &str) -> PolarsResult<DataFrame> {
    let categorical = DataType::from_categories(Categories::global());
    let table = LazyCsvReader::new(path.into())
        .with_schema(Some(Arc::new(schema())))
        .with_quote_char(None)
        .with_glob(false)
        .finish()?
        .with_columns(TEXTS.map(|name| col(name).cast(categorical.clone())));
    let mut table = collect(table)?;
    table.rechunk_mut_par();
    Ok(table)
}

fn schema() -> Schema {
    let texts = TEXTS.map(|name| (name, DataType::String));
    let wholes = ["id4", "id5", "id6"].map(|name| (name, DataType::Int32));
    // The sum of an Int32 column is an Int32: what is summed stays wide.
    let values = [("v1", DataType::Int64), ("v2", DataType::Int64), ("v3", DataType::Float64)];
    let fields = texts.into_iter().chain(wholes).chain(values);
    fields.map(|(name, dtype)| Field::new(name.into(), dtype)).collect()
}

/// A step's number of keys and its query.
fn query(step: &str, table: LazyFrame) -> Option<(usize, LazyFrame)> {
    let (v1, v2, v3) = (col("v1"), col("v2"), col("v3"));
    let (keys, aggregates): (&[&str], Vec<Expr>) = match step {
        "q1" => (&["id1"], vec![v1.sum()]),
        "q2" => (&["id1", "id2"], vec![v1.sum()]),
        "q3" => (&["id3"], vec![v1.sum(), v3.mean()]),
        "q4" => (&["id4"], vec![v1.mean(), v2.mean(), v3.mean()]),
        "q5" => (&["id6"], vec![v1.sum(), v2.sum(), v3.sum()]),
        "q6" => {
            let deviation = v3.clone().std(1).alias("sd_v3");
            (&["id4", "id5"], vec![v3.median().alias("median_v3"), deviation])
        }
        "q7" => (&["id3"], vec![(v1.max() - v2.min()).alias("range_v1_v2")]),
        "q8" => (&["id6"], vec![v3.drop_nulls().top_k(lit(2)).alias("largest2_v3")]),
        // Not a number where one of the two does not vary.
        "q9" => {
            let correlation = pearson_corr(v1, v2).fill_nan(lit(NULL));
            (&["id2", "id4"], vec![correlation.pow(2).alias("r2")])
        }
        "q10" => (&IDS, vec![v3.sum(), len().alias("count")]),
        _ => return None,
    };
    let query = table.group_by(keys.iter().copied().map(col).collect::<Vec<_>>()).agg(aggregates);
    Some((keys.len(), if step == "q8" { a_row_each(query, "largest2_v3") } else { query }))
}

/// A group without values has no row.
fn a_row_each(query: LazyFrame, lists: &str) -> LazyFrame {
    let options = ExplodeOptions { empty_as_null: false, keep_nulls: false };
    query.explode(by_name([lists], true, false), options)
}
